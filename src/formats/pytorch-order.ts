/**
 * In which order the numbers of a model's parameters stand in a state_dict. Weights of dense layers are [out,
 * in] there, kernels [out, in, height, width]. Images have their channels first: so what is a number for each
 * pixel of a flattened image, as the rows of the weight that follows are, stands in the order of channels
 * first, and so do the columns of a weight whose result becomes an image. The graph says which these are.
 */
import { elementsOf } from '../base/arrays.js';
import { OptionError, show } from '../base/errors.js';
import { isLeaf } from '../graph/leaves.js';
import { type Node, nodesOf, type Scope, type Value } from '../graph/value.js';
import { allValues, graphOf, type Network } from '../nn/model.js';
import { type ProductAttributes, product } from '../ops/matmul.js';
import { ELEMENTWISE, placesOf } from './axes.js';

/** How a parameter stands there. */
export interface Turn {
  readonly shape: readonly number[];
  /** Of each number there, its place here. */
  readonly places: Uint32Array;
}

/** An image that became part of a row; or, where it has no channels of its own, so many numbers. */
type Part = readonly number[];
/** What a row is made of; `unclear` where this cannot be said. */
type Order = readonly Part[] | 'unclear';

/** Operations that leave the order of a row. */
const PASSING: ReadonlySet<string> = new Set([...ELEMENTWISE, ...['softmax', 'batchNorm', 'layerNorm']]);

const OF_IMAGES: ReadonlySet<string> = new Set([
  ...['conv2d', 'convTranspose2d', 'maxPool2d', 'avgPool2d', 'upsample2d'],
]);

/** Operations that make images of images. */
const KEEPING: ReadonlySet<string> = new Set(['pad', 'concat', 'slice']);

const KERNELS: ReadonlySet<string> = new Set(['conv2d', 'convTranspose2d']);

/**
 * Of the leaves whose numbers stand there in another order.
 *
 * @throws OptionError, naming the parameter, where the order cannot be known.
 */
export function turnsOf(where: string, model: Network): ReadonlyMap<Node, Turn | undefined> {
  const graph = graphOf(where, model);
  const nodes = nodesOf(graph.outputs);
  const values = allValues(model);
  const names = new Map([...graph.parameters, ...graph.buffers].map(({ node }, i) => [node, values[i].name]));
  const rows = new Orders(where, names);
  const columns = new Orders(where, names);
  markForwards(nodes, rows);
  markBackwards(nodes, columns);
  const turns = new Map<Node, Turn | undefined>();
  for (const node of nodes) {
    const { operation, inputs, scopes, attributes } = node;
    if ((operation as unknown) === product) {
      const { node: weight, shape } = inputs[1];
      if (!names.has(weight)) continue;
      const { flat, form } = attributes as ProductAttributes;
      const owner = scopes.at(-1)?.owner;
      const isDense = flat && kindOf(scopes) === 'dense' && weight.scopes.at(-1)?.owner === owner;
      const isPlain = flat && form === 'nn';
      const [x] = inputs;
      const of = isRow(x) ? rows.of(x, weight) : undefined;
      const to = columns.of(node.outputs[0], weight);
      if (!isPlain && (of || to)) rows.fail(weight);
      set(turns, weight, matrixTurn(shape.dims, of, to, isDense), rows);
      const bias = inputs[2]?.node;
      if (bias && to && names.has(bias)) set(turns, bias, rowTurn(to), rows);
    } else if (KERNELS.has(operation.name) && names.has(inputs[1].node)) {
      const { node: weight, shape } = inputs[1];
      const isSeries = kindOf(weight.scopes) === 'conv1d';
      set(turns, weight, kernelTurn(shape.dims, isSeries), rows);
    } else if (PASSING.has(operation.name)) {
      for (const { node: leaf, shape } of inputs) {
        const [value] = node.outputs;
        const isEach = isRow(value) && shape.dims.join() === value.shape.dims.join();
        if (!names.has(leaf) || !isEach || shape.dims[0] === 1) continue;
        const order = rows.of(value, leaf) ?? columns.of(value, leaf);
        if (order) set(turns, leaf, rowTurn(order), rows);
      }
    }
  }
  return turns;
}

