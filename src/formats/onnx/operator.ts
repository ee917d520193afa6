/** How one operator of ONNX is read, and what most of them need for it: constants as rows of finite numbers. */
import { show } from '../../base/errors.js';
import type { Fail } from '../protobuf.js';
import { type Flow, numberAttribute } from './flow.js';
import type { ShapeNumbers } from './fold.js';
import type { OnnxNode, OnnxTensor } from './proto.js';
import type { Reading } from './reading.js';
import { floatValues } from './values.js';

/** How one operator is read. */
export interface Operator {
  /** Adds what it does to what makes its input. The node's form has been checked: what is below. */
  read(node: OnnxNode, flow: Flow, read: Reading, shapes: ShapeNumbers): void;
  /** Inputs that it may have, the values before it included. */
  readonly inputs: number;
  /** Attributes that are understood, or that change nothing. Any other may change what the operator does. */
  readonly attributes: readonly string[];
  /** Its two inputs may change places. */
  readonly symmetric?: boolean;
  /** Four axes are those of images to it: so the input of a graph is read as images where one node is such. */
  readonly ofImages?: boolean;
  /** It makes zeros that stand around an image its own; in front of any other they are a layer's. */
  readonly takesPadding?: boolean;
}

/**
 * What the file calls the layer of a node, by its weights' names, as PyTorch writes them, or by its own:
 * `block.conv` of `block.conv.weight`, and of `/block/conv/Conv`. Undefined for what is no such name.
 */
export function moduleOf({ inputs, name }: OnnxNode): string | undefined {
  const byWeight = /^(.+)\.weight$/.exec(inputs[1] ?? '')?.[1];
  const byNode = /^\/(.+)\/[^/]+$/.exec(name)?.[1].replaceAll('/', '.');
  return [byWeight, byNode].find((own) => own !== undefined && /^[\w-]+(\.[\w-]+)*$/.test(own));
}

/** A constant as a row of `length`: one number, or a row. */
export function row(tensor: OnnxTensor, length: number, read: Reading, fail: Fail): Float32Array {
  const isNumber = tensor.dims.length <= 2 && tensor.dims.every((own) => own === 1);
  if (!isNumber && !isRowOf(tensor, length))
    fail(`expected a row of ${length} numbers, given shape ${show(tensor.dims)}`);
  const values = floatValues(tensor, fail);
  read.source.claim(length, fail);
  return values.length === length ? values : new Float32Array(length).fill(values[0]);
}

/** Whether it is [length] or [1, length]. With more axes, or more rows, the sum would have them too. */
export function isRowOf({ dims }: OnnxTensor, length: number): boolean {
  return dims.at(-1) === length && (dims.length === 1 || (dims.length === 2 && dims[0] === 1));
}

export function finite(values: Float32Array, fail: Fail): Float32Array {
  const at = values.findIndex((value) => !Number.isFinite(value));
  return at < 0 ? values : fail(`expected finite values, given ${values[at]} at ${at}`);
}

/** As an option of a layer. */
export function floatAttribute(node: OnnxNode, name: string, fallback: number, fail: Fail): number {
  return shortest(numberAttribute(node, name, fallback, fail));
}

/** The shortest decimal number that is this float32, 0.01 and not 0.009999999776482582. */
export function shortest(value: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
}
