/** Rows of a table, picked by a column of whole numbers: the readable twin of assembly/embedding.ts. */
import type { signatures } from '../embedding.js';
import type { ReferenceMemory, Twins } from './memory.js';

/** Cut to a whole number within 0 … K - 1; NaN is 0. */
function place(x: number, K: number): number {
  return x > 0 ? Math.min(Math.floor(x), K - 1) : 0;
}

export function twins(memory: ReferenceMemory): Twins<typeof signatures> {
  const { shift } = memory;
  return {
    embedding_forward(y, ldy, x, ldx, table, ldt, M, N, K) {
      const { f } = memory;
      for (let m = 0; m < M; m++) {
        const row = (table >>> shift) + place(f[(x >>> shift) + m * ldx], K) * ldt;
        f.copyWithin((y >>> shift) + m * ldy, row, row + N);
      }
    },

    embedding_backward(dtable, lddt, lost, x, ldx, dy, lddy, M, N, K) {
      const { f } = memory;
      const t = dtable >>> shift;
      // As assembly/embedding.ts has it; where rounding would be lost, it is what the second array is for.
      const owed = (lost >>> shift) - t;
      for (let k = 0; k < K; k++) {
        f.fill(0, t + k * lddt, t + k * lddt + N);
        if (lost) f.fill(0, owed + t + k * lddt, owed + t + k * lddt + N);
      }
      for (let m = 0; m < M; m++) {
        const row = t + place(f[(x >>> shift) + m * ldx], K) * lddt;
        for (let n = 0; n < N; n++) {
          const term = f[(dy >>> shift) + m * lddy + n] - (lost ? f[owed + row + n] : 0);
          const sum = memory.round(f[row + n] + term);
          if (lost) f[owed + row + n] = sum - f[row + n] - term;
          f[row + n] = sum;
        }
      }
    },

    copy_columns(y, ldy, x, ldx, M, N) {
      for (let m = 0; m < M; m++) {
        const p = (x >>> shift) + m * ldx;
        memory.f.copyWithin((y >>> shift) + m * ldy, p, p + N);
      }
    },
  };
}
