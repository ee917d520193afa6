/**
 * A checkpoint: all that a training run needs to go on bit for bit, as the bytes of one safetensors file. It
 * opens no file.
 *
 *   parameters/0.weight …        values after the last step
 *   state/…                      of the optimizer and of layers, under the names that the compiled model gives them
 *   best/parameters/…, best/state/…   of the best epoch's model, when early stopping is to restore it
 *   metadata "lanegrad.checkpoint"    JSON: configuration, engine, position, history, early stopping, schedule
 *   metadata "lanegrad.numerics"      the version of the numerics contract; 1 where it is absent
 *
 * Random numbers are counter-based: a seed, which is in the configuration, and the position are their whole
 * state. Whatever is read is taken for hostile.
 */
import { isFloat32Array, isMap } from '../base/arrays.js';
import { FormatError, LanegradError, OptionError, show } from '../base/errors.js';
import { OptionReader } from '../base/options.js';
import { numericsKey } from '../engine/numerics.js';
import { checkFile } from '../formats/bytes.js';
import { decodeSafetensors, type WritableTensor, writeSafetensors } from '../formats/safetensors.js';
import type { EarlyStoppingState } from './early-stopping.js';
import type { EpochRecord } from './history.js';
import type { Snapshot, Values } from './snapshot.js';

export type { Snapshot, Values } from './snapshot.js';

/** Of the visited samples, what stands in a `Position` for the loss, of one output. */
export interface OutputTally {
  readonly name: string;
  readonly lossSum: number;
  readonly weight: number;
  readonly correct: number;
}

/** Where in the data, and in the history, a run stands. */
export interface Position {
  /** The epoch that is under way, from 1; one more than there are when all are done. */
  readonly epoch: number;
  /** Samples of it that have been visited. */
  readonly samples: number;
  /** Optimizer steps made, over all epochs. */
  readonly step: number;
  /**
   * Of the visited samples: the sum of their losses, what to divide it by for the mean, and how many were
   * right; NaN without classes.
   */
  readonly lossSum: number;
  readonly weight: number;
  readonly correct: number;
  /** Where losses are given by output: the same of each. */
  readonly outputs?: readonly OutputTally[];
  /** Of the last step. */
  readonly learningRate: number;
  /** Spent in training steps: of this epoch, and of all. */
  readonly epochSeconds: number;
  readonly seconds: number;
}

/** What computed it. Bits may differ where this does. */
export interface CheckpointEngine {
  readonly backend: string;
  readonly math: string;
  /** The version of the numerics contract; absent, it is 1. */
  readonly numerics?: number;
  /** The kernels' file, and its digest. */
  readonly binary?: string;
  readonly wasmSha256?: string;
}

/** All that a training run needs to go on, bit for bit. */
export interface Checkpoint extends Snapshot {
  /** JSON values: what a run must share to go on from here. */
  readonly configuration: Readonly<Record<string, unknown>>;
  readonly engine: CheckpointEngine;
  readonly position: Position;
  /** Of the epochs that are done. */
  readonly records: readonly EpochRecord[];
  readonly earlyStopping?: EarlyStoppingState;
  readonly best?: Snapshot;
  /** JSON values: of a schedule that has a state. */
  readonly schedule?: unknown;
  /**
   * In memory alone: parts of the configuration, such as `optimizer`, in which a run may differ that goes on
   * from here. It then has other bits than the run that the checkpoint is of.
   */
  readonly changes?: readonly string[];
}

const KEY = 'lanegrad.checkpoint';
const VERSION = 1;

/**
 * The bytes of a checkpoint's file. The same checkpoint gives the same bytes. Throws OptionError for
 * something that is no checkpoint, or holds what JSON has no form for.
 */
