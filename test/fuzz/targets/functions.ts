/**
 * Every public function on misuse. Each is given arguments that are right, then one of them is exchanged for
 * something odd. The lists must be complete: a test compares them with what the modules export.
 */

import type { Network } from '../../../src/index.js';
import { misuse } from '../odd.js';
import type { Random } from '../random.js';
import { expectThat, must, type Target, type World } from '../target.js';

/** How one function is called rightly. */
export interface Call {
  /** Arguments that are right; made anew for each case. */
  valid(r: Random, world: World): readonly unknown[] | Promise<readonly unknown[]>;
  call?(...args: never[]): unknown;
  /** In place of `call`, for a function that needs to know where it is. */
  within?(world: World): (...args: never[]) => unknown;
  /**
   * Throws `Wrong` for a result that is not right; `args` are those that were right, or misuse that was
   * accepted.
   */
  check?(result: unknown, args: readonly unknown[], intact: boolean): void;
  weight?: number;
}

/** A target that calls one function, one time in eight as it should be called. */
export function callTarget(name: string, { valid, call, within, check, weight }: Call): Target {
  return {
    name,
    ...(weight !== undefined && { weight }),
    async run(r, world) {
      const args = await valid(r, world);
      const use = (within?.(world) ?? call) as (...args: readonly unknown[]) => unknown;
      const intact = r.chance(0.125);
      const given = intact ? args : misuse(r, args);
      const result: unknown = await (intact
        ? must('a call as it should be', () => use(...given))
        : use(...given));
      check?.(result, given, intact);
    },
  };
}

/** Calls a function with arguments that need not be what it takes. */
export const apply = <Use extends (...args: never[]) => unknown>(use: Use, args: readonly unknown[]) =>
  (use as unknown as (...args: readonly unknown[]) => ReturnType<Use>)(...args);

/** No number in a result, however deep, may be NaN or infinite. */
export function allFinite(value: unknown, what = 'the result'): void {
  if (typeof value === 'number') expectThat(Number.isFinite(value), () => `${what} is ${value}`);
  else if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    for (const entry of value as Float32Array) allFinite(entry, what);
  } else if (Array.isArray(value))
    for (const [i, entry] of value.entries()) allFinite(entry, `${what}[${i}]`);
  else if (typeof value === 'object' && value !== null) {
    for (const [key, entry] of Object.entries(value)) allFinite(entry, `${what}.${key}`);
  }
}

/** Nor may one in what a model has learnt. */
export function allFiniteIn({ parameters, buffers }: Network): void {
  for (const { name, values } of [...parameters, ...buffers]) allFinite(values, name);
}
