/**
 * Predicting from models with several inputs or outputs: rows of each input, and answers of each output. It
 * comes along with `network`.
 */
import { elementsOf } from '../base/arrays.js';
import { DataError, OptionError, show } from '../base/errors.js';
import type { Loss } from './losses.js';
import { pairs } from './pairs.js';
import type { Plan } from './plan.js';

/** The answers of a model with one output; with several, those of each by its name. */
export type ByOutput<T> = T & Readonly<Record<string, T>>;

/** What is asked for: outputs as they are predicted, probabilities of classes, or classes. */
export type Asked = 'outputs' | 'probabilities' | 'classes';

interface Head {
  readonly name: string;
  readonly loss: Loss;
  readonly size: number;
}

/**
 * `values` has rows for each of the `inputs`; `run` computes the plan for so many rows that `fill` writes.
 */
export function predictSeveral<T extends Float32Array | Int32Array>(
  where: string,
  values: readonly Float32Array[],
  {
    inputs,
    heads,
    asked,
    maxRows,
    run,
  }: {
    inputs: readonly { readonly name: string; readonly shape: readonly number[] }[];
    heads: readonly Head[];
    asked: Asked;
    maxRows: number;
    run: (rows: number, start: number, fill: (plan: Plan) => void) => Plan;
  },
): ByOutput<T> {
  const counts = values.map((own, i) => own.length / elementsOf(inputs[i].shape));
  const [rows] = counts;
  const other = counts.findIndex((count) => count !== rows);
  if (other >= 0) {
    const names = inputs.map(({ name }) => name);
    throw new DataError(
      where,
      `counts differ: ${rows} rows of ${names[0]}, ${counts[other]} of ${names[other]}`,
    );
  }
  const wanted = heads.flatMap((head, i) => (answers(head, asked) ? [i] : []));
  if (wanted.length === 0) {
    const kinds = heads.map(({ name, loss: own }) => `${name} of ${show(own.kind)}`).join(', ');
    throw new OptionError(where, `expected an output that tells classes apart, given ${kinds}`);
  }
  const results = wanted.map((i) => {
    const count = rows * (asked === 'classes' ? 1 : widthOf(heads[i], asked));
    return asked === 'classes' ? new Int32Array(count) : new Float32Array(count);
  });
  for (let start = 0; start < rows; start += maxRows) {
    const count = Math.min(maxRows, rows - start);
    const plan = run(count, start, ({ ports }) => {
      for (const [i, own] of values.entries()) {
        const size = own.length / rows;
        ports.inputs[i].values.write(own.subarray(start * size, (start + count) * size), 0);
        ports.inputs[i].loaded();
      }
    });
    for (const [k, i] of wanted.entries()) {
      const head = plan.ports.outputs[i];
      const read = asked === 'classes' ? head.predictions.read(count) : head.probabilities.read(count);
      const isPair = asked === 'probabilities' && heads[i].size === 1;
      results[k].set(isPair ? pairs(read) : read, start * (results[k].length / rows));
    }
  }
  if (heads.length === 1) return results[0] as ByOutput<T>;
  return Object.fromEntries(wanted.map((i, k) => [heads[i].name, results[k]])) as ByOutput<T>;
}

/** Whether an output has what is asked for. */
function answers({ loss: { link }, size }: Head, asked: Asked): boolean {
  if (asked === 'outputs') return true;
  return link !== 'identity' && !(asked === 'classes' && link === 'sigmoid' && size > 1);
}

function widthOf({ size }: Head, asked: Asked): number {
  return asked === 'probabilities' && size === 1 ? 2 : size;
}
