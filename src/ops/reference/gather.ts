/** Rows of a data set, picked by index into a batch: the readable twin of assembly/gather.ts. */
import type { signatures } from '../gather.js';
import type { ReferenceMemory, Twins } from './memory.js';

export function twins(memory: ReferenceMemory): Twins<typeof signatures> {
  const { shift } = memory;
  /** The 256 values a byte can become. */
  const levels = new Float64Array(256);
  return {
    gather_u8(y, ldy, x, indices, M, N, scale, offset) {
      const { f, u8, u32 } = memory;
      const s = memory.round(scale);
      const o = memory.round(offset);
      // The product is rounded before the sum, as every Wasm binary does.
      for (let v = 0; v < 256; v++) levels[v] = memory.round(v * s) + o;
      for (let m = 0; m < M; m++) {
        const p = x + u32[(indices >>> 2) + m] * N;
        const q = (y >>> shift) + m * ldy;
        for (let n = 0; n < N; n++) f[q + n] = levels[u8[p + n]];
      }
    },

    gather_f32(y, ldy, x, indices, M, N) {
      const { f, u32 } = memory;
      for (let m = 0; m < M; m++) {
        const p = (x >>> shift) + u32[(indices >>> 2) + m] * N;
        f.copyWithin((y >>> shift) + m * ldy, p, p + N);
      }
    },

    gather_i32(y, x, indices, M) {
      const { i32, u32 } = memory;
      for (let m = 0; m < M; m++) i32[(y >>> 2) + m] = i32[(x >>> 2) + u32[(indices >>> 2) + m]];
    },
  };
}
