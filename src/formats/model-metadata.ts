/** What a saved model says beside its layers: how its inputs were made, and what its classes are called. */
import { OptionError, show } from '../errors.js';
import { OptionReader } from '../options.js';
import { readPreparation, type TablePreparation } from '../tables/preparation.js';

/** How raw values became the model's inputs: `raw * scale + offset`. */
export interface InputFormat {
  readonly scale: number;
  readonly offset: number;
  /** For inputs that are images. */
  readonly imageShape?: readonly [height: number, width: number];
}

/** What a model's file says beside its layers: how inputs are made, and what the outputs are called. */
export interface ModelMetadata {
  readonly input?: InputFormat;
  /** Of the outputs, from the first on. */
  readonly classNames?: readonly string[];
  /** For a model of tables: how their columns become its inputs. */
  readonly table?: TablePreparation;
}

/**
 * Reads the keys of ModelMetadata, the last that `reader` may hold. Throws OptionError when they do not fit a model of
 * this size.
 */
export function readMetadata(
  reader: OptionReader,
  model: { readonly inputSize: number; readonly outputSize: number },
): ModelMetadata {
  const given = reader.optional('input', 'how inputs are made', (value) => value !== undefined);
  const classNames = reader.optional('classNames', 'a list of strings', isNames);
  const table = reader.optional('table', 'how columns are prepared', (value) => value !== undefined);
  reader.end();
  if (classNames && classNames.length > model.outputSize) {
    const expected = `at most ${model.outputSize}, one an output`;
    throw new OptionError('classNames', `expected ${expected}, given ${classNames.length}`);
  }
  return {
    ...(given !== undefined && { input: readInput(given, model.inputSize) }),
    ...(classNames && { classNames }),
    ...(table !== undefined && { table: readPreparation('table', table, model) }),
  };
}

function readInput(given: unknown, inputSize: number): InputFormat {
  const reader = new OptionReader('input', given);
  const scale = reader.number('scale');
  const offset = reader.number('offset');
  const imageShape = reader.optional('imageShape', '[height, width]', isPair);
  reader.end();
  if (scale === 0) throw new OptionError('input', 'option scale: expected a number other than 0, given 0');
  if (imageShape && imageShape[0] * imageShape[1] !== inputSize) {
    throw new OptionError('input', `imageShape ${show(imageShape)} does not have ${inputSize} pixels`);
  }
  return { scale, offset, ...(imageShape && { imageShape }) };
}

function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string');
}

function isPair(value: unknown): value is readonly [number, number] {
  return Array.isArray(value) && value.length === 2 && value.every((n) => Number.isSafeInteger(n) && n >= 1);
}
