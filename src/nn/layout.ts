/** Where a model's parameters lie in an engine: one after the other. It runs nothing. */
import { paddedLength, type Tensor } from '../engine/tensor.js';
import type { Parameter } from './values.js';

/** Elements at which each parameter begins; padded rows keep them all on cache lines. */
export function layOut(parameters: readonly Parameter[]): { starts: number[]; total: number } {
  let total = 0;
  const starts = parameters.map(({ shape }) => {
    const start = total;
    const columns = shape[shape.length - 1];
    total += shape.slice(0, -1).reduce((rows, length) => rows * length, 1) * paddedLength(columns);
    return start;
  });
  return { starts, total };
}

/**
 * Each of the parameters or buffers within the flat tensor that holds them all, its rows padded as `layOut`
 * has it.
 */
export function viewsOf(flat: Tensor, all: readonly Parameter[], starts: readonly number[]): Tensor[] {
  return all.map(({ shape }, i) => flat.view(shape, starts[i], paddedLength(shape[shape.length - 1])));
}
