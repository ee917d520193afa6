/** What the tests of refused graphs share: a few networks, and what holds of every refusal. */
import {
  add,
  CompiledModel,
  createEngine,
  dense,
  input,
  type Loss,
  type LossFunction,
  layer,
  type Network,
  network,
  sgd,
  type Value,
} from 'lanegrad';
import { describe, expect, test } from 'vitest';

export const engine = await createEngine({ math: 'strict' });

/** Runs in a layer, on [rows, 2, 3] and [rows, 4]. */
export function inBlock(compute: (cube: Value, line: Value) => unknown): () => unknown {
  return () => layer('block', compute as never)(input([2, 3]), input([4]));
}

export function compiled(model: Network, loss: unknown): CompiledModel {
  return new CompiledModel(engine, model, {
    ...{ maxRows: 4, loss: loss as Loss, optimizer: sgd({ learningRate: 0.1 }) },
  });
}

export function simple(): Network {
  const x = input([4]);
  return network(x, dense(3)(x));
}

export function several(): Network {
  const [left, right] = [input([4], { name: 'left' }), input([4], { name: 'right' })];
  return network({ left, right }, { both: dense(2)(add(left, right)), second: dense(1)(right) });
}

export const withLoss = (loss: LossFunction) => () => compiled(simple(), loss);

export type Refusal = [
  name: string,
  run: () => unknown,
  error: new (...given: never[]) => Error,
  message: RegExp,
];

/** Each is refused with its error, and leaves nothing behind. */
export function testRefusals(groups: Readonly<Record<string, Refusal[]>>): void {
  describe.each(Object.entries(groups))('%s', (_, refusals) => {
    test.each(refusals)('%s', (_name, run, error, message) => {
      const { top } = engine.heap;
      let thrown: unknown;
      try {
        run();
      } catch (caught) {
        thrown = caught;
      }
      expect(thrown).toBeInstanceOf(error);
      expect((thrown as Error).message).toMatch(message);
      expect(engine.heap.top).toBe(top);
      // No layer is left open: what is made now is in none.
      expect(() => add(input([1]), 'after' as never)).toThrow(/^add: b: /);
    });
  });
}
