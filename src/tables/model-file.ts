/**
 * Files of models, with what they say of the table that a model was made for: the section `table` of the
 * file's metadata, which is written and read here.
 */
import { OptionError, show } from '../base/errors.js';
import { readModel as readFile, writeModel as writeFile } from '../formats/model.js';
import type { BasicMetadata, MetadataSection } from '../formats/model-metadata.js';
import { describeLoss, type Loss, meanSquaredError, softmaxCrossEntropy } from '../nn/losses.js';
import type { Network } from '../nn/model.js';
import { readPreparation, type TablePreparation } from './preparation.js';

/** What a model's file says beside its layers: how inputs are made, and what the outputs are called. */
export interface ModelMetadata extends BasicMetadata {
  /** For a model of tables: how their columns become its inputs. */
  readonly table?: TablePreparation;
}

/** The preparation of a table, as model files carry it. */
export const tableSection: MetadataSection<TablePreparation> = {
  name: 'table',
  read: (given, model) => readPreparation('table', given, model),
  lossOf: ({ target }) => (target.kind === 'classification' ? softmaxCrossEntropy() : meanSquaredError()),
  checkLoss: checkTask,
};

/** Throws OptionError for a loss that is not for the target of the table. */
export function checkTask(where: string, loss: Loss, { target }: TablePreparation): void {
  const { kind, name } = target;
  if (loss.link === (kind === 'classification' ? 'softmax' : 'identity')) return;
  throw new OptionError(
    where,
    `${show(name)} is a target of ${kind}, but the model was trained with ${describeLoss(loss)}`,
  );
}

/**
 * The bytes of a model's file, which hold what the model remembers too. The same model and metadata give the
 * same bytes.
 *
 * @throws DataError when a parameter is NaN or infinite: such a model is of no use, and must not replace a
 *   good one.
 * @throws OptionError for metadata that do not fit the model or what it remembers, or a loss that could not
 *   be read back.
 */
export function writeModel(model: Network, metadata?: ModelMetadata): Uint8Array {
  return writeFile(model, metadata, [tableSection]);
}

/**
 * Rebuilds a model from its file's bytes, with what it remembers: `model.loss`, and `model.input` or
 * `model.inputScales`.
 *
 * @param where The file's name, for messages.
 * @throws FormatError when the file is not safetensors, has no description of a model or one that this
 *   version cannot read, lacks or adds tensors, or holds a value that is NaN or infinite.
 */
export function readModel(bytes: Uint8Array, where: string): { model: Network; metadata: ModelMetadata } {
  return readFile(bytes, where, [tableSection]);
}
