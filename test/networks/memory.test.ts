/** Steps of networks of any shape allocate nothing, in Wasm and in JavaScript, and leave nothing behind. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { fit, sgd } from 'lanegrad';
import { describe, expect, test } from 'vitest';
import { createEngine } from '../../src/create/engine.js';
import { createReferenceEngine } from '../../src/create/reference.js';
import { examples, setOf } from './examples.js';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

const engines = [
  { name: 'wasm', engine: await createEngine({ backend: 'wasm' }) },
  { name: 'reference', engine: createReferenceEngine() },
];
const { transformer, several, focal } = examples;

describe.each(engines)('memory ($name)', ({ engine }) => {
  test.each(Object.entries({ transformer, several, focal }))(
    'of %s is the same at step 2,000 as at step 100',
    async (_, example) => {
      const { model, loss } = example.make();
      const { top } = engine.heap;
      const taken = new Map<number, { memory: number; top: number; heapUsed: number }>();
      await fit(engine, model, setOf(example, 50), {
        ...{ loss, optimizer: sgd({ learningRate: 0.01 }), batchSize: 8, epochs: 300 },
        onStep({ step }) {
          if (step !== 100 && step !== 1000 && step !== 2000) return;
          gc();
          const { memoryBytes: memory, heap } = engine;
          taken.set(step, { memory, top: heap.top, heapUsed: process.memoryUsage().heapUsed });
        },
      });
      const [early, middle, late] = [100, 1000, 2000].map((step) => taken.get(step)!);
      expect([middle.memory, middle.top]).toEqual([early.memory, early.top]);
      expect([late.memory, late.top]).toEqual([early.memory, early.top]);
      // Fifty bytes a step would be 50 kB; a hundred and forty epochs leave their records, and the compiler
      // its code.
      expect(late.heapUsed - middle.heapUsed).toBeLessThan(400_000);
      expect(engine.heap.top).toBe(top);
    },
  );
});
