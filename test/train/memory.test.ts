/** Memory is flat: in Wasm and in JavaScript, from the second step on, and after any number of runs. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { createEngine } from '../../src/create/engine.js';
import { createReferenceEngine } from '../../src/create/reference.js';
import { dense } from '../../src/nn/dense.js';
import { sgd } from '../../src/nn/optimizers.js';
import { sequential } from '../../src/nn/sequential.js';
import { evaluate, predict } from '../../src/train/evaluate.js';
import { fit } from '../../src/train/fit.js';
import { lion } from '../nn/lion.js';
import { clouds } from './sets.js';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

const engines = [
  { name: 'wasm', engine: await createEngine({ backend: 'wasm' }) },
  { name: 'reference', engine: createReferenceEngine() },
];
const net = () => sequential(8, [dense(12, { activation: 'tanh' }), dense(3)], { seed: 1 });
const basic = { loss: 'softmaxCrossEntropy', optimizer: sgd({ learningRate: 0.01 }) } as const;

const optimizers = [
  { of: 'plain SGD', optimizer: basic.optimizer, early: 100, extra: {} },
  { of: 'a chain with a transform of one’s own', optimizer: lion(0.001), early: 100, extra: {} },
  {
    of: 'images that change',
    optimizer: basic.optimizer,
    // The loss of mixed labels takes memory for each size of a batch, the last of which comes with step 101.
    early: 102,
    extra: {
      augment: { shift: 1, flip: true, rotate: 20, contrast: 0.2, brightness: 0.1, mixup: 0.3 } as const,
    },
  },
];

describe.each(engines)('memory ($name)', ({ engine }) => {
  test.each(optimizers)(
    'is the same at step 10,000 as at step $early, of $of',
    async ({ optimizer, extra, early: first }) => {
      const taken = new Map<number, { memory: number; top: number; heapUsed: number }>();
      const train = { ...clouds(803, { bytes: true }), imageShape: [2, 4] as const };
      const { steps } = await fit(engine, net(), train, {
        ...{ ...basic, optimizer, ...extra },
        // 100 whole batches and a partial one.
        batchSize: 8,
        epochs: 100,
        validation: clouds(50, { bytes: true }),
        onStep({ step }) {
          if (step !== first && step !== 3000 && step !== 10_000) return;
          gc();
          taken.set(step, {
            memory: engine.memoryBytes,
            top: engine.heap.top,
            heapUsed: process.memoryUsage().heapUsed,
          });
        },
      });
      expect(steps).toBe(10_100);
      const [early, middle, late] = [first, 3000, 10_000].map((step) => taken.get(step)!);
      expect([middle.memory, middle.top]).toEqual([early.memory, early.top]);
      expect([late.memory, late.top]).toEqual([early.memory, early.top]);
      // Ten bytes a step would be 70 kB; a hundred epochs leave their records, and the compiler its code.
      expect(late.heapUsed - middle.heapUsed).toBeLessThan(400_000);
    },
  );

  test('is given back by 200 runs', async () => {
    const train = clouds(30);
    const once = async () => {
      const model = net();
      await fit(engine, model, train, { ...basic, batchSize: 16, epochs: 1, validation: train });
      await evaluate(engine, model, train);
      predict(engine, model, [1, 2, 3, 4, 5, 6, 7, 8]);
    };
    // What `predict` keeps of the model that it saw last is always of one size.
    await once();
    const { top } = engine.heap;
    const held = engine.memoryBytes;
    for (let i = 0; i < 200; i++) {
      await once();
      expect(engine.heap.top).toBe(top);
    }
    expect(engine.memoryBytes).toBe(held);
  });
});
