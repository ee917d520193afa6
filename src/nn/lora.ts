/**
 * Low-rank updates of chosen matrices, everything else frozen: LoRA, E. Hu et al. 2021, "LoRA: Low-Rank
 * Adaptation of Large Language Models". In place of W there stands W + (alpha / rank) · A·B.
 */
import { elementsOf } from '../base/arrays.js';
import { OptionError } from '../base/errors.js';
import { OptionReader } from '../base/options.js';
import { add, matmul, mul, reshape } from '../graph/functions.js';
import { attributesOf, literalLeaf, type ParameterAttributes, parameterLeaf } from '../graph/leaves.js';
import { applyOne, type Node, nodesOf, type Value, withinAll } from '../graph/value.js';
import { rebuilt } from './derived.js';
import { heUniform, type Initializer, zeros } from './initializers.js';
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
 * updates: in place of W [m, n] there stands W + (alpha / rank) · A·B, A [m, rank] random and B [rank, n]
 * zeros, so that it begins with just the outputs of `model`. A and B are parameters, called as W with
 * `.lora_a` and `.lora_b` behind it; all others are frozen, in `model` too, whose parameters they are
 * (`unfreeze` lets them learn again).
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
  const matrices = chosen(where, model, pattern, rank);
  const replaced = new Map<Value, Value>();
  const fresh = new Map<Node, string>();
  for (const { name, shape } of matrices) {
    const value = graph.parameters[model.parameters.findIndex((own) => own.name === name)];
    const { penalised } = attributesOf(value.node, parameterLeaf);
    const columns = shape[shape.length - 1];
    const rows = elementsOf(shape) / columns;
    withinAll(value.node.scopes, () => {
      const made = (suffix: string, dims: readonly number[], initializer: Initializer) => {
        const own = parameterOf({ name: suffix.slice(1), dims, initializer, penalised });
        fresh.set(own.node, name + suffix);
        return own;
      };
      const a = made(A, [rows, rank], seeded(heUniform(), seed));
      const b = made(B, [rank, columns], zeros());
      const update = mul(matmul(a, b), alpha / rank);
      replaced.set(value, add(value, shape.length === 2 ? update : reshape(update, shape)));
    });
  }
  const made = rebuilt(where, model, { replaced, fresh });
  remember(made, model);
  for (const parameter of model.parameters) setTrainable(parameter, false);
  return made;
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

/** Draws from this seed, whatever the network's is. */
function seeded({ name, fill }: Initializer, seed: number): Initializer {
  return { name, fill: (values, shape, _, stream) => fill(values, shape, seed, stream) };
}

/**
 * A network without low-rank updates: in place of each matrix and its update there is one parameter, of the
 * matrix's name and of values W + (alpha / rank) · A·B. It gives what `model` gives, and `model` stays as it
 * is; all other parameters are shared. They stay frozen; the new ones may be trained. A model without
 * updates is given back as it is, so that whatever is exported may go through this.
 *
 * Throws OptionError for something that is no model.
 */
export function mergeLora(model: Network): Network {
  const where = 'mergeLora';
  const graph = graphOf(where, model);
  const parameters = new Map(graph.parameters.map((value, i) => [value, model.parameters[i]]));
  const replaced = new Map<Value, Value>();
  const fresh = new Map<Node, string>();
  for (const node of nodesOf(graph.outputs)) {
    const update = updateIn(node, parameters);
    if (!update) continue;
    const { matrix, a, b, scale } = update;
    const { name, shape } = matrix;
    const values = sumOf(valuesOf(matrix), valuesOf(a), valuesOf(b), a.shape[1], scale);
    const initializer = { name: 'merged', fill: (own: Float32Array) => own.set(values) };
    const { name: last, penalised } = attributesOf(node.inputs[0].node, parameterLeaf);
    const merged = withinAll(node.scopes, () =>
      parameterOf({ name: last, dims: shape, initializer, penalised }),
    );
    fresh.set(merged.node, name);
    replaced.set(node.outputs[0], merged);
  }
  if (replaced.size === 0) return model;
  const made = rebuilt(where, model, { replaced, fresh });
  remember(made, model);
  return made;
}

/** The update that a node adds to a matrix, as `lora` makes it; undefined for any other node. */
function updateIn({ operation, inputs }: Node, parameters: ReadonlyMap<Value, Parameter>) {
  const matrix = parameters.get(inputs[0]);
  if (operation.name !== 'add' || !matrix) return undefined;
  let { node } = inputs[1];
  if (node.operation.name === 'reshape') node = node.inputs[0].node;
  const [product, factor] = node.inputs;
  if (node.operation.name !== 'mul' || product.node.operation.name !== 'matmul') return undefined;
  const [a, b] = product.node.inputs.map((value) => parameters.get(value));
  if (a?.name !== matrix.name + A || b?.name !== matrix.name + B) return undefined;
  if ((factor.node.operation as unknown) !== literalLeaf) return undefined;
  return { matrix, a, b, scale: attributesOf(factor.node, literalLeaf).values[0] };
}

/** w + (a·b) · scale, in the order and with the roundings of the engine that keeps to float32. */
function sumOf(w: Float32Array, a: Float32Array, b: Float32Array, rank: number, scale: number): Float32Array {
  const { fround } = Math;
  const sums = new Float32Array(w.length);
  const columns = b.length / rank;
  for (let i = 0; i < a.length; i++) {
    const [row, k] = [Math.floor(i / rank), i % rank];
    const factor = a[i];
    for (let j = 0; j < columns; j++) sums[row * columns + j] += fround(factor * b[k * columns + j]);
  }
  return sums.map((sum, i) => w[i] + fround(sum * fround(scale)));
}
