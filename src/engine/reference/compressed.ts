/** Rows of a data set that is kept compressed: the readable twin of assembly/compressed.ts. */
import type { Kernels } from '../kernels.js';
import type { ReferenceMemory } from './memory.js';

type CompressedKernels = Pick<Kernels, 'gather_starts' | 'gather_entries' | 'expand_compressed'>;

export function createCompressed(memory: ReferenceMemory): CompressedKernels {
  const { shift } = memory;
  return {
    gather_starts(starts, rowStarts, order, M, blocks, capacity) {
      const { i32, u32 } = memory;
      let s = starts >>> 2;
      let count = 0;
      i32[s] = 0;
      for (let m = 0; m < M; m++) {
        const row = (rowStarts >>> 2) + u32[(order >>> 2) + m] * blocks;
        for (let j = 0; j < blocks; j++) {
          count += u32[row + j + 1] - u32[row + j];
          i32[++s] = count;
        }
        if (count > capacity) return -1;
      }
      return count;
    },

    gather_entries(offsets, values, starts, rowStarts, columns, bytes, order, M, blocks, scale, step) {
      const { f, i32, u32, u16, u8 } = memory;
      const factor = memory.round(scale);
      for (let m = 0; m < M; m++) {
        const first = u32[(rowStarts >>> 2) + u32[(order >>> 2) + m] * blocks];
        const to = i32[(starts >>> 2) + m * blocks];
        const length = i32[(starts >>> 2) + (m + 1) * blocks] - to;
        for (let e = 0; e < length; e++) {
          i32[(offsets >>> 2) + to + e] = u16[(columns >>> 1) + first + e] * step;
          f[(values >>> shift) + to + e] = u8[bytes + first + e] * factor;
        }
      }
    },

    expand_compressed(y, ldy, rowStarts, columns, bytes, order, M, N, blocks, scale) {
      const { f, u32, u16, u8 } = memory;
      const factor = memory.round(scale);
      for (let m = 0; m < M; m++) {
        const q = (y >>> shift) + m * ldy;
        f.fill(0, q, q + N);
        const row = (rowStarts >>> 2) + u32[(order >>> 2) + m] * blocks;
        for (let e = u32[row]; e < u32[row + blocks]; e++)
          f[q + u16[(columns >>> 1) + e]] = u8[bytes + e] * factor;
      }
    },
  };
}
