/** Whether an engine, a model and a data set are what they should be, and fit each other. */
import { checkDataset, type Dataset } from '../data/dataset.js';
import { Engine } from '../engine/engine.js';
import { DataError, OptionError, ShapeError, show } from '../errors.js';
import type { Loss } from '../nn/losses.js';
import { checkModel, type Sequential } from '../nn/sequential.js';

export { checkDataset, checkModel };

/** Throws OptionError for something that is no engine. */
export function checkEngine(where: string, engine: unknown): asserts engine is Engine {
  if (!(engine instanceof Engine)) {
    throw new OptionError(where, `engine: expected one from createEngine(), given ${show(engine)}`);
  }
}

/**
 * Throws OptionError for something that is no model or data set, ShapeError when its width, classes or targets do not fit the model
 * and its loss, DataError for inputs that the first layer cannot take or targets that the loss cannot.
 */
export function checkFits(where: string, name: string, model: Sequential, set: Dataset, loss: Loss): void {
  checkModel(where, model);
  checkDataset(where, name, set);
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
  model.layers[0].checkInputs?.(`${where}, ${name}`, set.inputs, set.width, set.scale, set.offset);
  if (loss.link === 'sigmoid' && set.targets) checkShares(`${where}, ${name}`, set.targets, outputSize);
}

/** Binary cross-entropy has no least value where a target is beyond 0 … 1. */
function checkShares(where: string, targets: Float32Array, width: number): void {
  const bad = targets.findIndex((target) => !(target >= 0 && target <= 1));
  if (bad < 0) return;
  const place = `row ${Math.floor(bad / width)}, column ${bad % width}`;
  throw new DataError(where, `target at ${place}: expected a number from 0 to 1, given ${targets[bad]}`);
}
