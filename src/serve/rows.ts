/**
 * What a request asks about, as rows of a model's inputs: numbers of JSON, objects that are rows of a table, or
 * one picture. It decides nothing that `predict` and `predictTable` do not. Messages count rows and columns from 1.
 */
import { elementsOf } from '../base/arrays.js';
import { DataError, FormatError, OptionError, ShapeError, show } from '../base/errors.js';
import { didYouMean, OptionReader } from '../base/options.js';
import { pictureFormat } from '../data/images/signature.js';
import type { Network, Port } from '../nn/model.js';
import { imageShapeOfModel, readPictures } from '../run/pictures.js';
import { exactIntegers } from '../tables/json-integers.js';
import type { ModelMetadata } from '../tables/model-file.js';
import { readRows, scaleBytes } from '../train/rows.js';
import { BODY, RequestError } from './errors.js';
import { NumberReader } from './number-reader.js';
import { TableRows } from './table-rows.js';

/** Rows that are asked about, given out in order. */
export interface RowSource {
  readonly rows: number;
  /** The next `count` of them, for each of the model's inputs. */
  next(count: number): Promise<readonly Float32Array[]>;
  /** What was strange in the rows given out so far, and is no error; a line each. */
  notes?(): string[];
}

/** Whose inputs they are. */
export interface RowsFor {
  readonly model: Network;
  readonly metadata: ModelMetadata;
  /** Rows that one request may have. */
  readonly maxRows: number;
}

/** Types of numbers in JSON: as `predict` takes a Float32Array, or a Uint8Array. */
const types = ['float32', 'uint8'] as const;

/**
 * The rows of a body of JSON: `[row, …]` or `{ "rows": [row, …] }`.
 *
 * @throws FormatError for text that is not JSON; OptionError, ShapeError or DataError for rows that are not the
 *   model's; RequestError with status 413 for too many.
 */
export async function rowsOfJson(bytes: Uint8Array, wanted: RowsFor): Promise<RowSource> {
  const { model, metadata, maxRows } = wanted;
  const { rows, type } = readBody(parse(bytes, metadata.table !== undefined));
  if (rows.length > maxRows) {
    throw new RequestError(BODY, 413, `expected at most ${maxRows} rows, given ${rows.length}`);
  }
  if (rows.length === 0) throw new DataError(BODY, 'expected rows, given none');
  if (metadata.table) {
    if (type !== undefined)
      throw new OptionError(BODY, 'option type: it is for models that are not of tables');
    return TableRows.open(BODY, rows, metadata.table, model);
  }
  return numberRows(rows, model, shapesOf(wanted), type ?? 'float32');
}

/**
 * One picture, PNG or JPEG, brought to the size of the model's where it remembers how.
 *
 * @throws RequestError with status 415 for a model that takes no images; FormatError for a broken file,
 *   ShapeError for a picture that the model does not take.
 */
export async function rowOfPicture(bytes: Uint8Array, { model, metadata }: RowsFor): Promise<RowSource> {
  if (metadata.table || model.inputs.length > 1) {
    throw new RequestError(BODY, 415, 'the model takes no pictures; expected application/json');
  }
  const shape = imageShapeOfModel({ model, metadata });
  if (pictureFormat(bytes) === undefined)
    throw new FormatError(BODY, 'it is no picture; expected PNG or JPEG');
  const { pixels } = await readPictures([BODY], async () => bytes, { shape, fit: metadata.input?.fit });
  if (pixels.length !== model.inputSize) {
    throw new ShapeError(
      BODY,
      `the picture has ${pixels.length} pixels, but the model takes ${model.inputSize}`,
    );
  }
  // Where the model does not know of bytes, they are scaled as those of any set of images.
  const inputs = model.input ? pixels : scaleBytes(pixels, { scale: 1 / 255, offset: 0 });
  return new Prepared(1, [readRows(BODY, model, inputs, 0)]);
}

/** Rows that are inputs already. */
class Prepared implements RowSource {
  readonly rows: number;
  readonly #values: readonly Float32Array[];
  #start = 0;

  constructor(rows: number, values: readonly Float32Array[]) {
    this.rows = rows;
    this.#values = values;
  }

  async next(count: number): Promise<readonly Float32Array[]> {
    const start = this.#start;
    this.#start += count;
    return this.#values.map((values) => {
      const width = values.length / this.rows;
      return values.subarray(start * width, (start + count) * width);
    });
  }
}

