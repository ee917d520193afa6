/** Dropout: the readable twin of assembly/dropout.ts. */

import { philox } from '../../base/random.js';
import type { signatures } from '../dropout.js';
import type { ReferenceMemory, Twins } from './memory.js';

export function twins(memory: ReferenceMemory): Twins<typeof signatures> {
  const { shift } = memory;
  const words = new Uint32Array(4);
  return {
    // biome-ignore format: an argument list a line or two
    dropout_forward(
      y, ldy, mask, ldmask, x, ldx, M, N, seedLow, seedHigh, stream, step, batch, first, rate,
    ) {
      const { f } = memory;
      const share = memory.round(rate);
      const blocks = Math.ceil(N / 4);
      for (let m = 0; m < M; m++) {
        for (let n = 0; n < N; n++) {
          const counter = ((first + m) * blocks + Math.floor(n / 4)) >>> 0;
          if (n % 4 === 0) philox(words, counter, batch, stream, step, seedLow, seedHigh);
          const kept = memory.round((words[n % 4] >>> 8) * 2 ** -24 < share ? 0 : 1 / (1 - share));
          f[(mask >>> shift) + m * ldmask + n] = kept;
          f[(y >>> shift) + m * ldy + n] = f[(x >>> shift) + m * ldx + n] * kept;
        }
      }
    },
  };
}
