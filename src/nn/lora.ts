/**
 * Low-rank updates of chosen matrices, everything else frozen: LoRA, E. Hu et al. 2021, "LoRA: Low-Rank
 * Adaptation of Large Language Models". W becomes W + (alpha / rank) · A·B.
 *
 * A product x·W becomes x·W + (alpha / rank) · (x·A)·B, which needs no gradient of W's size; of a W that
 * anything else reads, a kernel or a table, the sum itself is made.
 */
import { elementsOf } from '../base/arrays.js';
import { OptionError } from '../base/errors.js';
import { OptionReader } from '../base/options.js';
import { fillUniform } from '../base/random.js';
import { add, matmul, mul, reshape } from '../graph/functions.js';
import { attributesOf, literalLeaf, type ParameterAttributes, parameterLeaf } from '../graph/leaves.js';
import { apply, applyOne, type Node, nodesOf, type Value, withinAll } from '../graph/value.js';
import { type ProductAttributes, product } from '../ops/matmul.js';
import { rebuilt } from './derived.js';
import { type Initializer, zeros } from './initializers.js';
import { graphOf, type Network, type Parameter, remember } from './model.js';
import { matching } from './patterns.js';
import { setTrainable, valuesOf } from './values.js';

/** How `lora` adapts a network. */
export interface LoraOptions {
  /** Columns of A and rows of B, at least 1; at most the shorter side of each matrix. */
  rank: number;
  /** The update counts alpha / rank times; `rank` by default, which is once. */
  alpha?: number;
  /** Of the first values of A; the model's own by default. */
  seed?: number;
}

/** What the parameters of an update are called, after the name of the matrix. */
const A = '.lora_a';
const B = '.lora_b';

/**
 * A network in which the matrices whose names fit a pattern, or one of several, are adapted by low-rank
 * updates: W [m, n] becomes W + (alpha / rank) · A·B, A [m, rank] uniform in ±1/√m and B [rank, n] zeros,
 * so that it begins with just the outputs of `model`. A and B are parameters, called as W with `.lora_a` and
 * `.lora_b` behind it; all others are frozen, in `model` too, whose parameters they are (`unfreeze` lets them
 * learn again).
 *
 *     const adapted = lora(model, 'encoder.*.weight', { rank: 4 });
 *     await fit(engine, adapted, train, options);
 *     const bytes = writeOnnx(mergeLora(adapted));
 *
 * A matrix may be that of a dense layer, of `matmul`, a table of vectors; of a kernel [height, width, in, out]
 * all axes before the last make up m. Of what fits the pattern, vectors such as biases are passed over.
 *
 * Throws OptionError for something that is no model; for a pattern that fits no parameter, or none with two
 * axes; for a rank above the shorter side of a matrix; and for a matrix that is adapted already.
 */
export function lora(model: Network, pattern: string | readonly string[], options: LoraOptions): Network {
  const where = 'lora';
  const graph = graphOf(where, model);
  const reader = new OptionReader(where, options);
  const rank = reader.integer('rank', { min: 1 });
  const alpha = reader.number('alpha', { above: 0 }, rank);
  const seed = reader.integer('seed', { min: 0 }, model.seed);
  reader.end();
  const scale = alpha / rank;
  const others = readOtherwise(nodesOf(graph.outputs));
  const replaced = new Map<Value, Value>();
  const updates = new Map<Value, readonly [a: Value, b: Value]>();
  const fresh = new Map<Node, string>();
  for (const { name, shape } of chosen(where, model, pattern, rank)) {
    const value = graph.parameters[model.parameters.findIndex((own) => own.name === name)];
    const { penalised } = attributesOf(value.node, parameterLeaf);
    const columns = shape[shape.length - 1];
    withinAll(value.node.scopes, () => {
      const made = (suffix: string, dims: readonly number[], initializer: Initializer) => {
        const own = parameterOf({ name: suffix.slice(1), dims, initializer, penalised });
        fresh.set(own.node, name + suffix);
        return own;
      };
      const a = made(A, [elementsOf(shape) / columns, rank], downward(seed));
      const b = made(B, [rank, columns], zeros());
      if (!others.has(value)) return updates.set(value, [a, b]);
      const update = mul(matmul(a, b), scale);
      return replaced.set(value, add(value, shape.length === 2 ? update : reshape(update, shape)));
    });
  }
  const made = rebuilt(where, model, {
    ...{ replaced, fresh },
    remake(node, inputs) {
      const update = isProduct(node) && updates.get(node.inputs[1]);
      if (!update) return undefined;
      const { form } = attributesOf(node, product);
      // With Wᵀ in place of W, the update is Bᵀ·Aᵀ.
      const [first, last] = form === 'nn' ? update : update.toReversed();
      const through = (x: Value, matrix: Value) => applyOne(product, [x, matrix], { form, flat: true });
      const same = inputs.every((value, i) => value === node.inputs[i]);
      const y = same ? node.outputs[0] : apply(node.operation, inputs, node.attributes)[0];
      return [add(y, mul(through(through(inputs[0], first), last), scale))];
    },
  });
  remember(made, model);
  for (const parameter of model.parameters) setTrainable(parameter, false);
  return made;
}

/** Whether it is a product of rows and a matrix. */
function isProduct({ operation, attributes }: Node): boolean {
  return (operation as unknown) === product && (attributes as ProductAttributes).flat;
}

/** Values that are read as anything else than the matrix of a product. */
function readOtherwise(nodes: readonly Node[]): Set<Value> {
  return new Set(nodes.flatMap((node) => node.inputs.filter((_, place) => place !== 1 || !isProduct(node))));
}

