/**
 * What a saved model says beside its layers: what it was trained for, how its inputs were made, and what its
 * classes are called.
 */
import { elementsOf, isStrings } from '../base/arrays.js';
import { OptionError, show } from '../base/errors.js';
import type { Fit } from '../base/image-shape.js';
import { type ImageShape, isImageShape } from '../base/image-shape.js';
import { OptionReader } from '../base/options.js';
import { describeLossFor } from '../nn/loss-file.js';
import type { Loss } from '../nn/losses.js';
import { type InputScale, isSameScale, type Network, remember } from '../nn/model.js';

/** How raw values became the model's inputs. */
export interface InputFormat extends InputScale {
  /** For inputs that are images; of grey ones without the channels. */
  readonly imageShape?: ImageShape;
  /** How images of another size are brought to `imageShape`. */
  readonly fit?: Fit;
  /** By which the images of a folder were split, so that its test images are known again. */
  readonly splitSeed?: number;
}

/** What any model's file may say beside its layers: how inputs are made, and what the outputs are called. */
export interface BasicMetadata {
  readonly input?: InputFormat;
  /** Of the outputs, from the first on. */
  readonly classNames?: readonly string[];
}

/**
 * A part of the metadata that is not the formats' business. They carry it as JSON under its name; what it
 * means is known to its owner, who gives this to the function that reads or writes a file.
 */
export interface MetadataSection<T = unknown> {
  readonly name: string;
  /**
   * The section as a caller gives it, or a file that is taken for hostile. Throws OptionError when it does
   * not fit the model.
   */
  read(given: unknown, model: ModelSize): T;
  /** What the model is trained with, if its file is from before models remembered. */
  lossOf(section: T): Loss;
  /** Throws OptionError for a loss that is not for what the section says. */
  checkLoss(where: string, loss: Loss, section: T): void;
}

interface ModelSize {
  readonly inputSize: number;
  readonly outputSize: number;
}

/**
 * What a file says of a model beside its layers: metadata, sections under their names, and what it remembers.
 */
export interface Description extends BasicMetadata {
  readonly loss?: Loss['config'];
  /** Of a model with several inputs, for those that were bytes: how these were scaled. */
  readonly inputScales?: Readonly<Record<string, InputScale>>;
}

/** Those of the sections that are there, with what they say. */
export function sectionsOf<S extends MetadataSection>(
  metadata: BasicMetadata,
  sections: readonly S[],
): [section: S, value: unknown][] {
  return sections.flatMap((section): [S, unknown][] => {
    const value = (metadata as Readonly<Record<string, unknown>>)[section.name];
    return value === undefined ? [] : [[section, value]];
  });
}

/**
 * Metadata as a caller gives them, with what the model remembers.
 *
 * @throws OptionError for metadata that do not fit the model or what it remembers, and a loss that could not
 *   be read back.
 */
export function describeModel(
  where: string,
  model: Network,
  given: object,
  sections: readonly MetadataSection[],
): Description {
  const metadata = readMetadata(new OptionReader(`${where}, metadata`, given), model, sections);
  const { input = metadata.input, inputScales, loss } = model;
  if (input && metadata.input && !isSameScale(input, metadata.input)) {
    throw new OptionError(
      `${where}, metadata`,
      `option input: the model was trained on raw * ${input.scale} + ${input.offset}, ` +
        `given raw * ${metadata.input.scale} + ${metadata.input.offset}`,
    );
  }
  if (loss) checkLoss(where, loss, metadata, sections);
  const kept = loss && describeLossFor(where, model, loss);
  return {
    ...metadata,
    ...(input && { input: { scale: input.scale, offset: input.offset, ...metadata.input } }),
    ...(kept && { loss: kept }),
    ...(inputScales && { inputScales: readScales(inputScales, model) }),
  };
}

/**
 * The same from a file: the model, which has its values, remembers what the file says. `readLoss` makes the
 * loss of what the file says of it. Throws OptionError where parts contradict.
 */
