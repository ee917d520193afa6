/** What a saved model says beside its layers: what it was trained for, how its inputs were made, and what its classes are called. */
import { OptionError, show } from '../base/errors.js';
import { OptionReader } from '../base/options.js';
import { describeLoss, type Loss, lossOf, meanSquaredError, softmaxCrossEntropy } from '../nn/losses.js';
import { type InputScale, isSameScale, remember, type Sequential } from '../nn/sequential.js';
import { readPreparation, type TablePreparation } from '../tables/preparation.js';

/** How raw values became the model's inputs. */
export interface InputFormat extends InputScale {
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

/** What a file says of a model beside its layers: metadata, and what it remembers. */
export interface Description extends ModelMetadata {
  readonly loss?: Loss['config'];
}

/**
 * Metadata as a caller gives them, with what the model remembers.
 *
 * @throws OptionError for metadata that do not fit the model or what it remembers, and a loss that could not be read back.
 */
export function describeModel(where: string, model: Sequential, given: object): Description {
  const metadata = readMetadata(new OptionReader(`${where}, metadata`, given), model);
  const { input = metadata.input, loss } = model;
  if (input && metadata.input && !isSameScale(input, metadata.input)) {
    throw new OptionError(
      `${where}, metadata`,
      `option input: the model was trained on raw * ${input.scale} + ${input.offset}, ` +
        `given raw * ${metadata.input.scale} + ${metadata.input.offset}`,
    );
  }
  if (loss) checkTask(where, loss, metadata);
  // Such as it would be read: a loss of one's own would not come back.
  const kept = loss && readLoss(loss.config ?? {}, model).config;
  return {
    ...metadata,
    ...(input && { input: { scale: input.scale, offset: input.offset, ...metadata.input } }),
    ...(kept && { loss: kept }),
  };
}

/** The same from a file: the model, which has its values, remembers what the file says. Throws OptionError where parts contradict. */
export function readDescription(reader: OptionReader, model: Sequential): ModelMetadata {
  const isLoss = (value: unknown): value is Loss['config'] =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  const given = reader.optional('loss', 'a loss', isLoss);
  const metadata = readMetadata(reader, model);
  const loss = given ? readLoss(given, model) : lossOfTable(metadata);
  if (loss) checkTask('metadata', loss, metadata);
  remember(model, { ...(loss && { loss }), ...(metadata.input && { input: metadata.input }) });
  return metadata;
}

function readLoss(config: Loss['config'], { outputSize }: Sequential): Loss {
  const loss = lossOf(config);
  const weights = loss.classWeights?.length ?? outputSize;
  if (weights === outputSize) return loss;
  throw new OptionError('loss', `expected ${outputSize} class weights, one an output, given ${weights}`);
}

/** What a model of a table is trained with, if its file is from before models remembered. */
function lossOfTable({ table }: ModelMetadata): Loss | undefined {
  if (!table) return undefined;
  return table.target.kind === 'classification' ? softmaxCrossEntropy() : meanSquaredError();
}

/** Throws OptionError for a loss that is not for the target of the table. */
export function checkTask(where: string, loss: Loss, { table }: ModelMetadata): void {
  if (!table) return;
  const { kind, name } = table.target;
  if (loss.link === (kind === 'classification' ? 'softmax' : 'identity')) return;
  throw new OptionError(
    where,
    `${show(name)} is a target of ${kind}, but the model was trained with ${describeLoss(loss)}`,
  );
}

/**
 * Reads the keys of ModelMetadata, the last that `reader` may hold. Throws OptionError when they do not fit a model of
 * this size.
 */
function readMetadata(
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
