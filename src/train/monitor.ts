/** The number by which epochs are compared: for early stopping, for the best checkpoints and for plateaus. */
import { OptionError, show } from '../base/errors.js';
import { didYouMean } from '../base/options.js';
import type { EpochRecord, Score } from './history.js';
import type { Metric } from './metrics/metric.js';

export type MonitorMode = 'min' | 'max';

export interface Monitor {
  /** `loss`, `accuracy`, or `validation.` and either of them or a metric's name. */
  readonly name: string;
  readonly mode: MonitorMode;
  /** NaN when the epoch has none. */
  read(record: EpochRecord): number;
}

/** What `fit` measures, and so what there is to be monitored. */
export interface Measured {
  readonly validated: boolean;
  readonly classifies: boolean;
  readonly metrics: readonly Metric[];
}

/** Validation loss by default; training loss where nothing is validated. Throws OptionError for what is not measured. */
export function resolveMonitor(
  where: string,
  given: string | undefined,
  { validated, classifies, metrics }: Measured,
  mode: 'auto' | MonitorMode = 'auto',
): Monitor {
  const own = classifies ? ['loss', 'accuracy'] : ['loss'];
  const ofValidation = validated ? [...own, ...metrics.map(({ name }) => name)] : [];
  const known = [...ofValidation.map((key) => `validation.${key}`), ...own];
  const name = given ?? known[0];
  if (!known.includes(name)) {
    const hint = !validated && name.startsWith('validation.') ? '; fit was given no validation set' : '';
    const near = hint || didYouMean(name, known);
    throw new OptionError(
      where,
      `option monitor: expected one of ${known.join(', ')}, given ${show(name)}${near}`,
    );
  }
  const key = name.replace('validation.', '');
  const higher = key === 'accuracy' || metrics.some((metric) => metric.name === key && metric.higherIsBetter);
  const value = (score: Score | undefined) =>
    (key === 'loss' || key === 'accuracy' ? score?.[key] : score?.metrics?.[key]) ?? Number.NaN;
  return {
    name,
    mode: mode === 'auto' ? (higher ? 'max' : 'min') : mode,
    read: (record) => value(name.startsWith('validation.') ? record.validation : record),
  };
}

/** Whether `value` is better than `than` by more than `minDelta`. NaN is never better, and anything is better than NaN. */
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