export function readDescription(
  reader: OptionReader,
  model: Network,
  readLoss: (config: Loss['config'], model: Network) => Loss,
  sections: readonly MetadataSection[] = [],
): BasicMetadata {
  const given = reader.optional('loss', 'a loss', isObject);
  // With one input it is `input` that says it.
  const scales =
    model.inputs.length > 1
      ? reader.optional('inputScales', 'scales by the names of inputs', isObject)
      : undefined;
  const inputScales = scales && readScales(scales, model);
  const metadata = readMetadata(reader, model, sections);
  const [[section, value] = []] = sectionsOf(metadata, sections);
  const loss = given ? readLoss(given, model) : section?.lossOf(value);
  if (loss) checkLoss('metadata', loss, metadata, sections);
  const { input } = metadata;
  remember(model, { ...(loss && { loss }), ...(input && { input }), ...(inputScales && { inputScales }) });
  return metadata;
}

function checkLoss(
  where: string,
  loss: Loss,
  metadata: BasicMetadata,
  sections: readonly MetadataSection[],
): void {
  for (const [section, value] of sectionsOf(metadata, sections)) section.checkLoss(where, loss, value);
}

/**
 * Reads the metadata, the last that `reader` may hold. Throws OptionError when they do not fit a model of
 * this size.
 */
function readMetadata(
  reader: OptionReader,
  model: ModelSize,
  sections: readonly MetadataSection[],
): BasicMetadata {
  const given = reader.any('input');
  const classNames = reader.optional('classNames', 'a list of strings', isStrings);
  const own = sections.map(({ name }) => reader.any(name));
  reader.end();
  if (classNames && classNames.length > model.outputSize) {
    const expected = `at most ${model.outputSize}, one an output`;
    throw new OptionError('classNames', `expected ${expected}, given ${classNames.length}`);
  }
  const input = given !== undefined && { input: readInput(given, model.inputSize) };
  const read = sections.flatMap((section, index) =>
    own[index] === undefined ? [] : [[section.name, section.read(own[index], model)] as const],
  );
  return { ...input, ...(classNames && { classNames }), ...Object.fromEntries(read) };
}

function readInput(given: unknown, inputSize: number): InputFormat {
  const reader = new OptionReader('input', given);
  const { scale, offset } = readScale('input', reader);
  const imageShape = reader.optional(
    'imageShape',
    '[height, width] or [height, width, channels]',
    isImageShape,
  );
  const fit = reader.optional('fit', 'cover, contain or stretch', isFit);
  const splitSeed = reader.optional('splitSeed', 'a whole number, at least 0', isSeed);
  reader.end();
  if (imageShape && elementsOf(imageShape as readonly number[]) !== inputSize) {
    throw new OptionError('input', `imageShape ${show(imageShape)} does not have ${inputSize} pixels`);
  }
  return {
    ...{ scale, offset },
    ...(imageShape && { imageShape }),
    ...(fit !== undefined && { fit }),
    ...(splitSeed !== undefined && { splitSeed }),
  };
}

/** Scales of inputs that the model has, in their order. Throws OptionError for others. */
function readScales(given: object, model: Network): Record<string, InputScale> {
  const entries = new Map<string, unknown>(Object.entries(given));
  const read = model.inputs.flatMap(({ name }) => {
    if (!entries.has(name)) return [];
    const where = `inputScales, ${name}`;
    const reader = new OptionReader(where, entries.get(name));
    const scale = readScale(where, reader);
    reader.end();
    entries.delete(name);
    return [[name, scale] as const];
  });
  const [unknown] = entries.keys();
  if (unknown !== undefined) throw new OptionError('inputScales', `the model has no input ${show(unknown)}`);
  return Object.fromEntries(read);
}

function readScale(where: string, reader: OptionReader): InputScale {
  const scale = reader.number('scale');
  const offset = reader.number('offset');
  if (scale === 0) throw new OptionError(where, 'option scale: expected a number other than 0, given 0');
  return { scale, offset };
}

function isObject(value: unknown): value is Loss['config'] {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isFit(value: unknown): value is Fit {
  return value === 'cover' || value === 'contain' || value === 'stretch';
}

function isSeed(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
