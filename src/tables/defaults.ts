/** How a table is trained on unless told otherwise: settings by the number of rows. */
import { type AnySet, sizeOf } from '../data/any-set.js';

/**
 * Settings that suit a table of so many rows, found on the classic tables (see test/tables/classic.test.ts):
 * small ones need many passes in small batches and some dropout, and training ends when validation says so.
 */
export function tableDefaults({
  train,
  validation,
}: {
  readonly train: AnySet;
  readonly validation?: AnySet;
}) {
  const size = sizeOf(train);
  const by = size < 2_000 ? SMALL : size < 20_000 ? MIDDLE : LARGE;
  const { patience, ...defaults } = by;
  return {
    ...defaults,
    activation: 'relu',
    optimizer: 'adam',
    learningRate: 0.001,
    ...(validation && { earlyStopping: { patience } }),
    seed: 1,
  } as const;
}

const SMALL = { hidden: [100], dropout: 0.2, batchSize: 16, epochs: 200, patience: 30 } as const;
const MIDDLE = { hidden: [128, 64], dropout: 0.1, batchSize: 64, epochs: 100, patience: 15 } as const;
/** Millions of rows are passed over a few times only. */
const LARGE = { hidden: [128, 64], batchSize: 256, epochs: 20, patience: 3 } as const;
