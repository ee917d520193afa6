/**
 * Products with compressed rows: the readable twin of assembly/sparse.ts. A row of the result is gathered in doubles, two
 * entries at a time, and rounded once.
 */
import type { Kernels } from '../kernels.js';
import type { ActivationKernels } from './activation.js';
import type { ReferenceMemory } from './memory.js';

type SparseKernels = Pick<
  Kernels,
  'compress_rows' | 'transpose_compressed' | 'sparse_gemm' | 'sparse_forward' | 'sparse_sgd'
>;

export function createSparse(memory: ReferenceMemory, { activate }: ActivationKernels): SparseKernels {
  const { shift } = memory;
  let sums = new Float64Array(0);

  /** sums = Σ value · B[offset / step] over entries from … to - 1, beginning from index `start` of the elements, or from 0. */
  // biome-ignore format: an operand a line
  function gatherRow(
    from: number, to: number, offsets: number, values: number, b: number, start: number, N: number,
  ): void {
    const { f, i32 } = memory;
    if (sums.length < N) sums = new Float64Array(N);
    for (let n = 0; n < N; n++) sums[n] = start ? f[start + n] : 0;
    let e = from;
    for (; e + 1 < to; e += 2) {
      const row0 = b + i32[offsets + e];
      const row1 = b + i32[offsets + e + 1];
      const v0 = f[values + e];
      const v1 = f[values + e + 1];
      for (let n = 0; n < N; n++) sums[n] += v0 * f[row0 + n] + v1 * f[row1 + n];
    }
    if (e < to) {
      const row = b + i32[offsets + e];
      const v = f[values + e];
      for (let n = 0; n < N; n++) sums[n] += v * f[row + n];
    }
  }

  const kernels: SparseKernels = {
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
        // While entries are written, starts[n] is where column n's next one goes; in the end, where column n + 1 begins.
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

    sparse_gemm(c, ldc, starts, offsets, values, b, _ldb, bias, M, N, blocks, activation) {
      const s = starts >>> 2;
      for (let m = 0; m < M; m++) {
        const { f, i32 } = memory;
        gatherRow(
          i32[s + m * blocks],
          i32[s + (m + 1) * blocks],
          offsets >>> 2,
          values >>> shift,
          b >>> shift,
          bias >>> shift,
          N,
        );
        const q = (c >>> shift) + m * ldc;
        for (let n = 0; n < N; n++) f[q + n] = sums[n];
        activate(activation, q, N);
      }
    },

    // biome-ignore format: an operand a group
    sparse_forward(
      c, ldc, columnStarts, columnOffsets, columnValues, starts, offsets, values, b, ldb, bias,
      M, N, K, blocks, width, activation, wide,
    ) {
      kernels.sparse_gemm(c, ldc, starts, offsets, values, b, ldb, bias, M, N, blocks, activation, wide);
      kernels.transpose_compressed(
        columnStarts, columnOffsets, columnValues, starts, offsets, values, M, K, blocks, width, 0, blocks, ldb,
      );
    },

    sparse_sgd(w, ldw, _work, starts, offsets, values, b, _ldb, M, N, rate) {
      const { f, i32 } = memory;
      const s = starts >>> 2;
      const r = memory.round(rate);
      for (let m = 0; m < M; m++) {
        if (i32[s + m] === i32[s + m + 1]) continue;
        gatherRow(i32[s + m], i32[s + m + 1], offsets >>> 2, values >>> shift, b >>> shift, 0, N);
        const q = (w >>> shift) + m * ldw;
        for (let n = 0; n < N; n++) f[q + n] -= r * sums[n];
      }
    },
  };
  return kernels;
}
