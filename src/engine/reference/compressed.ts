/** Rows of a data set that is kept compressed: the readable twin of assembly/compressed.ts. */
import type { Kernels } from '../kernels.js';
import type { ReferenceMemory } from './memory.js';

type CompressedKernels = Pick<Kernels, 'gather_compressed' | 'expand_compressed'>;

export function createCompressed(memory: ReferenceMemory): CompressedKernels {
  const { shift } = memory;
  return {
    // biome-ignore format: an operand a group
    gather_compressed(
      starts, indices, values, rowStarts, columns, bytes, order, M, blocks, capacity, scale,
    ) {
      const { f, i32, u32, u16, u8 } = memory;
      const factor = memory.round(scale);
      const [i, v, c] = [indices >>> 2, values >>> shift, columns >>> 1];
      let s = starts >>> 2;
      let count = 0;
      i32[s] = 0;
      for (let m = 0; m < M; m++) {
        const row = (rowStarts >>> 2) + u32[(order >>> 2) + m] * blocks;
        const first = u32[row];
        const end = u32[row + blocks];
        for (let j = 1; j <= blocks; j++) i32[++s] = count + u32[row + j] - first;
        if (count + end - first > capacity) return -1;
        for (let e = first; e < end; e++) {
          i32[i + count] = u16[c + e];
          f[v + count] = u8[bytes + e] * factor;
          count++;
        }
      }
      return count;
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
