/**
 * Arithmetic on shapes, which exporters leave to the runtime: done while a graph is read. Numbers are whole,
 * or the batch, however large that is.
 */
import { elementsOf } from '../../base/arrays.js';
import type { Fail } from '../protobuf.js';
import { attributeOf, type Flow, failer, intAttribute, intsAttribute } from './flow.js';
import { dataTypes, type OnnxNode } from './proto.js';
import type { Reading } from './reading.js';
import { countOf, intValues } from './values.js';

export type Int = number | 'batch';

/** An array of whole numbers, row-major. */
export interface Ints {
  readonly dims: readonly number[];
  readonly values: readonly Int[];
}

/** Shapes have few axes; what is larger is none. */
const MAX_INTS = 256;

type Fold = (node: OnnxNode, given: readonly Ints[], fail: Fail) => Ints;

/** What has become known of whole numbers, by the name of the value. */
export class ShapeNumbers {
  readonly #flow: Flow;
  readonly #known = new Map<string, Ints>();

  constructor(flow: Flow) {
    this.#flow = flow;
  }

  /** The node's input at this place; undefined when it is absent. */
  optional(node: OnnxNode, place: number): readonly Int[] | undefined {
    const known = this.#known.get(node.inputs[place] ?? '');
    if (known) return known.values;
    const tensor = this.#flow.optionalConstant(node, place);
    return tensor && intValues(tensor, failer(node, this.#flow));
  }

  /** Numbers only. */
  numbers(node: OnnxNode, place: number): readonly number[] | undefined {
    const values = this.optional(node, place);
    if (!values?.includes('batch')) return values as readonly number[] | undefined;
    return this.#flow.failAt(node, `its input ${place} depends on the size of the batch`);
  }

  /** The shape of a value. */
  setShape(node: OnnxNode, read: Reading): void {
    const fail = failer(node, this.#flow);
    const { dims, width, rank } = read;
    const own = dims ?? (rank === 2 && width !== undefined ? [width] : undefined);
    if (!own) fail('the shape of its input is not known');
    const begin = intAttribute(node, 'start', 0, fail);
    const end = attributeOf(node, 'end')?.int;
    const values = (['batch', ...own!] as Int[]).slice(begin, end);
    this.#known.set(node.outputs[0], { dims: [values.length], values });
  }

  /** Whether a node that reads no value of a sample works on whole numbers that are known; it is done then. */
  fold(node: OnnxNode): boolean {
    const fold = node.domain ? undefined : folds.get(node.operator);
    const flow = this.#flow;
    const fail = failer(node, flow);
    const [output = ''] = node.outputs;
    const names = node.inputs.filter((name) => name !== '');
    if (!fold || names.length === 0 || output === '') return false;
    if (!names.every((name) => this.#known.has(name) || flow.isConstant(name))) return false;
    const [first] = names;
    // A conversion of numbers that are no shape leaves them as they are.
    const isFloat = flow.isConstant(first) && !isWhole(flow.constant(node, 0).dataType);
    if (isFloat) {
      if (node.operator !== 'Cast' && node.operator !== 'Identity') return false;
      if (node.operator === 'Cast' && intAttribute(node, 'to', 0, fail) !== dataTypes.float) return false;
      flow.addConstant(output, flow.constant(node, 0));
      return true;
    }
    const given = node.inputs.map((name, place): Ints => {
      const known = this.#known.get(name);
      if (known) return known;
      const tensor = flow.optionalConstant(node, place);
      if (!tensor) return { dims: [0], values: [] };
      if (countOf(tensor, fail) > MAX_INTS) fail(`expected at most ${MAX_INTS} numbers of shapes`);
      return { dims: tensor.dims, values: intValues(tensor, fail) };
    });
    const made = fold(node, given, fail);
    if (made.values.length > MAX_INTS || elementsOf(made.dims) !== made.values.length)
      fail(`expected at most ${MAX_INTS} numbers of shapes`);
    this.#known.set(output, made);
    return true;
  }
}

function isWhole(type: number): boolean {
  return type === dataTypes.int64 || type === dataTypes.int32;
}

const list = (values: readonly Int[]): Ints => ({ dims: [values.length], values });

const folds: ReadonlyMap<string, Fold> = new Map<string, Fold>([
  ['Identity', (_, [x]) => x],
  ['Cast', (_, [x]) => x],
  ['Concat', (_, given) => list(given.flatMap(({ values }) => values))],
  ['Unsqueeze', (_, [x]) => list(x.values)],
  ['Squeeze', (_, [x]) => ({ dims: x.values.length === 1 ? [] : x.dims, values: x.values })],
  ['Gather', gather],
  ['ConstantOfShape', constantOfShape],
  ['Reshape', reshape],
  ['Slice', slice],
  ['Transpose', transpose],
]);

function numbersIn(given: Ints | undefined, fail: Fail): readonly number[] {
  const { values } = given ?? fail('an input is missing');
  return values.includes('batch') ? fail('it depends on the size of the batch') : (values as number[]);
}

function gather(node: OnnxNode, [x, places]: readonly Ints[], fail: Fail): Ints {
  const axis = intAttribute(node, 'axis', 0, fail);
  if (x.dims.length !== 1 || (axis !== 0 && axis !== -1)) fail('expected places in a list of numbers');
  const values = numbersIn(places, fail).map(
    (place) => x.values.at(place) ?? fail(`there is no place ${place}`),
  );
  return { dims: places.dims, values };
}

function constantOfShape(node: OnnxNode, [shape]: readonly Ints[], fail: Fail): Ints {
  const { tensor } = attributeOf(node, 'value') ?? {};
  if (!tensor || !isWhole(tensor.dataType)) return fail('expected whole numbers as attribute value');
  const dims = numbersIn(shape, fail);
  const count = elementsOf(dims);
  if (dims.some((length) => length < 0) || !(count <= MAX_INTS))
    fail(`expected at most ${MAX_INTS} numbers of shapes`);
  return { dims, values: new Array<Int>(count).fill(intValues(tensor, fail)[0] ?? 0) };
}

function reshape(_: OnnxNode, [x, shape]: readonly Ints[], fail: Fail): Ints {
  const lengths = numbersIn(shape, fail);
  const known = elementsOf(lengths.filter((length) => length !== -1));
  const dims = lengths.map((length) => (length === -1 ? x.values.length / known : length));
  const fits = dims.every((length) => Number.isInteger(length) && length >= 0);
  return fits && elementsOf(dims) === x.values.length
    ? { dims, values: x.values }
    : fail('the number of values does not fit');
}

/** Along the first axis, whose places are rows of numbers. */
function slice(node: OnnxNode, [x, ...others]: readonly Ints[], fail: Fail): Ints {
  const isOld = others.length === 0;
  const option = (name: string, i: number, fallback: number) => {
    const values = isOld
      ? intsAttribute(node, name, [fallback], fail)
      : numbersIn(others[i] ?? { values: [], dims: [] }, fail);
    return values.length > 1 ? fail('expected one axis') : (values[0] ?? fallback);
  };
  const [length = 1] = x.dims;
  const axis = option('axes', 2, 0);
  const step = option('steps', 3, 1);
  if (axis !== 0 && axis !== -x.dims.length) fail('expected the first axis');
  if (step === 0) fail('expected steps that are not 0');
  const inside = (place: number, least: number, most: number) =>
    Math.min(Math.max(place < 0 ? place + length : place, least), most);
  const begin = inside(option('starts', 0, 0), 0, step > 0 ? length : length - 1);
  const end = inside(option('ends', 1, length), step > 0 ? 0 : -1, step > 0 ? length : length - 1);
  const size = x.values.length / length;
  const rows: (readonly Int[])[] = [];
  for (let i = begin; step > 0 ? i < end : i > end; i += step)
    rows.push(x.values.slice(i * size, (i + 1) * size));
  return { dims: [rows.length, ...x.dims.slice(1)], values: rows.flat() };
}

function transpose(node: OnnxNode, [x]: readonly Ints[], fail: Fail): Ints {
  const perm = intsAttribute(node, 'perm', [1, 0], fail);
  if (x.dims.length === 1) return x;
  if (x.dims.length !== 2 || perm.join() !== '1,0') return fail('expected two axes that change places');
  const [height, width] = x.dims;
  const values = Array.from(
    { length: height * width },
    (_, i) => x.values[(i % height) * width + Math.floor(i / height)],
  );
  return { dims: [width, height], values };
}
