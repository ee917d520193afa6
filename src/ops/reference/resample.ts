/** Images made of others pixel by pixel: the readable twin of assembly/resample.ts. */
import type { signatures } from '../resample.js';
import type { ReferenceMemory, Twins } from './memory.js';

export function twins(memory: ReferenceMemory): Twins<typeof signatures> {
  const { shift } = memory;
  return {
    resample(y, ldy, x, ldx, table, weights, M) {
      const { f, i32 } = memory;
      const head = table >>> 2;
      const [OH, OW, C] = i32.subarray(head, head + 3);
      const starts = head + 4;
      const list = starts + OH + OW + 1;
      const weight = weights >>> shift;
      for (let m = 0; m < M; m++) {
        for (let oh = 0; oh < OH; oh++) {
          for (let ow = 0; ow < OW; ow++) {
            for (let c = 0; c < C; c++) {
              const p = (x >>> shift) + m * ldx + c;
              let sum = 0;
              for (let i = i32[starts + oh]; i < i32[starts + oh + 1]; i++) {
                let row = 0;
                for (let j = i32[starts + OH + ow]; j < i32[starts + OH + ow + 1]; j++) {
                  row += f[p + i32[list + i] + i32[list + j]] * f[weight + j];
                }
                sum += row * f[weight + i];
              }
              f[(y >>> shift) + m * ldy + (oh * OW + ow) * C + c] = sum;
            }
          }
        }
      }
    },
  };
}