export function writeCheckpoint(checkpoint: Checkpoint): Uint8Array {
  if (typeof checkpoint !== 'object' || checkpoint === null)
    throw new OptionError('writeCheckpoint', `expected a checkpoint, given ${show(checkpoint)}`);
  const { parameters, state, best, changes: _, ...description } = checkpoint;
  const tensors = new Map<string, WritableTensor>();
  const add = (prefix: string, values: Values) => {
    if (!isMap(values))
      throw new OptionError('writeCheckpoint', `${prefix}: expected a map of values, given ${show(values)}`);
    for (const [name, data] of values) {
      if (!isFloat32Array(data))
        throw new OptionError(
          'writeCheckpoint',
          `${prefix}${name}: expected a Float32Array, given ${show(data)}`,
        );
      tensors.set(`${prefix}${name}`, { dtype: 'F32', shape: [data.length], data });
    }
  };
  add('parameters/', parameters);
  add('state/', state);
  if (best) {
    add('best/parameters/', best.parameters);
    add('best/state/', best.state);
  }
  const { numerics, ...engine } = description.engine ?? {};
  return writeSafetensors(tensors, {
    [KEY]: describe({ ...description, engine, hasBest: best !== undefined }),
    ...(typeof numerics === 'number' && { [numericsKey]: String(numerics) }),
  });
}

