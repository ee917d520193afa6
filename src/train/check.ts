/** Whether an engine, a model and a data set are what they should be, and fit each other. */
import type { Dataset } from '../data/dataset.js';
import { Engine } from '../engine/engine.js';
import { OptionError, ShapeError, show } from '../errors.js';
import type { Sequential } from '../nn/sequential.js';

/** Throws OptionError for something that is no engine. */
export function checkEngine(where: string, engine: unknown): asserts engine is Engine {
  if (!(engine instanceof Engine)) {
    throw new OptionError(where, `engine: expected one from createEngine(), given ${show(engine)}`);
  }
}

/** Throws OptionError for something that is no model. */
export function checkModel(where: string, model: unknown): asserts model is Sequential {
  if (typeof model !== 'object' || model === null || !Array.isArray((model as Sequential).parameters)) {
    throw new OptionError(where, `model: expected one from sequential(), given ${show(model)}`);
  }
}

/** Throws OptionError for something that is no data set. */
export function checkDataset(where: string, name: string, set: Dataset): void {
  if (typeof set !== 'object' || set === null || !ArrayBuffer.isView(set.inputs)) {
    throw new OptionError(where, `${name}: expected a data set, given ${show(set)}`);
  }
}

/** Throws OptionError for something that is no model or data set, ShapeError when its width or classes do not fit the model. */
export function checkFits(where: string, name: string, model: Sequential, set: Dataset): void {
  checkModel(where, model);
  checkDataset(where, name, set);
  if (set.width !== model.inputSize) {
    throw new ShapeError(
      where,
      `${name}: ${show(set.name)} has ${set.width} numbers a sample, but the model takes ${model.inputSize}`,
    );
  }
  if (set.classes > model.outputSize) {
    throw new ShapeError(
      where,
      `${name}: ${show(set.name)} has ${set.classes} classes, but the model has ${model.outputSize} outputs`,
    );
  }
}