function parse(bytes: Uint8Array, isTable: boolean): unknown {
  if (bytes.length === 0) throw new FormatError(BODY, 'it is empty; expected JSON');
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new FormatError(BODY, 'expected UTF-8', { cause });
  }
  try {
    return JSON.parse(isTable ? exactIntegers(text) : text);
  } catch (cause) {
    throw new FormatError(BODY, `not JSON: ${(cause as Error).message}`, { cause });
  }
}

function readBody(body: unknown): { rows: readonly unknown[]; type: (typeof types)[number] | undefined } {
  if (Array.isArray(body)) return { rows: body, type: undefined };
  if (typeof body !== 'object' || body === null || !Object.hasOwn(body, 'rows')) {
    throw new FormatError(BODY, `expected an array of rows, or { "rows": [ … ] }, given ${show(body)}`);
  }
  const reader = new OptionReader(BODY, body);
  const rows = reader.required('rows', 'an array of rows', Array.isArray) as readonly unknown[];
  const type = reader.optional(
    'type',
    `one of ${types.join(', ')}`,
    (value): value is (typeof types)[number] => types.includes(value as never),
  );
  reader.end();
  return { rows, type };
}

/** How a row's numbers may be nested, for each input: as the pictures are that the model was trained on. */
export function shapesOf({ model, metadata }: Pick<RowsFor, 'model' | 'metadata'>): (readonly number[])[] {
  const shapes = model.inputs.map(({ shape }) => shape);
  const image = model.inputs.length === 1 ? (metadata.input?.imageShape as readonly number[]) : undefined;
  return image && elementsOf(image) === model.inputSize ? [image] : shapes;
}

function numberRows(
  rows: readonly unknown[],
  model: Network,
  shapes: readonly (readonly number[])[],
  type: (typeof types)[number],
): RowSource {
  const values = model.inputs.map((port, i) => {
    const size = elementsOf(port.shape);
    const given = new (type === 'uint8' ? Uint8Array : Float32Array)(rows.length * size);
    for (const [row, own] of rows.entries()) {
      const words = model.inputs.length === 1 ? `row ${row + 1}` : `row ${row + 1}, ${port.name}`;
      const reader = new NumberReader(words, shapes[i], given, row * size);
      reader.read(ofPort(own, port, model, row));
    }
    checkScaled(given, model, port, rows.length);
    return readRows(BODY, model, given, i);
  });
  return new Prepared(rows.length, values);
}

/** What a row has for an input: all of it where there is one, else what stands under its name. */
function ofPort(row: unknown, port: Port, { inputs }: Network, index: number): unknown {
  const isObject = typeof row === 'object' && row !== null && !Array.isArray(row);
  const names = inputs.map(({ name }) => name);
  if (!isObject) {
    if (inputs.length === 1) return row;
    const expected = `expected an object with ${names.map((name) => show(name)).join(', ')}`;
    throw new DataError(BODY, `row ${index + 1}: ${expected}, given ${show(row)}`);
  }
  const keys = Object.keys(row);
  const isNear = (key: string) => names.includes(key) || didYouMean(key, names) !== '';
  if (inputs.length === 1 && !keys.some(isNear)) {
    const advice =
      'columns are for a model that is served with the metadata of its table, as loadModel gives them';
    const given = keys.slice(0, 5).map((key) => show(key));
    throw new DataError(
      BODY,
      `row ${index + 1}: expected an array of numbers, given an object with ${given.join(', ') || 'no keys'}; ${advice}`,
    );
  }
  const reader = new OptionReader(`${BODY}: row ${index + 1}`, row);
  const own = names.map((name) => reader.required(name, 'an array of numbers'));
  reader.end();
  return own[names.indexOf(port.name)];
}

/**
 * Numbers that cannot be scaled bytes are bytes that nobody called so: a picture of 0 to 255 would be answered,
 * and the answer would mean nothing.
 */
function checkScaled(
  given: Uint8Array | Float32Array,
  { input, inputScales, inputs }: Network,
  { name }: Port,
  rows: number,
): void {
  const scale = inputs.length === 1 ? input : inputScales?.[name];
  if (!scale || given instanceof Uint8Array) return;
  const ends = [scale.offset, 255 * scale.scale + scale.offset];
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  const slack = (high - low) * 1e-3;
  const bad = given.findIndex((value) => value < low - slack || value > high + slack);
  if (bad < 0) return;
  const width = given.length / rows;
  throw new DataError(
    BODY,
    `row ${Math.floor(bad / width) + 1}, column ${(bad % width) + 1}: expected a number from ${low} to ${high}, as the bytes that the ` +
      `model was trained on are scaled, given ${given[bad]}; for bytes say { "type": "uint8", "rows": [ … ] }`,
  );
}
