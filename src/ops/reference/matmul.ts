/**
 * Matrix products: the readable twin of assembly/gemm. Operands are packed into panels of doubles, so that
 * one inner loop serves A·B, A·Bᵀ and Aᵀ·B in both precisions, converts no number and never leaves the
 * first-level cache.
 *
 *   for k in steps of KC:  for m in steps of MC:  pack A [MC, KC]                  (stays in the second-level cache)
 *     for each 4 columns:  pack B [KC, 4]                                          (stays in the first)
 *       for each 2 rows:  one tile
 *
 * Tried, in GFLOPS of Node 20 at 64x784:784x300, float32 elements: i-k-j with 4 k's at a time 2.0, with 8
 * 2.5; tiles on unpacked rows 4x4 3.6, 2x4 3.3; tiles on packed doubles 4x4 3.9 (spills), 3x4 4.5, 4x2 4.6,
 * 2x4 5.0 to 5.2; 2x4 with its panels passed as arguments or kept in the engine's memory 3.6 (bounds and
 * addresses are then no constants).
 */
import { TILING_WIDE } from '../../engine/constants.js';
import type { Kernels } from '../../engine/kernels.js';
import type { signatures } from '../matmul.js';
import { productEnds } from './activations.js';
import type { Floats, ReferenceMemory, Twins } from './memory.js';

const MR = 2;
const NR = 4;
const MC = 64;
const KC = 1024;

// Scratch space, shared by all backends of the process, which holds nothing between calls; `work` is not
// used.
const panelsA = new Float64Array(MC * KC);
const panelB = new Float64Array(KC * NR);
const tile = new Float64Array(MR * NR);

export function twins(memory: ReferenceMemory, kernels: Kernels): Twins<typeof signatures> {
  const { shift } = memory;
  const { activate, differentiate } = productEnds(memory, kernels);

  /**
   * C = start + A·B; A[m, k] lies at a + m·rowA + k·stepA, B[k, n] at b + n·columnB + k·stepB, or as `pack_b`
   * leaves it where columnB is
   * 0. Indices, not pointers.
   */
  // biome-ignore format: an operand a line
  function product(
    c: number, ldc: number,
    a: number, rowA: number, stepA: number, b: number, columnB: number, stepB: number, bias: number,
    M: number, N: number, K: number, accumulate: number, wide = 0,
  ): void {
    const { f } = memory;
    let k = 0;
    // Once at least, so that K = 0 still writes the start values.
    do {
      const kc = Math.min(KC, K - k);
      const fromC = accumulate !== 0 || k > 0;
      for (let m = 0; m < M; m += MC) {
        const mEnd = Math.min(M, m + MC);
        pack(panelsA, f, a + m * rowA + k * stepA, rowA, stepA, mEnd - m, MR, kc);
        let panel = 0;
        let width = panelWidth(N, wide);
        for (let n = 0; n < N; n += NR) {
          const columns = Math.min(NR, N - n);
          if (columnB) {
            pack(panelB, f, b + n * columnB + k * stepB, columnB, stepB, columns, NR, kc);
          } else {
            if (n === panel + width) {
              panel = n;
              width = panelWidth(N - n, wide);
            }
            pack(panelB, f, b + panel * K + k * width + n - panel, 1, width, columns, NR, kc);
          }
          const start = bias ? bias + n : 0;
          for (let i = m; i < mEnd; i += MR) {
            const rows = Math.min(MR, mEnd - i);
            const corner = c + i * ldc + n;
            // Of C only what lies inside is read or written; the rest of a tile over the edge computes on
            // zeros.
            tile.fill(0);
            if (fromC) copy(tile, 0, NR, f, corner, ldc, rows, columns);
            else if (start) copy(tile, 0, NR, f, start, 0, rows, columns);
            multiply((i - m) * kc, kc);
            copy(f, corner, ldc, tile, 0, NR, rows, columns);
          }
        }
      }
      k += KC;
    } while (k < K);
  }

  // biome-ignore format: an operand a line
  return {
    workspace_size: () => 0,

    pack_b(packed, b, ldb, N, K, wide) {
      const { f } = memory;
      let to = packed >>> shift;
      for (let n = 0; n < N; ) {
        const width = panelWidth(N - n, wide);
        for (let k = 0; k < K; k++) {
          const from = (b >>> shift) + k * ldb;
          for (let j = n; j < n + width; j++) f[to++] = j < N ? f[from + j] : 0;
        }
        n += width;
      }
    },

    gemm_nn(
      c, ldc, strideC, _work, a, lda, strideA, b, ldb, strideB, bias, B, M, N, K, accumulate, activation, tiling,
    ) {
      for (let i = 0; i < B; i++) {
        const ci = (c >>> shift) + i * strideC;
        const ai = (a >>> shift) + i * strideA;
        const bi = (b >>> shift) + i * strideB;
        product(ci, ldc, ai, lda, 1, bi, ldb ? 1 : 0, ldb, bias >>> shift, M, N, K, accumulate, tiling & TILING_WIDE);
        for (let m = 0; m < M; m++) activate(activation, ci + m * ldc, N);
      }
    },

    gemm_nt(
      c, ldc, strideC, _work, y, ldy, strideY, a, lda, strideA, b, ldb, strideB, B, M, N, K, accumulate, activation,
    ) {
      for (let i = 0; i < B; i++) {
        const ci = (c >>> shift) + i * strideC;
        const ai = (a >>> shift) + i * strideA;
        const bi = (b >>> shift) + i * strideB;
        const yi = (y >>> shift) + i * strideY;
        product(ci, ldc, ai, lda, 1, bi, ldb, 1, 0, M, N, K, accumulate);
        if (y) for (let m = 0; m < M; m++) differentiate(activation, ci + m * ldc, yi + m * ldy, N);
      }
    },

    gemm_tn(c, ldc, strideC, _work, a, lda, strideA, b, ldb, strideB, B, M, N, K, accumulate) {
      for (let i = 0; i < B; i++) {
        const ci = (c >>> shift) + i * strideC;
        const ai = (a >>> shift) + i * strideA;
        const bi = (b >>> shift) + i * strideB;
        product(ci, ldc, ai, 1, lda, bi, 1, ldb, 0, M, N, K, accumulate);
      }
    },

    thin_sgd(w, ldw, a, lda, b, ldb, M, N, K, learningRate) {
      const { f } = memory;
      const [wi, ai, bi] = [w >>> shift, a >>> shift, b >>> shift];
      const rate = memory.round(learningRate);
      for (let m = 0; m < M; m++) {
        for (let n = 0; n < N; n++) {
          let sum = 0;
          for (let k = 0; k < K; k++) sum += f[ai + k * lda + m] * f[bi + k * ldb + n];
          f[wi + m * ldw + n] -= rate * memory.round(sum);
        }
      }
    },
  };
}

