/** What the typed faces of the kernels check, once, when a call is prepared. */
import { DataError, EngineError, ShapeError } from '../base/errors.js';
import { type DType, formatShape, type Tensor } from '../engine/tensor.js';

/** A kernel call whose arguments have been checked and bound. Running it checks and allocates nothing. */
export type Call = () => void;

/** Throws ShapeError unless `tensor` has this type and shape. `undefined` lengths are free. */
export function checkTensor(
  where: string,
  name: string,
  tensor: Tensor,
  dtype: DType,
  shape: readonly (number | undefined)[],
): void {
  const fits =
    tensor.dtype === dtype &&
    tensor.shape.length === shape.length &&
    shape.every((length, axis) => length === undefined || length === tensor.shape[axis]);
  if (!fits) {
    const expected = formatShape(shape.map((length) => length ?? NaN)).replaceAll('NaN', 'any');
    throw new ShapeError(where, `${name}: expected ${dtype} ${expected}, given ${tensor}`);
  }
}

/**
 * A test that the elements of an i32 tensor are places below `count`, which a kernel would otherwise reach
 * beyond. It looks when it runs for the first time, and again when somebody wrote; what kernels gather into
 * it was tested where it comes from. Throws DataError.
 */
export function checkPlaces(where: string, name: string, tensor: Tensor, count: number): Call {
  let known = -1;
  return () => {
    if (tensor.version === known) return;
    const places = tensor.read();
    const bad = places.findIndex((place) => !(place >= 0 && place < count));
    if (bad >= 0) {
      const expected = `expected a whole number, at least 0 and less than ${count}`;
      throw new DataError(where, `${name} ${bad}: ${expected}, given ${places[bad]}`);
    }
    known = tensor.version;
  };
}

/** Throws EngineError unless all tensors live in one engine. */
export function checkSameEngine(where: string, ...tensors: (Tensor | undefined)[]): void {
  const engine = tensors[0]?.engine;
  for (const tensor of tensors) {
    if (tensor && tensor.engine !== engine)
      throw new EngineError(where, 'tensors of two engines cannot meet');
  }
}

/** Throws ShapeError where pixels are padded. */
export function checkDense(where: string, ...images: readonly Tensor[]): void {
  const bad = images.find(({ ld, columns }) => ld !== columns);
  if (bad) throw new ShapeError(where, `expected images without gaps, given ${bad} with ${bad.ld} a pixel`);
}

/** Throws ShapeError when a product would overwrite what it still has to read. */
export function checkDisjoint(where: string, output: Tensor, ...inputs: (Tensor | undefined)[]): void {
  const end = output.pointer + output.span * output.elementBytes;
  for (const input of inputs) {
    if (!input || input.size === 0 || output.size === 0) continue;
    if (input.pointer < end && output.pointer < input.pointer + input.span * input.elementBytes) {
      throw new ShapeError(where, `the output ${output} overlaps the input ${input}`);
    }
  }
}

/**
 * Throws ShapeError unless all tensors lie in memory alike, so that one loop may run over them, padding
 * included.
 */
export function checkSameLayout(where: string, ...tensors: Tensor[]): void {
  for (const tensor of tensors) {
    if (tensor.ld !== tensors[0].ld) throw new ShapeError(where, `rows of ${tensor} are padded differently`);
  }
}

/** The one length that two axes must share. */
export function sameLength(where: string, name: string, a: number, b: number): number {
  if (a !== b) throw new ShapeError(where, `${name} must agree, given ${a} and ${b}`);
  return a;
}

/** Throws unless all are floats, as many, and padded alike. */
export function checkAlike(where: string, first: Tensor, ...others: (Tensor | undefined)[]): void {
  checkSameEngine(where, first, ...others);
  for (const tensor of [first, ...others]) {
    if (!tensor) continue;
    if (tensor.dtype !== 'float' || tensor.size !== first.size || tensor.ld !== first.ld) {
      throw new ShapeError(where, `expected as many floats as in ${first}, given ${tensor}`);
    }
  }
}
