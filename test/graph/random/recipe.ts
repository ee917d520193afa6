/**
 * Random networks as recipes: a list of primitives and the choices of each. fast-check draws recipes and makes
 * them smaller; whatever is left of one still is a network.
 */
import fc from 'fast-check';
import { attributesOf, literalLeaf } from '../../../src/graph/leaves.js';
import { nodesOf } from '../../../src/graph/value.js';
import { graphOf, type Network } from '../../../src/nn/model.js';
import { showShape } from '../../../src/ops/operation.js';
import { primitives } from './primitives.js';
import { Sketch } from './sketch.js';

/** A primitive by its name, and its choices. */
type Step = readonly [name: string, choices: readonly number[]];

export interface Recipe {
  readonly steps: readonly Step[];
  readonly seed: number;
  /** Whether functions without a derivative are of anything; else of inputs alone, which no parameter changes. */
  readonly jumps?: boolean;
}

/** Undefined where the recipe makes nothing of any input. */
export function networkOf({ steps, seed, jumps = false }: Recipe): Network | undefined {
  const sketch = new Sketch(jumps);
  for (const [name, choices] of steps) sketch.add(choices, primitives[name]);
  return sketch.network(seed);
}

/** Operations of the network, leaves not counted. */
export function operationsOf(model: Network): string[] {
  return nodesOf(graphOf('test', model).outputs).flatMap(({ operation, inputs }) =>
    inputs.length > 0 ? [operation.name] : [],
  );
}

/** One line for each node. */
function describeNetwork(model: Network | undefined): string {
  if (!model) return 'no network';
  const nodes = nodesOf(graphOf('test', model).outputs);
  const place = new Map(nodes.map((node, i) => [node, i]));
  const lines = nodes.map(({ operation, inputs, outputs, attributes }, i) => {
    const of = inputs.map(({ node, index }) => `v${place.get(node)}${index > 0 ? `.${index}` : ''}`);
    const isLiteral = (operation as unknown) === literalLeaf;
    const { shape: _, initializer: __, ...own } = attributes as Record<string, unknown>;
    const text = isLiteral ? Array.from(attributesOf(nodes[i], literalLeaf).values).slice(0, 4) : own;
    return `v${i} ${showShape(outputs[0].shape)} = ${operation.name}(${of.join(', ')}) ${JSON.stringify(text)}`;
  });
  return lines.join('\n');
}

/** Primitives of a recipe, at most. */
const MOST_STEPS = 12;

/** A failure prints the recipe, to be kept in examples.ts, and its network. */
export function recipes(jumps = false): fc.Arbitrary<Recipe> {
  const step = fc.tuple(
    fc.constantFrom(...Object.keys(primitives)),
    fc.array(fc.nat({ max: 255 }), { maxLength: 10, size: 'max' }),
  );
  return fc
    .record({
      steps: fc.array(step, { minLength: 1, maxLength: MOST_STEPS, size: 'max' }),
      seed: fc.nat({ max: 99 }),
      jumps: fc.constant(jumps),
    })
    .map((recipe) => {
      const text = () => `${JSON.stringify(recipe)}, the network\n${describeNetwork(networkOf(recipe))}\n`;
      return Object.assign(recipe, { [fc.toStringMethod]: text });
    });
}
