/** Whether a data set fits a model. */
import type { Dataset } from '../data/dataset.js';
import { OptionError, ShapeError, show } from '../errors.js';
import type { Sequential } from '../nn/sequential.js';

/** Throws OptionError for something that is no data set, ShapeError when its width or classes do not fit the model. */
export function checkFits(where: string, name: string, model: Sequential, set: Dataset): void {
  if (typeof set !== 'object' || set === null || !ArrayBuffer.isView(set.inputs)) {
    throw new OptionError(where, `${name}: expected a data set, given ${show(set)}`);
  }
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
