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
      const taken: { memory: number; top: number; heapUsed: number }[] = [];
      await fit(engine, model, setOf(example, 50), {
        ...{ loss, optimizer: sgd({ learningRate: 0.01 }), batchSize: 8, epochs: 300 },
        onStep({ step }) {
          if (step !== 100 && (step > 2000 || step % 500 !== 0)) return;
          gc();
          const { memoryBytes: memory, heap } = engine;
          taken.push({ memory, top: heap.top, heapUsed: process.memoryUsage().heapUsed });
        },
      });
      expect(taken).toHaveLength(5);
      for (const later of taken) expect([later.memory, later.top]).toEqual([taken[0].memory, taken[0].top]);
      // Epochs leave their records, and on a busy machine the compiler its code at any time: but what every
      // step leaves is there in each of the intervals of 500.
      const grown = [2, 3, 4].map((i) => taken[i].heapUsed - taken[i - 1].heapUsed);
      expect(Math.min(...grown)).toBeLessThan(100_000);
      expect(engine.heap.top).toBe(top);
    },
  );
});