function describe(description: object): string {
  try {
    return JSON.stringify({ version: VERSION, ...description }, writeNonFinite);
  } catch (cause) {
    throw new OptionError('writeCheckpoint', `expected values of JSON: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/**
 * Reads what `writeCheckpoint` wrote.
 *
 * @param where The file's name, for messages.
 * @throws FormatError when the file is not safetensors, is no checkpoint, or one that this version cannot
 * read.
 */
export function readCheckpoint(bytes: Uint8Array, where: string): Checkpoint {
  const { tensors, metadata } = decodeSafetensors(checkFile('readCheckpoint', bytes, where), where);
  const values = (prefix: string): Values => {
    const found = new Map<string, Float32Array>();
    for (const [name, { data }] of tensors) {
      if (!isFloat32Array(data)) throw new FormatError(where, `tensor ${show(name)} is not float32`);
      if (name.startsWith(prefix)) found.set(name.slice(prefix.length), data);
    }
    return found;
  };
  try {
    const description = readDescription(parse(metadata[KEY], where), where);
    const { hasBest, ...rest } = description;
    const numerics = readNumerics(metadata[numericsKey], where);
    return {
      ...rest,
      engine: { ...rest.engine, ...numerics },
      parameters: values('parameters/'),
      state: values('state/'),
      ...(hasBest && { best: { parameters: values('best/parameters/'), state: values('best/state/') } }),
    };
  } catch (error) {
    if (!(error instanceof LanegradError) || error instanceof FormatError) throw error;
    throw new FormatError(where, error.message, { cause: error });
  }
}

function readNumerics(text: string | undefined, where: string): Pick<CheckpointEngine, 'numerics'> {
  if (text === undefined) return {};
  if (/^[1-9]\d{0,8}$/.test(text)) return { numerics: Number(text) };
  throw new FormatError(where, `metadata ${show(numericsKey)}: expected a version, given ${show(text)}`);
}

function parse(text: string | undefined, where: string): unknown {
  if (text === undefined) {
    throw new FormatError(where, `expected a checkpoint of lanegrad: the metadata have no key ${show(KEY)}`);
  }
  try {
    return JSON.parse(text, readNonFinite);
  } catch (cause) {
    throw new FormatError(where, `metadata ${show(KEY)}: not JSON: ${(cause as Error).message}`, { cause });
  }
}

function readDescription(given: unknown, where: string) {
  const reader = new OptionReader(KEY, given);
  const version = reader.required('version', `version ${VERSION}`);
  if (version !== VERSION) {
    throw new FormatError(
      where,
      `expected a checkpoint of version ${VERSION}, given version ${show(version)}`,
    );
  }
  const configuration = reader.required('configuration', 'an object', isObject);
  const engine = readEngine(reader.required('engine', 'an object', isObject));
  const position = readPosition(reader.required('position', 'an object', isObject));
  const records = reader.required('records', 'a list of epochs', isRecords);
  const earlyStopping = reader.optional('earlyStopping', 'an object', isObject);
  const schedule = reader.any('schedule');
  const hasBest = reader.boolean('hasBest');
  reader.end();
  if (records.length !== position.epoch - 1) {
    throw new OptionError(KEY, `records: expected ${position.epoch - 1}, given ${records.length}`);
  }
  return {
    configuration,
    engine,
    position,
    records,
    ...(earlyStopping && { earlyStopping: readEarlyStopping(earlyStopping) }),
    ...(schedule !== undefined && { schedule }),
    hasBest,
  };
}

function readEngine(given: unknown): CheckpointEngine {
  const reader = new OptionReader(`${KEY}, engine`, given);
  const backend = reader.string('backend');
  const math = reader.string('math');
  const isString = (value: unknown): value is string => typeof value === 'string';
  const binary = reader.optional('binary', 'a string', isString);
  const wasmSha256 = reader.optional('wasmSha256', 'a string', isString);
  reader.end();
  return {
    backend,
    math,
    ...(binary !== undefined && { binary }),
    ...(wasmSha256 !== undefined && { wasmSha256 }),
  };
}

function readPosition(given: unknown): Position {
  const reader = new OptionReader(`${KEY}, position`, given);
  const position = {
    epoch: reader.integer('epoch', { min: 1 }),
    samples: reader.integer('samples', { min: 0 }),
    step: reader.integer('step', { min: 0 }),
    lossSum: reader.number('lossSum'),
    weight: reader.number('weight', { min: 0 }),
    correct: reader.required('correct', 'a number', isNumber),
    learningRate: reader.number('learningRate'),
    epochSeconds: reader.number('epochSeconds', { min: 0 }),
    seconds: reader.number('seconds', { min: 0 }),
  };
  const outputs = reader.optional('outputs', 'a list', (value): value is unknown[] => Array.isArray(value));
  reader.end();
  return { ...position, ...(outputs && { outputs: outputs.map(readOutput) }) };
}

function readOutput(given: unknown): OutputTally {
  const reader = new OptionReader(`${KEY}, position, outputs`, given);
  const output = {
    name: reader.string('name'),
    lossSum: reader.number('lossSum'),
    weight: reader.number('weight', { min: 0 }),
    correct: reader.required('correct', 'a number', isNumber),
  };
  reader.end();
  return output;
}

function readEarlyStopping(given: unknown): EarlyStoppingState {
  const reader = new OptionReader(`${KEY}, earlyStopping`, given);
  const bestEpoch = reader.integer('bestEpoch', { min: 0 });
  const isValue = (value: unknown): value is number | null => value === null || typeof value === 'number';
  const bestValue = reader.required('bestValue', 'a number or null', isValue);
  const waited = reader.integer('waited', { min: 0 });
  reader.end();
  return { bestEpoch, bestValue, waited };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number';
}

function isRecords(value: unknown): value is readonly EpochRecord[] {
  const isScore = (score: unknown) =>
    isObject(score) && typeof score.loss === 'number' && typeof score.accuracy === 'number';
  return (
    Array.isArray(value) &&
    value.every(
      (record: unknown, index) =>
        isObject(record) &&
        isScore(record) &&
        record.epoch === index + 1 &&
        ['step', 'learningRate', 'seconds', 'samplesPerSecond'].every(
          (key) => typeof record[key] === 'number',
        ) &&
        (record.validation === undefined || isScore(record.validation)),
    )
  );
}

/** JSON has no NaN and no infinities; a history may. */
function writeNonFinite(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? { nonFinite: String(value) } : value;
}

function readNonFinite(_key: string, value: unknown): unknown {
  if (!isObject(value) || !('nonFinite' in value)) return value;
  return Number(value.nonFinite);
}
