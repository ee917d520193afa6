/** Predicting from models with several inputs or outputs: inputs come by name, and so do the answers where there are several. */
import { isPlainObject } from '../base/arrays.js';
import { DataError, OptionError, show } from '../base/errors.js';
import { type HeadSpec, headsOf } from '../nn/head.js';
import type { Loss } from '../nn/losses.js';
import type { Network } from '../nn/model.js';
import type { Plan } from '../nn/plan.js';
import { matched } from './check.js';
import { readRows } from './rows.js';

/** Rows [rows, numbers of an input], row-major, of each of a model's inputs by its name. */
export type InputsByName = Readonly<Record<string, ArrayLike<number>>>;

/** The answers of a model with one output; with several, those of each by its name. */
export type ByOutput<T> = T & Readonly<Record<string, T>>;

/** What is asked for: outputs as they are predicted, probabilities of classes, or classes. */
export type Asked = 'outputs' | 'probabilities' | 'classes';

export function isByName(inputs: unknown): inputs is InputsByName {
  return !Array.isArray(inputs) && !ArrayBuffer.isView(inputs) && isPlainObject(inputs);
}

/** `run` computes the plan for so many rows that `fill` writes; `loss` says what the outputs are. */
export function predictByName<T extends Float32Array | Int32Array>(
  where: string,
  model: Network,
  inputs: InputsByName,
  maxRows: number,
  {
    asked,
    loss,
    run,
  }: {
    asked: Asked;
    loss: Loss;
    run: (rows: number, start: number, fill: (plan: Plan) => void) => Plan;
  },
): ByOutput<T> {
  const entries = Object.entries(inputs);
  if (entries.length === 0) throw new OptionError(where, 'inputs: expected some by name, given none');
  const parts = matched(where, 'what is given', 'input', model.inputs, entries);
  const values = parts.map(([name, given], i) => readRows(`${where}, ${name}`, model, given, i));
  const counts = values.map((own, i) => own.length / sizeOf(model.inputs[i].shape));
  const [rows] = counts;
  const other = counts.findIndex((count) => count !== rows);
  if (other >= 0) {
    const names = model.inputs.map(({ name }) => name);
    throw new DataError(
      where,
      `counts differ: ${rows} rows of ${names[0]}, ${counts[other]} of ${names[other]}`,
    );
  }
  const heads = headsOf(where, model, loss);
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
function answers({ loss: { link }, size }: HeadSpec, asked: Asked): boolean {
  if (asked === 'outputs') return true;
  return link !== 'identity' && !(asked === 'classes' && link === 'sigmoid' && size > 1);
}

function widthOf({ size }: HeadSpec, asked: Asked): number {
  return asked === 'probabilities' && size === 1 ? 2 : size;
}

/** A single output is the probability of class 1: with that of class 0 before it. */
export function pairs(ones: ArrayLike<number>): Float32Array {
  return Float32Array.from({ length: 2 * ones.length }, (_, i) => (i % 2 ? ones[i >> 1] : 1 - ones[i >> 1]));
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}
