/**
 * Pieces of this package's own source that the report shows beside the formulas. The build cuts them out of
 * the files (assembly/report.mjs), so that what is shown is what runs; a piece that is no longer found ends
 * the build.
 */

/**
 * From the first line that begins with `from` to the next that begins with `to` and stands no further to the
 * right.
 */
export interface Excerpt {
  /** Which form of the network it is from, or what it does. */
  readonly title: string;
  /** From the root of the repository. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const scalar = { title: 'Scalar loops', file: 'src/assignment/q3-scalar/scalar.ts' } as const;
const tensor = { title: 'Tensor, one image at a time', file: 'src/assignment/q5-tensor/network.ts' } as const;
const batched = { title: 'Batched', file: 'src/assignment/q6-batched/network.ts' } as const;
const kernels = 'src/ops/reference/softmax.ts';
const statistics = 'src/assignment/q7-experiments/statistics.ts';

export const excerpts = {
  scalarLoss: {
    ...scalar,
    from: 'for (let i = 0; i < dy.length; i++) dy[i] =',
    to: 'for (let i = 0; i < dy.length; i++) dy[i] =',
  },
  tensorLoss: { ...tensor, from: 'this.#dy[label] = -1', to: 'this.#dy[label] = 0' },
  batchedLoss: { ...batched, from: 'this.#dy.fill(0)', to: 'this.#values.dY.write' },
  scalarUpdate: { ...scalar, from: 'export function update(', to: '}' },
  scalarUpdateRows: { ...scalar, from: 'function addRows(', to: '}' },
  scalarUpdateVector: { ...scalar, from: 'function addVector(', to: '}' },
  tensorUpdate: { ...tensor, from: 'const pairs = [', to: 'this.#updates =' },
  batchedUpdate: { ...batched, from: 'const pairs = [', to: 'this.#updates =' },
  scalarSoftmax: { ...scalar, from: 'for (let j = 0; j < dO.length; j++) {', to: '}' },
  tensorSoftmax: { ...tensor, from: 'const backward = (accumulate', to: '];' },
  kernelSoftmax: {
    title: 'The kernel, in its reference form',
    file: kernels,
    from: 'softmax_backward(dx',
    to: '},',
  },
  kernelFused: {
    title: 'Compiled model of fit: the fused kernel, in its reference form',
    file: kernels,
    from: 'softmax_cross_entropy(losses',
    to: '},',
  },
  scalarBatch: {
    title: 'Scalar loops',
    file: 'src/assignment/q7-experiments/forms-run.ts',
    from: 'for (let i = 0; i < batchSize; i++) {',
    to: 'update(network',
  },
  batchedBackward: { ...batched, from: 'this.#backward = [', to: '];' },
  batchedSum: { ...batched, from: 'const each = arena.tensor', to: 'return { each, sum, summing' },
  spread: {
    title: 'Mean and deviation over seeds',
    file: statistics,
    from: 'export function spread(',
    to: '}',
  },
  apart: { title: 'Whether two means differ', file: statistics, from: 'export function apart(', to: '}' },
  bestPoint: { title: 'Where to stop', file: statistics, from: 'export function bestPoint(', to: '}' },
} as const satisfies Readonly<Record<string, Excerpt>>;

export type ExcerptName = keyof typeof excerpts;
