/** Inputs by name. */
import { isPlainObject } from '../base/arrays.js';
import { OptionError } from '../base/errors.js';
import type { Network } from '../nn/model.js';
import { matched } from './check.js';
import { readRows } from './rows.js';

/** Rows [rows, numbers of an input], row-major, of each of a model's inputs by its name. */
export type InputsByName = Readonly<Record<string, ArrayLike<number>>>;

export function isByName(inputs: unknown): inputs is InputsByName {
  return !Array.isArray(inputs) && !ArrayBuffer.isView(inputs) && isPlainObject(inputs);
}

/** Rows for each of the model's inputs, in its order. */
export function readByName(where: string, model: Network, inputs: InputsByName): Float32Array[] {
  const entries = Object.entries(inputs);
  if (entries.length === 0) throw new OptionError(where, 'inputs: expected some by name, given none');
  const parts = matched(where, 'what is given', 'input', model.inputs, entries);
  return parts.map(([name, given], i) => readRows(`${where}, ${name}`, model, given, i));
}
