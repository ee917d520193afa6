/** From runs to what is said of them: means over seeds, the band of the loss, and which settings did best. */
import { DataError } from '../../base/errors.js';
import type {
  Comparison,
  CurvePoint,
  Finalist,
  LossBand,
  RunConfig,
  RunEpoch,
  RunResult,
  SeedMinimum,
  Spread,
} from './types.js';

/** A run and what it was told. */
export interface Run {
  readonly config: RunConfig;
  readonly result: RunResult;
}

/** Mean and sample standard deviation (over n - 1). */
export function spread(values: readonly number[]): Spread {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const count = values.length;
  if (count < 2) return { mean, deviation: 0, count };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / (count - 1)), count };
}

/**
 * Whether two means are further apart than chance between seeds explains: by more than two standard errors of
 * their difference. `unknown` where one of them is of a single seed.
 */
export function apart(a: Spread, b: Spread): 'yes' | 'no' | 'unknown' {
  if (a.count < 2 || b.count < 2) return 'unknown';
  const error = Math.sqrt(a.deviation ** 2 / a.count + b.deviation ** 2 / b.count);
  return Math.abs(a.mean - b.mean) > 2 * error ? 'yes' : 'no';
}

/** One setting over its seeds. */
export function compare(runs: readonly Run[]): Comparison {
  const { learningRate, batchSize } = runs[0].config;
  const whole = runs.flatMap(({ result }) => (result.diverged === undefined ? [result] : []));
  const last = whole.map(({ epochs }) => epochs[epochs.length - 1]);
  return {
    learningRate,
    batchSize,
    seeds: runs.map(({ config }) => config.seed),
    diverged: runs.length - whole.length,
    ...(whole.length > 0 && {
      result: {
        trainLoss: spread(last.map(({ loss }) => loss)),
        validationLoss: spread(last.map((epoch) => validated(epoch).loss)),
        validationAccuracy: spread(last.map((epoch) => validated(epoch).accuracy)),
      },
    }),
  };
}

/**
 * Settings by rising mean validation loss, without those of which a seed diverged; equals keep their order.
 *
 * @throws DataError when none is left.
 */
export function ranked(comparisons: readonly Comparison[]): Comparison[] {
  const stable = comparisons.filter(({ diverged, result }) => diverged === 0 && result);
  if (stable.length === 0) throw new DataError('experiments', 'training diverged with every setting');
  const lossOf = ({ result }: Comparison) => result?.validationLoss.mean ?? Number.POSITIVE_INFINITY;
  return stable.sort((a, b) => lossOf(a) - lossOf(b));
}

/** Training against validation by epoch, over seeds. */
export function curve(runs: readonly Run[]): CurvePoint[] {
  const whole = finished(runs);
  return whole[0].epochs.map(({ epoch }, i) => {
    const at = whole.map(({ epochs }) => epochs[i]);
    return {
      epoch,
      trainLoss: spread(at.map(({ loss }) => loss)),
      validationLoss: spread(at.map((record) => validated(record).loss)),
      trainAccuracy: spread(at.map(({ accuracy }) => accuracy)),
      validationAccuracy: spread(at.map((record) => validated(record).accuracy)),
    };
  });
}

/** Each seed's lowest validation loss, the first of equals, and its last. */
export function minima(runs: readonly Run[]): SeedMinimum[] {
  return runs.flatMap(({ config: { seed }, result: { epochs, diverged } }) => {
    if (diverged !== undefined) return [];
    const points = epochs.map((record) => ({ epoch: record.epoch, loss: validated(record).loss }));
    const low = points.reduce((best, point) => (point.loss < best.loss ? point : best));
    const last = points[points.length - 1];
    return [{ seed, ...low, lastEpoch: last.epoch, lastLoss: last.loss }];
  });
}

/** Where to stop: the epoch of the highest mean validation accuracy, the first of equals. */
export function bestPoint(points: readonly CurvePoint[]): CurvePoint {
  return points.reduce((best, point) =>
    point.validationAccuracy.mean > best.validationAccuracy.mean ? point : best,
  );
}

/** What long runs of one setting come to. */
export function finalist(runs: readonly Run[]): Finalist {
  const { learningRate, batchSize } = runs[0].config;
  const { epoch, validationAccuracy, validationLoss } = bestPoint(curve(runs));
  const seeds = runs.map(({ config }) => config.seed);
  return { learningRate, batchSize, seeds, epoch, validationAccuracy, validationLoss };
}

/** The finalist of the highest validation accuracy, the first of equals. */
export function winner(finalists: readonly Finalist[]): Finalist {
  return finalists.reduce((best, other) =>
    other.validationAccuracy.mean > best.validationAccuracy.mean ? other : best,
  );
}

/** Loss by step over seeds, of the first `epochs` epochs. */
export function lossBand(runs: readonly Run[], epochs: number): LossBand {
  const whole = finished(runs);
  const { window } = runs[0].config;
  const steps = Math.min(...whole.map((run) => Math.min(run.steps, run.stepsPerEpoch * epochs)));
  const points = Math.floor(steps / window);
  const spreads = Array.from({ length: points }, (_, i) => spread(whole.map(({ windows }) => windows[i])));
  return {
    window,
    seeds: runs.flatMap(({ config, result }) => (result.diverged === undefined ? [config.seed] : [])),
    steps: spreads.map((_, i) => (i + 1) * window),
    mean: spreads.map(({ mean }) => mean),
    deviation: spreads.map(({ deviation }) => deviation),
  };
}

function finished(runs: readonly Run[]): RunResult[] {
  const whole = runs.flatMap(({ result }) => (result.diverged === undefined ? [result] : []));
  if (whole.length > 0) return whole;
  throw new DataError('experiments', 'training diverged with every seed of the chosen setting');
}

function validated({ validation, epoch }: RunEpoch): NonNullable<RunEpoch['validation']> {
  if (validation) return validation;
  throw new DataError('experiments', `epoch ${epoch} was not validated`);
}
