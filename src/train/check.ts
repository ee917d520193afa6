/** Whether an engine, a model and a data set are what they should be, and fit each other. */
import { isUint8Array } from '../base/arrays.js';
import { DataError, OptionError, ShapeError, show } from '../base/errors.js';
import { checkDataset, type Dataset } from '../data/dataset.js';
import { checkEngine } from '../engine/engine.js';
import { checkInputs, finalActivation } from '../nn/inputs.js';
import { describeLoss, type Loss, lossNames, resolveLoss } from '../nn/losses.js';
import { checkModel, type InputScale, isSameScale, type Network } from '../nn/model.js';

export { checkDataset, checkEngine, checkModel };

/**
 * The loss that says what a model's outputs are: that of its training, or for a model that does not know it the one given. One of the
 * same link will do as well, such as plain cross-entropy for one with label smoothing. undefined when there is neither.
 *
 * Throws OptionError for something that is no loss, and for one by which the outputs would mean something else.
 */
export function lossFor(where: string, model: Network, given: unknown): Loss | undefined {
  const loss = given === undefined ? model.loss : resolveLoss(where, given);
  if (loss === undefined) return undefined;
  if (model.loss && model.loss.link !== loss.link) {
    throw new OptionError(
      where,
      `option loss: the model was trained with ${describeLoss(model.loss)}, given ${describeLoss(loss)}`,
    );
  }
  checkLink(where, model, loss);
  return loss;
}

/** The same, where nothing can be said without. Throws OptionError also when there is neither. */
export function requireLoss(where: string, model: Network, given: unknown): Loss {
  const loss = lossFor(where, model, given);
  if (loss) return loss;
  const names = lossNames.map((name) => show(name)).join(', ');
  throw new OptionError(
    where,
    `option loss is required: the model has not been trained, and does not know what its outputs are; expected one of ${names}`,
  );
}

/** Throws OptionError for a model that ends with the function which the loss applies to its outputs. */
function checkLink(where: string, model: Network, { kind, link }: Loss): void {
  if (link === 'identity' || finalActivation(model) !== link) return;
  throw new OptionError(
    where,
    `the model ends with ${link}, and ${show(kind)} applies ${link} to its outputs: it would come twice; ` +
      'leave the activation of the last layer out',
  );
}

/** Throws OptionError for bytes that are scaled otherwise than those that the model was trained on. */
export function checkScale(where: string, name: string, known: InputScale | undefined, set: Dataset): void {
  if (!known || !isUint8Array(set.inputs) || isSameScale(known, set)) return;
  throw new OptionError(
    where,
    `${name}: the model was trained on bytes * ${known.scale} + ${known.offset}, ` +
      `given ${show(set.name)} with bytes * ${set.scale} + ${set.offset}`,
  );
}

/**
 * Throws OptionError for something that is no model or data set, or a model that applies the loss's link itself; ShapeError when its width, classes or targets do not fit the model
 * and its loss, DataError for inputs that the first layer cannot take or targets that the loss cannot.
 */
export function checkFits(where: string, name: string, model: Network, set: Dataset, loss: Loss): void {
  checkModel(where, model);
  checkDataset(where, name, set);
  checkLink(where, model, loss);
  const fail = (message: string): never => {
    throw new ShapeError(where, `${name}: ${show(set.name)} ${message}`);
  };
  const { outputSize } = model;
  if (set.width !== model.inputSize) {
    fail(`has ${set.width} numbers a sample, but the model takes ${model.inputSize}`);
  }
  if (loss.answers === 'labels') {
    if (set.targets) fail(`has targets, but ${loss.kind} compares with class labels`);
    if (set.classes > outputSize) {
      fail(`has ${set.classes} classes, but the model has ${outputSize} outputs`);
    }
  } else if (set.targets) {
    if (set.targetWidth !== outputSize) {
      fail(`has ${set.targetWidth} numbers a target, but the model has ${outputSize} outputs`);
    }
  } else if (loss.link !== 'sigmoid' || set.classes !== 2 || outputSize !== 1) {
    fail(
      `has labels of ${set.classes} classes, but ${loss.kind} with ${outputSize} outputs compares with ` +
        `targets${loss.link === 'sigmoid' ? ', or with one output the labels of 2 classes' : ''}`,
    );
  }
  checkInputs(`${where}, ${name}`, model, set.inputs, set.width, set.scale, set.offset);
  if (loss.link !== 'identity' && set.targets) {
    checkShares(`${where}, ${name}`, set.targets, outputSize, loss.link === 'softmax');
  }
}

/** How far the probabilities of a row may be from adding up to 1: those of half precision are. */
const SUM_TOLERANCE = 1e-3;

/** Binary cross-entropy has no least value where a target is beyond 0 … 1; nor do probabilities mean anything that are not such. */
function checkShares(where: string, targets: Float32Array, width: number, addUp: boolean): void {
  const bad = targets.findIndex((target) => !(target >= 0 && target <= 1));
  if (bad >= 0) {
    const place = `row ${Math.floor(bad / width)}, column ${bad % width}`;
    throw new DataError(where, `target at ${place}: expected a number from 0 to 1, given ${targets[bad]}`);
  }
  for (let at = 0; addUp && at < targets.length; at += width) {
    let sum = 0;
    for (let i = 0; i < width; i++) sum += targets[at + i];
    if (Math.abs(sum - 1) <= SUM_TOLERANCE) continue;
    throw new DataError(
      where,
      `targets of row ${at / width}: expected probabilities that add up to 1, given ${sum}`,
    );
  }
}
