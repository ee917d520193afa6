/**
 * Inputs as a caller may hold them, made into rows of one width: the half of `dataset` that looks at inputs.
 */
import { elementsOf, isFloat32Array, isUint8Array } from '../base/arrays.js';
import { DataError, OptionError, ShapeError } from '../base/errors.js';
import { type ImageShape, isCount, isImageShape } from '../base/image-shape.js';
import type { OptionReader } from '../base/options.js';
import { checkFinite, type Numbers, type ReadNumbers, readNumbers } from './numbers.js';
import { type InputRows, imageShapeOf } from './set.js';

/** One of several inputs, where more is to be said of it than its numbers. */
export interface InputOptions {
  /** As `inputs` of a set with one input. */
  values: Numbers;
  /** Not zero. Default: 1/255 for bytes, which are taken for pixels; floats allow only 1. */
  scale?: number;
  /** Default 0; floats allow only 0. */
  offset?: number;
  /**
   * Of one sample: its width, or the lengths of its axes, such as [height, width, channels] of an image, or
   * [height, width] of a grey one.
   */
  shape?: readonly number[];
}

/** What there is to say of an input beside its numbers. */
export interface InputForm {
  readonly width?: number | undefined;
  readonly scale?: number | undefined;
  readonly offset?: number | undefined;
  readonly imageShape?: ImageShape | undefined;
}

/** Of a set's only input. */
export function readForm(read: OptionReader): InputForm {
  return {
    imageShape: read.optional(
      'imageShape',
      '[height, width] or [height, width, channels], whole numbers of at least 1',
      isImageShape,
    ),
    width: read.optional('width', 'a whole number, at least 1', isCount),
    scale: read.optional('scale', 'a finite number', isFiniteNumber),
    offset: read.optional('offset', 'a finite number', isFiniteNumber),
  };
}

/** Of one of several. */
export function readNamedForm(read: OptionReader): InputForm {
  const shape = read.optional('shape', 'a list of whole numbers, at least 1', isShape);
  return {
    width: shape && elementsOf(shape),
    imageShape: isImageShape(shape) ? shape : undefined,
    scale: read.optional('scale', 'a finite number', isFiniteNumber),
    offset: read.optional('offset', 'a finite number', isFiniteNumber),
  };
}

/** Reads the numbers; `rows` then makes rows of them, when it is known how many there must be. */
export function readInput(where: string, option: string, values: unknown, given: InputForm) {
  if (given.scale === 0) {
    throw new OptionError(where, 'option scale: expected a number other than 0, given 0');
  }
  const names = { where, option, one: 'input' };
  const rows = readNumbers(names, values, true);
  const inputs = rows.values;
  const scale = given.scale ?? (isUint8Array(inputs) ? 1 / 255 : 1);
  const offset = given.offset ?? 0;
  if (isFloat32Array(inputs) && (scale !== 1 || offset !== 0)) {
    const problem = `scale and offset apply to byte inputs; for floats expected 1 and 0, given ${scale} and ${offset}`;
    throw new OptionError(where, problem);
  }
  const { shape } = rows;
  const own = shape.slice(1);
  const imageShape = given.imageShape ?? (isImageShape(own) ? own : undefined);
  return {
    /** `answers` says what there are `size` of. */
    rows(size: number, answers: string): InputRows {
      const width = rowWidth(where, rows, size, answers, given.width, imageShape);
      if (isFloat32Array(inputs)) checkFinite(names, inputs, width);
      return {
        ...{ inputs, width, scale, offset },
        ...(imageShape && { imageShape: imageShapeOf(imageShape) }),
      };
    },
  };
}

function rowWidth(
  where: string,
  { values: { length: values }, shape }: ReadNumbers,
  size: number,
  answers: string,
  givenWidth?: number,
  imageShape?: ImageShape,
): number {
  const pixels = imageShape && elementsOf(imageShape as readonly number[]);
  const rowLength = shape.length > 1 && shape[0] > 0 ? values / shape[0] : undefined;
  if (givenWidth !== undefined && rowLength !== undefined && givenWidth !== rowLength) {
    throw new ShapeError(where, `expected inputs in rows of ${givenWidth}, given rows of ${rowLength}`);
  }
  const given = givenWidth ?? rowLength;
  const width = given ?? pixels ?? values / size;
  if (pixels !== undefined && pixels !== width) {
    throw new ShapeError(
      where,
      `imageShape ${imageShape?.join('x')} has ${pixels} pixels, width is ${width}`,
    );
  }
  if (values === 0) throw new ShapeError(where, `expected inputs for ${size} ${answers}, given 0 values`);
  if (given === undefined && pixels === undefined && values % size !== 0) {
    throw new ShapeError(
      where,
      `expected whole rows of inputs, given ${values} values for ${size} ${answers}`,
    );
  }
  if (values % width !== 0) {
    throw new ShapeError(where, `expected inputs in rows of ${width}, given ${values} values`);
  }
  if (values / width !== size) {
    throw new DataError(where, `counts differ: ${values / width} rows of inputs, ${size} ${answers}`);
  }
  return width;
}

function isFiniteNumber(value: unknown): value is number {
  return Number.isFinite(value);
}

function isShape(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length > 0 && value.length <= 8 && value.every(isCount);
}
