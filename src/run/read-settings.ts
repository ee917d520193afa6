/** The settings of an earlier run, from its config.json. People edit such files, so each value is checked. */
import { FormatError, LanegradError } from '../errors.js';
import { activations } from '../nn/activations.js';
import type { InitializerName } from '../nn/initializers.js';
import { OptionReader } from '../options.js';
import { type MetricName, metricNames } from '../train/metrics/resolve.js';
import { initializerNames, type RunSettings } from './settings.js';
import { readTableSettings } from './table.js';

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
  const source = reader.string('source');
  const hidden = reader.required('hidden', 'a list of whole numbers', isWidths);
  const activation = reader.oneOf('activation', activations);
  const initializer = reader.optional('initializer', `one of ${initializerNames.join(', ')}`, isInitializer);
  const settings = {
    source,
    hidden,
    activation,
    ...(initializer && { initializer }),
    learningRate: reader.number('learningRate', { above: 0 }),
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

function isWidths(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((width) => Number.isSafeInteger(width) && width >= 1);
}

function isInitializer(value: unknown): value is InitializerName {
  return initializerNames.includes(value as InitializerName);
}

function isMetrics(value: unknown): value is readonly MetricName[] {
  return Array.isArray(value) && value.every((name) => metricNames.includes(name));
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