/** What layer a node belongs to. */
export function kindOf(scopes: readonly Scope[]): string | undefined {
  const scope = scopes.at(-1);
  return scope && (scope.kind ?? scope.name);
}

/** What is known of rows of numbers. */
class Orders {
  readonly #where: string;
  readonly #names: ReadonlyMap<Node, string>;
  readonly #orders = new Map<Value, Order>();

  constructor(where: string, names: ReadonlyMap<Node, string>) {
    this.#where = where;
    this.#names = names;
  }

  get(value: Value): Order | undefined {
    return this.#orders.get(value);
  }

  set(value: Value, order: Order): void {
    const before = this.#orders.get(value);
    const isOther = before !== undefined && String(before) !== String(order);
    this.#orders.set(value, isOther ? 'unclear' : order);
  }

  /** For a parameter that has to follow it. */
  of(value: Value, leaf: Node): readonly Part[] | undefined {
    const order = this.#orders.get(value);
    return order === 'unclear' ? this.fail(leaf) : order;
  }

  fail(leaf: Node): never {
    throw new OptionError(
      this.#where,
      `parameter ${show(this.#names.get(leaf))}: its order in a state_dict cannot be known, ` +
        'where numbers of a flattened image are cut, rearranged or meet others',
    );
  }
}

function isRow({ shape }: Value): boolean {
  return shape.rows && shape.dims.length === 1;
}

/** Whether the order of its numbers differs with its channels first. */
function differs(dims: readonly number[]): boolean {
  return dims.length === 3 && dims[2] > 1 && dims[0] * dims[1] > 1;
}

/**
 * Images, and rows that were images, from where they became rows to where products sum them up. What has
 * three axes is an image where an operation on images makes it or reads it; in convolutions over series they
 * have a height of 1.
 */
function markForwards(nodes: readonly Node[], rows: Orders): void {
  for (const value of readAsImages(nodes)) rows.set(value, [value.shape.dims]);
  for (const { operation, inputs, outputs, attributes, scopes } of nodes) {
    const [value] = outputs;
    const { dims } = value.shape;
    const orders = inputs.map((own) => rows.get(own));
    const order = orders.find((own) => own !== undefined);
    const isKnown = order !== undefined && order !== 'unclear';
    if (OF_IMAGES.has(operation.name)) rows.set(value, [dims]);
    else if (operation.name === 'reshape' && kindOf(scopes) === 'conv1d') {
      rows.set(value, [dims.length === 3 ? dims : [1, ...dims]]);
    } else if (order === undefined) continue;
    else if (operation.name === 'reshape') {
      const isSame = isKnown && (isRow(value) || String(order) === String([dims]));
      if (!isKnown || order.some(differs)) rows.set(value, isSame ? order : 'unclear');
    } else if (PASSING.has(operation.name)) {
      for (const [i, own] of inputs.entries()) {
        const isAlike = own.shape.rows && own.shape.dims.join() === dims.join();
        if (isAlike) rows.set(value, orders[i] ?? (isRow(value) ? 'unclear' : order));
        else if (isRow(value) && !isLeaf(own.node) && own.shape.dims.some((length) => length > 1)) {
          rows.set(value, 'unclear');
        }
      }
    } else if (operation.name === 'concat' && isRow(value)) {
      const parts = inputs.map((own, i) => orders[i] ?? [own.shape.dims]);
      const isClear = !parts.includes('unclear');
      rows.set(value, isClear ? (parts as (readonly Part[])[]).flat() : 'unclear');
    } else if (KEEPING.has(operation.name) && dims.length === 3) rows.set(value, [dims]);
    else if (operation.name === 'reduce') {
      // A sum over all of a row does not know of its order.
      const isWhole = (attributes as { readonly axes: readonly number[] }).axes.includes(1);
      if (dims.length === 3) rows.set(value, [dims]);
      else if (!isWhole) rows.set(value, 'unclear');
    } else if ((operation as unknown) === product && orders[1] === undefined) {
      if (dims.length === 3) rows.set(value, [dims]);
    } else for (const output of outputs) rows.set(output, 'unclear');
  }
}