/** Columns of the next panel of `pack_b`, of those that remain. */
function panelWidth(remaining: number, wide: number): number {
  if (wide && remaining > 12) return 16;
  return remaining > 4 ? 8 : 4;
}

/**
 * Panels of `lanes` rows of A or columns of B: for each k the lanes' elements side by side, zero beyond
 * `count`.
 */
// biome-ignore format: an operand a line
function pack(
  panels: Float64Array, f: Floats, from: number, lane: number, step: number,
  count: number, lanes: number, kc: number,
): void {
  for (let first = 0; first < count; first += lanes) {
    for (let l = 0; l < lanes; l++) {
      const begin = first * kc + l;
      const end = begin + lanes * kc;
      if (first + l < count) {
        let p = from + (first + l) * lane;
        for (let q = begin; q < end; q += lanes) {
          panels[q] = f[p];
          p += step;
        }
      } else {
        for (let q = begin; q < end; q += lanes) panels[q] = 0;
      }
    }
  }
}

/** A small matrix from one place and leading dimension to another. */
// biome-ignore format: an operand a line
function copy(
  y: Floats, to: number, ldy: number, x: Floats, from: number, ldx: number, rows: number, columns: number,
): void {
  for (let r = 0; r < rows; r++) {
    for (let s = 0; s < columns; s++) y[to + r * ldy + s] = x[from + r * ldx + s];
  }
}

/**
 * The tile += the panel of A that begins at index a times the panel of B, k ascending: eight sums in
 * registers.
 */
// biome-ignore format: a row of the tile a line
function multiply(a: number, kc: number): void {
  let c00 = tile[0], c01 = tile[1], c02 = tile[2], c03 = tile[3];
  let c10 = tile[4], c11 = tile[5], c12 = tile[6], c13 = tile[7];
  for (let b = 0; b < NR * kc; b += NR, a += MR) {
    const b0 = panelB[b], b1 = panelB[b + 1], b2 = panelB[b + 2], b3 = panelB[b + 3];
    const a0 = panelsA[a], a1 = panelsA[a + 1];
    c00 += a0 * b0; c01 += a0 * b1; c02 += a0 * b2; c03 += a0 * b3;
    c10 += a1 * b0; c11 += a1 * b1; c12 += a1 * b2; c13 += a1 * b3;
  }
  tile[0] = c00; tile[1] = c01; tile[2] = c02; tile[3] = c03;
  tile[4] = c10; tile[5] = c11; tile[6] = c12; tile[7] = c13;
}
