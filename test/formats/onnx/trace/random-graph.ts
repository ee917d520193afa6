/** Random graphs: a few operators in a row, or joined again, with a batch of any size. */
import { floats, node, onnxFile, value } from '../schema.js';
import { computingSteps } from './computing-steps.js';
import { imageSteps } from './image-steps.js';
import { movingSteps } from './moving-steps.js';
import { type Own, others, type Step, transpose } from './steps.js';
import { ROWS, Writer } from './writer.js';

export interface RandomGraph {
  readonly file: Uint8Array;
  /** Of the input, without the batch. */
  readonly shape: readonly number[];
  readonly operators: readonly string[];
}

/** Whether the size of the batch is open, or a number; or there is none, and all axes are alike. */
export type Form = 'open' | 'fixed' | 'none';

/** By the name that a failure gives. */
export const steps: Readonly<Record<string, Step>> = { ...computingSteps, ...imageSteps, ...movingSteps };

/** Steps that a graph without a batch does not have. */
export const needsBatch: readonly string[] = [
  ...['mergeBatch', 'recut', 'flatten', 'shapeOf', 'token', 'gemm', 'conv', 'depthwise', 'convTranspose'],
  ...['conv1d', 'pool', 'globalPool', 'norm', 'groupNorm', 'resize'],
];

interface GraphOptions {
  readonly form?: Form;
  /** The name of a constant that is added to the input. */
  readonly offset?: string;
}

/** A graph of this step and a few more. */
export function randomGraph(next: () => number, first: string, options: GraphOptions = {}): RandomGraph {
  // Not every step fits every shape and operator set.
  for (;;) {
    const graph = tryGraph(next, first, options);
    if (graph) return graph;
  }
}

function tryGraph(next: () => number, first: string, options: GraphOptions): RandomGraph | undefined {
  const { form = 'open', offset } = options;
  const w = new Writer(next);
  const shape = w.pick([[4], [5, 4], [2, 6, 4], [4, 5, 6], [4, 1, 6], [1, 4], [6, 1]]);
  let x: Own = { name: 'x', dims: [ROWS, ...shape], batch: form === 'none' ? -1 : 0 };
  if (offset) {
    const values = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => next() - 0.5);
    w.constants.push(floats(offset, shape, values));
    x = { ...x, name: w.add('Add', [x.name, offset]) };
  }
  const all = Object.values(steps);
  const step = (run: Step) => {
    const made = run(w, x);
    const size = made?.dims.reduce((a, b) => a * b, 1) ?? 0;
    const isFine = made !== undefined && made.dims.length <= 5 && size <= 4096;
    if (isFine) x = made;
    return isFine;
  };
  if (w.chance(0.3)) step(steps.transpose);
  if (!step(steps[first])) return undefined;
  for (let i = offset ? 0 : w.below(5); i > 0; i--) step(w.pick(all));
  if (x.batch > 0) x = transpose(w, x, [x.batch, ...others(x)]);
  w.nodes.push(node('Mul', [x.name, 'one'], 'y'));
  w.constants.push(floats('one', [1], [1]));
  const dim = [ROWS, ...shape].map((dimValue) => ({ dimValue }));
  const fixed = { name: 'x', type: { tensorType: { elemType: 1, shape: { dim } } } };
  const file = onnxFile({
    ...{ node: w.nodes, initializer: w.constants, opset: w.opset },
    input: [form === 'open' ? value('x', shape) : fixed],
    // What the output's shape is, the runtime finds out.
    output: [{ name: 'y', type: { tensorType: { elemType: 1 } } }],
  });
  return { file, shape, operators: [`opset ${w.opset}`, ...w.nodes.map(({ opType }) => opType)] };
}
