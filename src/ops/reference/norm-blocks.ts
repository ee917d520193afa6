/** Batch normalisation of many rows: the readable twin of assembly/norm-blocks.ts. Sums of a block in double. */
import { SHORT_BLOCK } from '../../engine/constants.js';
import type { signatures } from '../norm-blocks.js';
import type { ReferenceMemory, Twins } from './memory.js';

// biome-ignore format: an argument list a line or two
export function twins(memory: ReferenceMemory): Twins<typeof signatures> {
  const { shift } = memory;
  /** Element i of an array that may be absent. */
  const at = (pointer: number, i: number, absent = 0) => (pointer ? memory.f[(pointer >>> shift) + i] : absent);
  const rowsOf = (block: number, M: number) => Math.min(M - block * SHORT_BLOCK, SHORT_BLOCK);

  return {
    block_moments(sums, ldsums, squares, ldsquares, mean, x, ldblock, ldx, B, N, first, M) {
      const { f } = memory;
      for (let b = 0; b < B; b++) {
        for (let n = 0; n < N; n++) {
          const mu = squares ? at(mean, n) : 0;
          let sum = 0;
          let square = 0;
          for (let i = 0; i < rowsOf(first + b, M); i++) {
            const d = f[(x >>> shift) + b * ldblock + i * ldx + n] - mu;
            sum += d;
            square += d * d;
          }
          f[(sums >>> shift) + b * ldsums + n] = sum;
          if (squares) f[(squares >>> shift) + b * ldsquares + n] = square;
        }
      }
    },

    block_products(
      sums, ldsums, products, ldproducts, mean, rstd, x, ldxblock, ldx, dy, lddyblock, lddy, B, N, first, M,
    ) {
      const { f } = memory;
      for (let b = 0; b < B; b++) {
        for (let n = 0; n < N; n++) {
          let sum = 0;
          let product = 0;
          for (let i = 0; i < rowsOf(first + b, M); i++) {
            const g = f[(dy >>> shift) + b * lddyblock + i * lddy + n];
            sum += g;
            product += g * (f[(x >>> shift) + b * ldxblock + i * ldx + n] - at(mean, n)) * at(rstd, n);
          }
          f[(sums >>> shift) + b * ldsums + n] = sum;
          f[(products >>> shift) + b * ldproducts + n] = product;
        }
      }
    },

    block_totals(y, sums, ldsums, B, N, divisor) {
      const { f } = memory;
      for (let n = 0; n < N; n++) {
        let sum = 0;
        for (let b = 0; b < B; b++) sum += f[(sums >>> shift) + b * ldsums + n];
        f[(y >>> shift) + n] = sum / divisor;
      }
    },

    batch_norm_moments(mean, rstd, runningMean, runningVar, deviations, squares, M, N, momentum, eps) {
      const { f } = memory;
      const share = memory.round(momentum);
      for (let n = 0; n < N; n++) {
        const correction = at(deviations, n) / M;
        const mu = at(mean, n) + correction;
        const spread = Math.max(at(squares, n) - at(deviations, n) * correction, 0);
        f[(mean >>> shift) + n] = mu;
        f[(rstd >>> shift) + n] = 1 / Math.sqrt(spread / M + memory.round(eps));
        if (M === 1) continue;
        f[(runningMean >>> shift) + n] += share * (mu - at(runningMean, n));
        f[(runningVar >>> shift) + n] += share * (spread / (M - 1) - at(runningVar, n));
      }
    },

    batch_norm_input_gradient(dx, lddx, mean, rstd, x, ldx, dy, lddy, weight, sums, products, M, N, count) {
      const { f } = memory;
      for (let m = 0; m < M; m++) {
        for (let n = 0; n < N; n++) {
          const normal = (f[(x >>> shift) + m * ldx + n] - at(mean, n)) * at(rstd, n);
          const through = count ? (at(sums, n) + normal * at(products, n)) / count : 0;
          const g = f[(dy >>> shift) + m * lddy + n] - through;
          f[(dx >>> shift) + m * lddx + n] = at(weight, n, 1) * at(rstd, n) * g;
        }
      }
    },
  };
}
