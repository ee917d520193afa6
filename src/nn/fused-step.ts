/**
 * Backward and plain SGD where some weights are updated as their gradients are made: these gradients are never
 * written, and the weights pass through the caches once.
 */
import type { Tensor } from '../engine/tensor.js';
import { type BoundStep, type Memory, run } from '../graph/bind.js';
import type { Slot } from '../graph/program.js';
import { productSgd } from '../ops/matmul.js';
import { asMatrix } from '../ops/operation.js';
import type { SparseRows } from '../ops/sparse.js';
import type { Training } from './training.js';
import type { Update } from './update.js';

type StepCall = (learningRate: number, step: number) => void;

interface Model {
  readonly fusible: Training['fusible'];
  readonly memory: Memory;
  readonly sparse: ReadonlyMap<Slot, SparseRows>;
  /** Of each parameter; the gradients of those that are trained. */
  readonly parameters: readonly Tensor[];
  readonly gradients: readonly (Tensor | undefined)[];
  readonly update: Update;
}

/** The calls of a step for batches of `rows` rows; undefined where nothing is faster in one. */
export function fusedStep(
  bound: readonly BoundStep[],
  rows: number,
  model: Model,
): readonly StepCall[] | undefined {
  const { fusible, memory, parameters, gradients, update } = model;
  const fused: Tensor[] = [];
  const calls: StepCall[] = bound.flatMap((one) => {
    if (one.step.part !== 'backward') return [];
    const parameter = fusible.get(one.step);
    const w = parameter && memory.tensor(parameter);
    const sgdStep = w && bindSgd(w, one, rows, model);
    if (sgdStep) fused.push(w);
    return sgdStep ?? one.calls;
  });
  if (fused.length === 0) return undefined;
  for (const [i, w] of parameters.entries()) {
    const g = gradients[i];
    if (g && !fused.includes(w)) calls.push(update.partial(w, g));
  }
  return calls;
}

/** The gradient of w and its step of plain SGD; undefined where they are as fast apart. */
function bindSgd(w: Tensor, { step, calls }: BoundStep, rows: number, { memory, sparse, update }: Model) {
  const [x, dy] = step.inputs.map((slot) => memory.of(slot, rows));
  const dense = productSgd({ w, a: asMatrix(x), b: asMatrix(dy) });
  const entries = sparse.get(step.inputs[0]);
  if (!entries) return dense;
  const whenSparse = entries.sgdStep({ w, dy });
  const after = update.partial(w, memory.tensor(step.outputs[0]!));
  const whenDense =
    dense ??
    ((learningRate: number) => {
      run(calls);
      after(learningRate, 1);
    });
  return (learningRate: number) => (entries.active ? whenSparse : whenDense)(learningRate);
}