/** Images that an operation on images reads, or that become such, element by element. */
function readAsImages(nodes: readonly Node[]): ReadonlySet<Value> {
  const images = new Set<Value>();
  for (const { operation, inputs, outputs } of nodes.toReversed()) {
    const passes = PASSING.has(operation.name) || KEEPING.has(operation.name);
    for (const value of inputs) {
      const { rows, dims } = value.shape;
      if (!rows || dims.length !== 3) continue;
      if (OF_IMAGES.has(operation.name) || (passes && images.has(outputs[0]))) images.add(value);
    }
  }
  return images;
}

/** Rows that are to be images, from there back to the products that make them. */
function markBackwards(nodes: readonly Node[], columns: Orders): void {
  const images = readAsImages(nodes);
  for (const { operation, inputs, outputs } of nodes.toReversed()) {
    const [value] = outputs;
    const [x] = inputs;
    if (operation.name === 'reshape' && isRow(x) && images.has(value) && differs(value.shape.dims)) {
      columns.set(x, [value.shape.dims]);
      continue;
    }
    const order = columns.get(value);
    if (order === undefined || isLeaf({ operation } as Node)) continue;
    if (!PASSING.has(operation.name)) continue;
    for (const own of inputs) {
      if (own.shape.rows && own.shape.dims.join() === value.shape.dims.join()) columns.set(own, order);
    }
  }
}

/** Of each number of a row there, its place here. */
function orderOf(parts: readonly Part[]): Uint32Array {
  const places = new Uint32Array(parts.reduce((total, part) => total + elementsOf(part), 0));
  let begin = 0;
  for (const part of parts) {
    const size = elementsOf(part);
    if (differs(part)) places.set(placesOf(part, [2, 0, 1]), begin);
    else for (let i = 0; i < size; i++) places[begin + i] = i;
    for (let i = 0; i < size; i++) places[begin + i] += begin;
    begin += size;
  }
  return places;
}

function rowTurn(parts: readonly Part[]): Turn {
  const places = orderOf(parts);
  return { shape: [places.length], places };
}

function matrixTurn(
  shape: readonly number[],
  of: readonly Part[] | undefined,
  to: readonly Part[] | undefined,
  turned: boolean,
): Turn | undefined {
  if (!of && !to && !turned) return undefined;
  const [height, width] = shape;
  const row = of && orderOf(of);
  const column = to && orderOf(to);
  const places = new Uint32Array(height * width);
  for (let i = 0; i < height; i++) {
    for (let j = 0; j < width; j++) {
      places[turned ? j * height + i : i * width + j] = (row ? row[i] : i) * width + (column ? column[j] : j);
    }
  }
  return { shape: turned ? [width, height] : shape, places };
}

/** [height, width, in, out] here, [out, in, height, width] there; for series without the height, which is 1. */
function kernelTurn(shape: readonly number[], isSeries: boolean): Turn {
  const axes = [3, 2, 0, 1];
  const turned = axes.map((axis) => shape[axis]);
  return { shape: isSeries ? turned.toSpliced(2, 1) : turned, places: placesOf(shape, axes) };
}

/** One order for each parameter, however often it is used. */
function set(turns: Map<Node, Turn | undefined>, leaf: Node, turn: Turn | undefined, orders: Orders): void {
  if (turns.has(leaf) && String(turns.get(leaf)?.places) !== String(turn?.places)) orders.fail(leaf);
  turns.set(leaf, turn);
}
