/**
 * A model's values as named arrays, for numpy: an NPZ archive with an array for each parameter and buffer,
 * under the model's own names.
 */
import { isFloat32Array, isFloat64Array } from '../base/arrays.js';
import { DataError, FormatError, show } from '../base/errors.js';
import { allValues, checkModel, type Network, setParameters } from '../nn/model.js';
import { checkFile } from './bytes.js';
import type { WritableNpy } from './npy.js';
import { readNpz, writeNpz } from './npz.js';

/**
 * The bytes of an archive for `numpy.load`: `0.weight` [in, out], `0.bias` [out], …, float32.
 *
 * @throws DataError when a value is NaN or infinite.
 */
export function writeModelNpz(model: Network): Uint8Array {
  checkModel('writeModelNpz', model);
  const arrays = new Map<string, WritableNpy>();
  for (const { name, shape, values } of allValues(model)) {
    const at = values.findIndex((value) => !Number.isFinite(value));
    if (at >= 0) {
      throw new DataError(
        'writeModelNpz',
        `parameter ${name}: expected finite values, given ${values[at]} at ${at}`,
      );
    }
    arrays.set(name, { dtype: 'float32', shape, data: values });
  }
  return writeNpz(arrays);
}

/**
 * Fills `model` with the values of such an archive. Floats of other widths are converted.
 *
 * @param where The file's name, for messages.
 * @throws FormatError when an array is missing, left over, of another shape or not of floats, or a value is
 * NaN or infinite. The
 *   model then stays as it was.
 */
export function readModelNpz(bytes: Uint8Array, where: string, model: Network): void {
  const file = checkFile('readModelNpz', bytes, where);
  checkModel('readModelNpz', model);
  const values = new Map<string, { shape: readonly number[]; values: Float32Array }>();
  const arrays = readNpz(file, where);
  for (const { name, shape } of allValues(model)) {
    const array = arrays.get(name);
    const fail: (problem: string) => never = (problem) => {
      throw new FormatError(where, `array ${show(name)}: ${problem}`);
    };
    if (!array) fail('is missing');
    if (array.shape.join() !== shape.join()) {
      fail(`expected shape [${shape.join(', ')}], given [${array.shape.join(', ')}]`);
    }
    const { data } = array;
    if (!isFloat32Array(data) && !isFloat64Array(data)) fail(`expected floats, given ${array.dtype}`);
    const own = Float32Array.from(data);
    const at = own.findIndex((value) => !Number.isFinite(value));
    if (at >= 0) fail(`expected finite values, given ${own[at]} at ${at}`);
    values.set(name, { shape, values: own });
  }
  for (const name of arrays.keys()) {
    if (!values.has(name)) throw new FormatError(where, `the model has no parameter ${show(name)}`);
  }
  setParameters(model, values);
}
