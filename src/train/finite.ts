/**
 * That no number which is given out, or trained on, is NaN or infinite: the one test for all functions that
 * compute.
 */
import { NonFiniteError, show } from '../base/errors.js';
import type { Compiled } from '../nn/compiled.js';
import { allValues, type Network } from '../nn/model.js';
import type { HeadPlan, Plan } from '../nn/plan.js';

/** Where training stands; absent where nothing is trained. */
export interface Progress {
  readonly step: number;
  readonly epoch: number;
}

/**
 * Throws NonFiniteError for weights or buffers that are NaN or infinite: an input of 0 or a batch that is
 * kept compressed would not show it.
 */
export function checkWeights(where: string, compiled: Compiled, progress?: Progress): void {
  if (compiled.parametersAreFinite()) return;
  const { name, index, value } = firstNonFinite(compiled.model) ?? { name: 'a weight', index: 0, value: NaN };
  throw new NonFiniteError(
    where,
    `${name} of the model${after(progress)}: expected finite values, given ${show(value)} at ${index}`,
    progress?.step,
    progress?.epoch,
  );
}

function firstNonFinite(model: Network): { name: string; index: number; value: number } | undefined {
  for (const { name, values } of allValues(model)) {
    const index = values.findIndex((value) => !Number.isFinite(value));
    if (index >= 0) return { name, index, value: values[index] };
  }
  return undefined;
}

/**
 * After `forward`, and `loss` where it is given: throws NonFiniteError that names the row, `place` of the
 * batch's first one counted in, when an output or a loss is NaN or infinite. `rows` are those of the plan
 * that count, where not all do.
 */
export function checkRows(
  where: string,
  plan: Plan,
  place: (row: number) => { row?: number; words: string },
  {
    loss = 0,
    progress,
    rows = plan.rows,
  }: { loss?: number; progress?: Progress | undefined; rows?: number } = {},
): void {
  const { outputs } = plan.ports;
  for (let i = 0; i < outputs.length; i++) {
    const head = outputs[i];
    if (Number.isFinite(loss) && head.outputsAreFinite()) continue;
    checkHead(where, head, place, outputs.length > 1 ? ` of ${head.name}` : '', { loss, progress, rows });
  }
}

function checkHead(
  where: string,
  plan: HeadPlan,
  place: (row: number) => { row?: number; words: string },
  which: string,
  { loss, progress, rows }: { loss: number; progress: Progress | undefined; rows: number },
): void {
  const outputs = plan.outputs.read();
  const losses = Number.isFinite(loss) ? [] : plan.losses.read();
  const width = plan.outputs.columns;
  for (let row = 0; row < rows; row++) {
    const output = outputs.subarray(row * width, (row + 1) * width).find((value) => !Number.isFinite(value));
    const value = output ?? losses[row] ?? 0;
    if (Number.isFinite(value)) continue;
    const at = place(row);
    throw new NonFiniteError(
      where,
      `${at.words}${after(progress)}: ${output === undefined ? 'the loss' : 'an output'}${which} is ${show(value)}; its inputs or the weights are too large`,
      progress?.step,
      progress?.epoch,
      at.row,
    );
  }
}

function after(progress: Progress | undefined): string {
  return progress ? ` after step ${progress.step} (epoch ${progress.epoch})` : '';
}

/** Rows by their number in a set, counted from 0. */
export function rowsFrom(start: number): (row: number) => { row: number; words: string } {
  return (row) => ({ row: start + row, words: `row ${start + row}` });
}
