/** Batch and layer normalisation: the readable twin of assembly/norm.ts. Sums in double. */
import type { signatures } from '../norm.js';
import type { ReferenceMemory, Twins } from './memory.js';

// biome-ignore format: an argument list a line or two
export function twins(memory: ReferenceMemory): Twins<typeof signatures> {
  const { shift } = memory;
  /** Element i of an array that may be absent. */
  const at = (pointer: number, i: number, absent: number) => (pointer ? memory.f[(pointer >>> shift) + i] : absent);

  return {
    batch_norm_statistics(mean, rstd, runningMean, runningVar, x, ldx, M, N, momentum, eps) {
      const { f } = memory;
      const share = memory.round(momentum);
      if (M === 0) return;
      for (let n = 0; n < N; n++) {
        const p = (x >>> shift) + n;
        let sum = 0;
        for (let m = 0; m < M; m++) sum += f[p + m * ldx];
        const mu = sum / M;
        let squares = 0;
        for (let m = 0; m < M; m++) squares += (f[p + m * ldx] - mu) ** 2;
        f[(mean >>> shift) + n] = mu;
        f[(rstd >>> shift) + n] = 1 / Math.sqrt(squares / M + memory.round(eps));
        if (M === 1) continue;
        f[(runningMean >>> shift) + n] += share * (mu - f[(runningMean >>> shift) + n]);
        f[(runningVar >>> shift) + n] += share * (squares / (M - 1) - f[(runningVar >>> shift) + n]);
      }
    },

    batch_norm_running(mean, rstd, runningMean, runningVar, N, eps) {
      const { f } = memory;
      for (let n = 0; n < N; n++) {
        f[(mean >>> shift) + n] = f[(runningMean >>> shift) + n];
        f[(rstd >>> shift) + n] = 1 / Math.sqrt(f[(runningVar >>> shift) + n] + memory.round(eps));
      }
    },

    batch_norm_forward(y, ldy, mean, rstd, x, ldx, weight, bias, M, N) {
      const { f } = memory;
      for (let m = 0; m < M; m++) {
        for (let n = 0; n < N; n++) {
          const normal = (f[(x >>> shift) + m * ldx + n] - at(mean, n, 0)) * at(rstd, n, 0);
          f[(y >>> shift) + m * ldy + n] = normal * at(weight, n, 1) + at(bias, n, 0);
        }
      }
    },

    batch_norm_backward(dx, lddx, dweight, dbias, mean, rstd, x, ldx, dy, lddy, weight, M, N, training) {
      const { f } = memory;
      for (let n = 0; n < N; n++) {
        const [mu, r, w] = [at(mean, n, 0), at(rstd, n, 0), at(weight, n, 1)];
        const normal = (m: number) => (f[(x >>> shift) + m * ldx + n] - mu) * r;
        const d = (dy >>> shift) + n;
        let sum = 0;
        let products = 0;
        for (let m = 0; m < M; m++) {
          sum += f[d + m * lddy];
          products += f[d + m * lddy] * normal(m);
        }
        if (dweight) f[(dweight >>> shift) + n] = products;
        if (dbias) f[(dbias >>> shift) + n] = sum;
        if (!dx) continue;
        for (let m = 0; m < M; m++) {
          const through = training ? sum / M + (normal(m) * products) / M : 0;
          f[(dx >>> shift) + m * lddx + n] = w * r * (f[d + m * lddy] - through);
        }
      }
    },

    layer_norm_forward(y, ldy, mean, rstd, x, ldx, weight, bias, M, N, eps) {
      const { f } = memory;
      for (let m = 0; m < M; m++) {
        const p = (x >>> shift) + m * ldx;
        let sum = 0;
        for (let n = 0; n < N; n++) sum += f[p + n];
        const mu = sum / N;
        let squares = 0;
        for (let n = 0; n < N; n++) squares += (f[p + n] - mu) ** 2;
        const r = 1 / Math.sqrt(squares / N + memory.round(eps));
        f[(mean >>> shift) + m] = mu;
        f[(rstd >>> shift) + m] = r;
        for (let n = 0; n < N; n++) {
          f[(y >>> shift) + m * ldy + n] = (f[p + n] - mu) * r * at(weight, n, 1) + at(bias, n, 0);
        }
      }
    },

    layer_norm_backward(dx, lddx, mean, rstd, x, ldx, dy, lddy, weight, M, N) {
      const { f } = memory;
      for (let m = 0; m < M; m++) {
        const [mu, r] = [at(mean, m, 0), at(rstd, m, 0)];
        const normal = (n: number) => (f[(x >>> shift) + m * ldx + n] - mu) * r;
        const gradient = (n: number) => f[(dy >>> shift) + m * lddy + n] * at(weight, n, 1);
        let sum = 0;
        let products = 0;
        for (let n = 0; n < N; n++) {
          sum += gradient(n);
          products += gradient(n) * normal(n);
        }
        for (let n = 0; n < N; n++) {
          f[(dx >>> shift) + m * lddx + n] = r * (gradient(n) - sum / N - (normal(n) * products) / N);
        }
      }
    },

    layer_norm_parameters(dweight, dbias, mean, rstd, x, ldx, dy, lddy, M, N) {
      const { f } = memory;
      for (let n = 0; n < N; n++) {
        let sum = 0;
        let products = 0;
        for (let m = 0; m < M; m++) {
          const g = f[(dy >>> shift) + m * lddy + n];
          sum += g;
          products += g * (f[(x >>> shift) + m * ldx + n] - at(mean, m, 0)) * at(rstd, m, 0);
        }
        if (dweight) f[(dweight >>> shift) + n] = products;
        if (dbias) f[(dbias >>> shift) + n] = sum;
      }
    },
  };
}
