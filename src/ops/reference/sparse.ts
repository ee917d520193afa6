/**
 * Products with compressed rows: the readable twin of assembly/sparse.ts. A row of the result is gathered in
 * doubles, two entries at a time, and rounded once.
 */
import type { Kernels } from '../../engine/kernels.js';
import type { signatures } from '../sparse.js';
import { productEnds } from './activations.js';
import type { ReferenceMemory, Twins } from './memory.js';

export function twins(memory: ReferenceMemory, kernels: Kernels): Twins<typeof signatures> {
  const { shift } = memory;
  const { activate } = productEnds(memory, kernels);
  let sums = new Float64Array(0);

  /**
   * sums = Σ value · B[offset / step] over entries from … to - 1, beginning from index `start` of the
   * elements, or from 0.
   */
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

  return {
    sparse_gemm(c, ldc, starts, offsets, values, b, bias, M, N, blocks, _span, activation) {
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
      c, ldc, columnStarts, columnOffsets, columnValues, starts, offsets, values, b, bias,
      M, N, K, blocks, width, step, span, activation, tiling,
    ) {
      kernels.sparse_gemm(c, ldc, starts, offsets, values, b, bias, M, N, blocks, span, activation, tiling);
      kernels.transpose_compressed(
        columnStarts, columnOffsets, columnValues, starts, offsets, values, M, K, blocks, width, 0, blocks, step,
      );
    },

    sparse_sgd(w, ldw, _work, starts, offsets, values, b, M, N, _span, rate) {
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
}
