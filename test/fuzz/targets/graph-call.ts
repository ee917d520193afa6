/** Functions of values as targets: what they make of a row's numbers, by the reference. */
import type { Value } from '../../../src/index.js';
import * as lanegrad from '../../../src/index.js';
import type { Random } from '../random.js';
import { expectThat, type World } from '../target.js';
import { allFinite, type Call } from './functions.js';

const { constant, flatten, input, network, parameter, predict, reshape } = lanegrad;

/**
 * A row's numbers as they stand in [rows, 2, 3], and what a function makes of them when it is called as it
 * should be.
 */
interface Case {
  readonly args: readonly unknown[];
  readonly expected: readonly number[];
}

interface At {
  readonly x: Value;
  readonly row: Float32Array;
  readonly expected: readonly number[];
  readonly world: World;
}

/** Of the case at hand: cases come one after the other. */
export let current: At;

/** Without `expected` where a target checks its results itself. */
export function begin(at: Omit<At, 'expected'> & Partial<At>): void {
  current = { expected: [], ...at };
}

/** The numbers of a value that is made of the input. */
export function run(value: Value): Float32Array {
  const { x, row, world } = current;
  const one = parameter('one', [1], constant(1));
  // What has no rows is given to each.
  const zero = lanegrad.mul(lanegrad.slice(flatten(x), 1, 0, 1), 0);
  const model = network(x, lanegrad.add(lanegrad.mul(reshape(value, [-1]), one), zero));
  if (model.outputSize > 1e5) return new Float32Array(0);
  return predict(world.reference, model, row, { loss: 'meanSquaredError' });
}

export function graphCall(
  make: (r: Random, x: Value, row: Float32Array) => Case,
  call: (...args: never[]) => unknown,
): Call {
  return {
    valid(r, world) {
      const x = input([2, 3]);
      const row = r.floats(6);
      const { args, expected } = make(r, x, row);
      begin({ x, row, expected, world });
      return args;
    },
    call: (...args) => run(call(...args) as Value),
    check(result, _, intact) {
      allFinite(result);
      if (!intact) return;
      const { expected } = current;
      const got = result as Float32Array;
      expectThat(got.length === expected.length, () => `${got.length} numbers, expected ${expected.length}`);
      for (const [i, value] of expected.entries()) {
        const holds = Math.abs(got[i] - value) <= 1e-5 * (1 + Math.abs(value));
        expectThat(holds, () => `number ${i} is ${got[i]}, expected ${value}`);
      }
    },
  };
}
