/** Rows of inputs as a caller gives them to predict from, as float32 and checked. */
import { elementsOf, isBytes, isFloat32Array } from '../base/arrays.js';
import { DataError, OptionError, ShapeError, show } from '../base/errors.js';
import { copyNumbers } from '../data/numbers.js';
import { checkInputs } from '../nn/inputs.js';
import type { InputScale, Network } from '../nn/model.js';

/** Rows for one of the model's inputs, by its place, each value of them checked. */
export function readRows(
  where: string,
  model: Network,
  inputs: ArrayLike<number>,
  input: number,
): Float32Array {
  const one = model.inputs.length === 1;
  const scale = one ? model.input : model.inputScales?.[model.inputs[input].name];
  const values = asFloats(where, model, scale, inputs);
  const width = one ? model.inputSize : elementsOf(model.inputs[input].shape);
  const rows = values.length / width;
  if (!Number.isInteger(rows) || rows === 0) {
    throw new ShapeError(where, `expected rows of ${width} numbers, given ${values.length} numbers`);
  }
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i])) continue;
    const [row, column] = [Math.floor(i / width), i % width];
    const problem = `is ${show(inputs[i])}, which is not a finite number`;
    throw new DataError(where, `inputs: row ${row}, column ${column} ${problem}`);
  }
  checkInputs(where, model, values, width, 1, 0, input);
  return values;
}

/** bytes * scale + offset, rounded as the kernels round when they gather a batch. */
export function scaleBytes(bytes: ArrayLike<number>, { scale, offset }: InputScale): Float32Array {
  const [factor, term] = [Math.fround(scale), Math.fround(offset)];
  return Float32Array.from(bytes, (byte) => Math.fround(byte * factor) + term);
}

/**
 * Bytes mean what they meant in training. To a model that knows nothing of training they are numbers as any
 * others.
 */
function asFloats(
  where: string,
  { loss }: Network,
  scale: InputScale | undefined,
  inputs: ArrayLike<number>,
): Float32Array {
  if (isFloat32Array(inputs)) return inputs;
  if (!isBytes(inputs)) return copyNumbers(where, 'inputs', inputs);
  if (scale) return scaleBytes(inputs, scale);
  if (!loss) return Float32Array.from(inputs);
  throw new OptionError(
    where,
    'inputs: the model was not trained on bytes, so it is not known how they would be scaled; ' +
      `expected a Float32Array of inputs as those of training were, given ${show(inputs)}`,
  );
}
