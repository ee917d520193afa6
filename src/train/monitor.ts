/** The number by which epochs are compared: for early stopping, for the best checkpoints and for plateaus. */
import { OptionError, show } from '../base/errors.js';
import { didYouMean } from '../base/options.js';
import type { PlateauSchedule } from '../nn/schedules.js';
import type { EpochRecord, OutputScore } from './history.js';
import type { Metric } from './metrics/metric.js';

export type MonitorMode = 'min' | 'max';

export interface Monitor {
  /**
   * `loss`, `accuracy`, or `validation.` and either of them or a metric's name. Of an output, its name stands
   * before: `validation.digit.loss`.
   */
  readonly name: string;
  readonly mode: MonitorMode;
  /** NaN when the epoch has none. */
  read(record: EpochRecord): number;
}

/** What is measured of one output. */
export interface MeasuredOutput {
  readonly name: string;
  /** Whether there are classes, and so an accuracy. */
  readonly classifies: boolean;
  readonly metrics: readonly Metric[];
}

/** What `fit` measures, and so what there is to be monitored. */
export interface Measured {
  readonly validated: boolean;
  readonly classifies: boolean;
  readonly metrics: readonly Metric[];
  /** Where losses are given by output. */
  readonly outputs?: readonly MeasuredOutput[];
}

/**
 * Validation loss by default; training loss where nothing is validated. Throws OptionError for what is not
 * measured.
 */
export function resolveMonitor(
  where: string,
  given: string | undefined,
  measured: Measured,
  mode: 'auto' | MonitorMode = 'auto',
): Monitor {
  const { validated, outputs = [] } = measured;
  const candidates = [
    ...(validated ? [measured, ...outputs].flatMap((own) => candidatesOf(own, true)) : []),
    ...[measured, ...outputs].flatMap((own) => candidatesOf(own, false)),
  ];
  const known = candidates.map(({ name }) => name);
  const name = given ?? known[0];
  const found = candidates.find((candidate) => candidate.name === name);
  if (!found) {
    const hint = !validated && name.startsWith('validation.') ? '; fit was given no validation set' : '';
    const near = hint || didYouMean(name, known);
    throw new OptionError(
      where,
      `option monitor: expected one of ${known.join(', ')}, given ${show(name)}${near}`,
    );
  }
  const { higher, read } = found;
  return { name, mode: mode === 'auto' ? (higher ? 'max' : 'min') : mode, read };
}

/**
 * The numbers of an epoch that an output has, or the model as a whole; in validation its metrics are among
 * them.
 */
function candidatesOf(
  { classifies, metrics, name: output }: Pick<MeasuredOutput, 'classifies' | 'metrics'> & { name?: string },
  validation: boolean,
): (Pick<Monitor, 'name' | 'read'> & { higher: boolean })[] {
  const keys = ['loss', ...(classifies ? ['accuracy'] : [])] as ('loss' | 'accuracy')[];
  const prefix = `${validation ? 'validation.' : ''}${output === undefined ? '' : `${output}.`}`;
  const scoreOf = (record: EpochRecord): OutputScore | undefined => {
    const score = validation ? record.validation : record;
    return output === undefined ? score : score?.outputs?.[output];
  };
  const own = keys.map((key) => ({
    name: prefix + key,
    higher: key === 'accuracy',
    read: (record: EpochRecord) => scoreOf(record)?.[key] ?? Number.NaN,
  }));
  const measured = (validation ? metrics : []).map(({ name, higherIsBetter }) => ({
    name: prefix + name,
    higher: higherIsBetter,
    read: (record: EpochRecord) => scoreOf(record)?.metrics?.[name] ?? Number.NaN,
  }));
  return [...own, ...measured];
}

/**
 * Whether `value` is better than `than` by more than `minDelta`. NaN is never better, and anything is better
 * than NaN.
 */
export function isBetter({ mode }: Monitor, value: number, than: number, minDelta = 0): boolean {
  if (Number.isNaN(value) || Number.isNaN(than)) return !Number.isNaN(value);
  return mode === 'min' ? value < than - minDelta : value > than + minDelta;
}

/** The `count` best epochs, best first; of equal ones the earlier. Those without a value are left out. */
export function bestEpochs(
  monitor: Monitor,
  records: readonly EpochRecord[],
  count: number,
): { epoch: number; step: number; value: number }[] {
  return records
    .map((record) => ({ epoch: record.epoch, step: record.step, value: monitor.read(record) }))
    .filter(({ value }) => !Number.isNaN(value))
    .sort((a, b) => (monitor.mode === 'min' ? a.value - b.value : b.value - a.value) || a.epoch - b.epoch)
    .slice(0, count);
}

/** A schedule that looks at a metric is shown the loss, or accuracy when it waits for something to rise. */
export function plateauMonitor(where: string, { config }: PlateauSchedule, measured: Measured): Monitor {
  const key = config.mode === 'max' ? 'accuracy' : 'loss';
  return resolveMonitor(`${where}, schedule`, measured.validated ? `validation.${key}` : key, measured);
}
