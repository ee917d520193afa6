/** Compressed rows and columns, and data sets kept that way: the readable twin of assembly/compressed.ts. */
import type { signatures } from '../compressed.js';
import type { ReferenceMemory, Twins } from './memory.js';

export function twins(memory: ReferenceMemory): Twins<typeof signatures> {
  const { shift } = memory;
  return {
    compress_rows(starts, offsets, values, x, ldx, M, N, width, limit, step) {
      const { f, i32 } = memory;
      let s = starts >>> 2;
      const o = offsets >>> 2;
      const v = values >>> shift;
      let count = 0;
      i32[s] = 0;
      for (let m = 0; m < M; m++) {
        const p = (x >>> shift) + m * ldx;
        for (let from = 0; from < N; from += width) {
          const to = Math.min(from + width, N);
          for (let n = from; n < to; n++) {
            const value = f[p + n];
            if (value === 0) continue;
            i32[o + count] = n * step;
            f[v + count] = value;
            count++;
          }
          i32[++s] = count;
        }
        if (count > limit * (m + 3)) return -1;
      }
      return count > limit * M ? -1 : count;
    },

    transpose_compressed(
      starts,
      offsets,
      values,
      rowStarts,
      rowOffsets,
      rowValues,
      M,
      N,
      blocks,
      width,
      from,
      to,
      step,
    ) {
      const { f, i32 } = memory;
      const s = starts >>> 2;
      const r = rowStarts >>> 2;
      const c = rowOffsets >>> 2;
      for (let j = from; j < to; j++) {
        const [first, last] = [j * width, Math.min((j + 1) * width, N)];
        i32.fill(0, s + first, s + last);
        // The entries of each column are counted, and those of all blocks to the left.
        let base = 0;
        for (let m = 0; m < M; m++) {
          const begin = i32[r + m * blocks + j];
          base += begin - i32[r + m * blocks];
          for (let e = begin; e < i32[r + m * blocks + j + 1]; e++) i32[s + i32[c + e] / step]++;
        }
        let place = base;
        for (let n = first; n < last; n++) {
          const count = i32[s + n];
          i32[s + n] = place;
          place += count;
        }
        if (j === blocks - 1) i32[s + last] = place;
        // While entries are written, starts[n] is where column n's next one goes; in the end, where column n
        // + 1 begins.
        for (let m = 0; m < M; m++) {
          for (let e = i32[r + m * blocks + j]; e < i32[r + m * blocks + j + 1]; e++) {
            const to = i32[s + i32[c + e] / step]++;
            i32[(offsets >>> 2) + to] = m * step;
            f[(values >>> shift) + to] = f[(rowValues >>> shift) + e];
          }
        }
        for (let n = first; n < last; n++) {
          const next = i32[s + n];
          i32[s + n] = base;
          base = next;
        }
      }
    },

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