/** The matrices that a pattern chooses. */
function chosen(where: string, model: Network, pattern: unknown, rank: number): readonly Parameter[] {
  const found = matching(where, model.parameters, pattern);
  const isUpdate = ({ name }: Parameter) => name.endsWith(A) || name.endsWith(B);
  const matrices = found.filter((own) => own.shape.length >= 2 && !isUpdate(own));
  if (matrices.length === 0) {
    const given = found.slice(0, 20).map(({ name, shape }) => `${name} [${shape.join(', ')}]`);
    throw new OptionError(where, `expected a matrix among what fits the pattern, given ${given.join(', ')}`);
  }
  for (const { name, shape } of matrices) {
    if (model.parameters.some((own) => own.name === name + A)) {
      throw new OptionError(where, `${name} is adapted already; mergeLora makes one matrix of it`);
    }
    const columns = shape[shape.length - 1];
    const most = Math.min(columns, elementsOf(shape) / columns);
    if (rank <= most) continue;
    const expected = `expected at most ${most}, the shorter side of ${name} [${shape.join(', ')}]`;
    throw new OptionError(where, `option rank: ${expected}, given ${rank}`);
  }
  return matrices;
}

function parameterOf({
  dims,
  ...attributes
}: Pick<ParameterAttributes, 'name' | 'initializer' | 'penalised'> & { dims: readonly number[] }): Value {
  return applyOne(parameterLeaf, [], { ...attributes, shape: { rows: false, dims }, trainable: true });
}

/** Uniform in ±1 / √rows, as others draw A; from this seed, whatever the network's is. */
function downward(seed: number): Initializer {
  return {
    name: 'lora',
    fill(values, [rows], _, stream) {
      const bound = 1 / Math.sqrt(rows);
      fillUniform(values, seed, stream, -bound, bound);
    },
  };
}

/**
 * A network without low-rank updates: each matrix and its update are one parameter, of the matrix's name and
 * of values W + (alpha / rank) · A·B. It gives what `model` gives, but for rounding, and `model` stays as it
 * is; all other parameters are shared. They stay frozen; the new ones may be trained. A model without
 * updates is given back as it is, so that whatever is exported may go through this.
 *
 * Throws OptionError for something that is no model.
 */
export function mergeLora(model: Network): Network {
  const where = 'mergeLora';
  const graph = graphOf(where, model);
  if (!model.parameters.some(({ name }) => name.endsWith(A))) return model;
  const parameters = new Map(graph.parameters.map((value, i) => [value, model.parameters[i]]));
  const fresh = new Map<Node, string>();
  const merged = new Map<Value, Value>();
  const mergedOf = ({ value, matrix, a, b, scale }: Update): Value => {
    const before = merged.get(value);
    if (before) return before;
    const values = sumOf(matrix, a, b, scale);
    const initializer = { name: 'merged', fill: (own: Float32Array) => own.set(values) };
    const { name, penalised } = attributesOf(value.node, parameterLeaf);
    const made = withinAll(value.node.scopes, () =>
      parameterOf({ name, dims: matrix.shape, initializer, penalised }),
    );
    fresh.set(made.node, matrix.name);
    merged.set(value, made);
    return made;
  };
  const made = rebuilt(where, model, {
    fresh,
    remake(node, inputs) {
      const update = updateIn(node, parameters);
      if (!update) return undefined;
      if (!update.isProduct) return [mergedOf(update)];
      const { operation, attributes, inputs: own } = inputs[0].node;
      return apply(operation, own.with(1, mergedOf(update)), attributes);
    },
  });
  if (merged.size === 0) return model;
  remember(made, model);
  return made;
}

/** A matrix and what is added to it, or to a product with it. */
interface Update {
  readonly value: Value;
  readonly matrix: Parameter;
  readonly a: Parameter;
  readonly b: Parameter;
  readonly scale: number;
  readonly isProduct: boolean;
}

/** What a node adds that `lora` has made; undefined for any other node. */
function updateIn(node: Node, parameters: ReadonlyMap<Value, Parameter>): Update | undefined {
  const [to, added] = node.inputs;
  if (node.operation.name !== 'add') return undefined;
  const scaled = added.node.operation.name === 'reshape' ? added.node.inputs[0].node : added.node;
  const [update, factor] = scaled.inputs;
  if (scaled.operation.name !== 'mul' || (factor.node.operation as unknown) !== literalLeaf) return undefined;
  if (!isProduct(update.node)) return undefined;
  const isOfProduct = isProduct(to.node);
  const [inner, last] = update.node.inputs;
  const value = isOfProduct ? to.node.inputs[1] : to;
  const first = isOfProduct ? inner.node.inputs[1] : inner;
  const turned = isOfProduct && attributesOf(update.node, product).form === 'nt';
  const [a, b] = (turned ? [last, first] : [first, last]).map((own) => parameters.get(own));
  const matrix = parameters.get(value);
  if (!matrix || a?.name !== matrix.name + A || b?.name !== matrix.name + B) return undefined;
  const scale = attributesOf(factor.node, literalLeaf).values[0];
  return { ...{ value, matrix, a, b, scale }, isProduct: isOfProduct };
}

/** w + (a·b) · scale, in the order and with the roundings of the engine that keeps to float32. */
function sumOf(matrix: Parameter, a: Parameter, b: Parameter, scale: number): Float32Array {
  const { fround } = Math;
  const [rank, columns] = b.shape;
  const [w, left, right] = [matrix, a, b].map(valuesOf);
  const sums = new Float32Array(w.length);
  for (let i = 0; i < left.length; i++) {
    const [row, k] = [Math.floor(i / rank), i % rank];
    for (let j = 0; j < columns; j++) sums[row * columns + j] += fround(left[i] * right[k * columns + j]);
  }
  return sums.map((sum, i) => w[i] + fround(sum * fround(scale)));
}
