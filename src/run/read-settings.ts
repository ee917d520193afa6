/** The settings of an earlier run, from its config.json. People edit such files, so each value is checked. */
import { FormatError, LanegradError } from '../base/errors.js';
import { OptionReader } from '../base/options.js';
import { activations } from '../nn/activations.js';
import { readTableSettings } from '../tables/training.js';
import { type MetricName, metricNames } from '../train/metrics/resolve.js';
import { initializerNames, optimizerNames, type RunSettings, scheduleNames } from './settings.js';

/** Throws FormatError that names the file when `config` has no settings, or any that are not what they should be. */
export function readSettings(config: Readonly<Record<string, unknown>>, file: string): RunSettings {
  if (config.settings === undefined) {
    throw new FormatError(file, 'it has no settings to go on with: was it written by an earlier version?');
  }
  try {
    return read(config.settings);
  } catch (error) {
    if (!(error instanceof LanegradError)) throw error;
    throw new FormatError(file, error.message, { cause: error });
  }
}

function read(given: unknown): RunSettings {
  const reader = new OptionReader('settings', given);
  const number = (key: keyof RunSettings, range: Parameters<OptionReader['number']>[1]) =>
    optional(reader, key, 'a number', () => reader.number(key, range));
  const oneOf = <T extends string>(key: keyof RunSettings, names: readonly T[]) =>
    optional(reader, key, names.join(', '), () => reader.oneOf(key, names));
  const flag = (key: keyof RunSettings) => optional(reader, key, 'true or false', () => reader.boolean(key));
  const settings = {
    source: reader.string('source'),
    hidden: reader.required('hidden', 'a list of whole numbers', isWidths),
    activation: reader.oneOf('activation', activations),
    ...oneOf('initializer', initializerNames),
    ...number('dropout', { min: 0, below: 1 }),
    ...number('inputDropout', { min: 0, below: 1 }),
    ...flag('batchNorm'),
    ...oneOf('optimizer', optimizerNames),
    learningRate: reader.number('learningRate', { above: 0 }),
    ...number('momentum', { min: 0 }),
    ...flag('nesterov'),
    ...number('weightDecay', { min: 0 }),
    ...oneOf('schedule', scheduleNames),
    ...number('warmUp', { min: 0 }),
    ...number('labelSmoothing', { min: 0, max: 1 }),
    ...oneOf('classWeights', ['balanced']),
    ...number('clipNorm', { above: 0 }),
    ...number('clipValue', { above: 0 }),
    ...number('l1', { min: 0 }),
    ...number('l2', { min: 0 }),
    ...number('averageDecay', { min: 0, below: 1 }),
    ...number('accumulateBatches', { min: 1 }),
    batchSize: reader.integer('batchSize', { min: 1 }),
    epochs: reader.integer('epochs', { min: 1 }),
    seed: reader.integer('seed', { min: 0 }),
    shuffle: reader.boolean('shuffle'),
    full: reader.boolean('full'),
  };
  const metrics = reader.optional('metrics', `a list of ${metricNames.join(', ')}`, isMetrics);
  const earlyStopping = reader.optional('earlyStopping', 'an object', isObject);
  const checkpoint = reader.optional('checkpoint', 'an object', isObject);
  const table = reader.optional('table', 'an object', isObject);
  reader.end();
  return {
    ...settings,
    ...(metrics && { metrics }),
    // Their own readers check what is in them.
    ...(earlyStopping && { earlyStopping }),
    ...(checkpoint && { checkpoint }),
    ...(table && { table: readTableSettings(table) }),
  };
}

/** An object with this key, or without it when it is absent. */
function optional<T>(reader: OptionReader, key: string, expected: string, take: () => T): Record<string, T> {
  const isGiven = (value: unknown): value is unknown => value !== undefined;
  return reader.optional(key, expected, isGiven) === undefined ? {} : { [key]: take() };
}

function isWidths(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((width) => Number.isSafeInteger(width) && width >= 1);
}

function isMetrics(value: unknown): value is readonly MetricName[] {
  return Array.isArray(value) && value.every((name) => metricNames.includes(name));
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
