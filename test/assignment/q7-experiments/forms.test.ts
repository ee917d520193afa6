/** All forms side by side: the same losses, and a speed for each. */
import { describe, expect, test } from 'vitest';
import { compareForms } from '../../../src/assignment/q7-experiments/forms.js';
import { measureForms } from '../../../src/assignment/q7-experiments/speed.js';
import { NonFiniteError, OptionError } from '../../../src/base/errors.js';
import { createEngine } from '../../../src/create/engine.js';
import { createReferenceEngine } from '../../../src/create/reference.js';
import { dataset } from '../../../src/data/dataset.js';
import { loadMnist } from '../../../src/data/mnist.js';
import type { Progress } from '../../../src/tasks/executor.js';

/** Three classes of 12 noisy bytes. */
function toy(size: number) {
  const labels = Int32Array.from({ length: size }, (_, i) => i % 3);
  const inputs = Uint8Array.from({ length: size * 12 }, (_, i) => {
    const [row, column] = [Math.floor(i / 12), i % 12];
    return (column % 3 === labels[row] ? 180 : 0) + 70 * Math.abs(Math.sin(12.9898 * i));
  });
  return dataset({ name: 'toy', inputs, labels });
}

describe('compareForms', () => {
  test('784-300-10 on MNIST: all forms agree to 1e-5 over 200 steps', async () => {
    const { train } = await loadMnist();
    const engine = await createEngine({ backend: 'wasm', math: 'strict' });
    const result = await compareForms(train, { engines: [engine] });
    expect(result).toMatchObject({
      layers: [784, 300, 10],
      steps: 200,
      batchSize: 8,
      tolerance: 1e-5,
      agree: true,
    });
    expect(result.forms.map(({ form }) => form)).toEqual(['scalar', 'tensor', 'batched', 'fit']);
    for (const { losses, maxRelativeDifference } of result.forms) {
      expect(losses).toHaveLength(200);
      expect(maxRelativeDifference).toBeLessThan(1e-5);
      expect(losses[199]).toBeLessThan(0.5 * losses[0]);
    }
    expect(engine.disposed).toBe(false);
  }, 120_000);

  test('every form on every engine, from bytes, going through the set more than once', async () => {
    const seen: Progress[] = [];
    const onProgress = (progress: Progress) => void seen.push(progress);
    const result = await compareForms(toy(100), { hidden: 6, steps: 60, learningRate: 0.5, onProgress });
    expect(result.forms.length).toBeGreaterThanOrEqual(7);
    expect(result.agree).toBe(true);
    expect(result.forms[0]).toMatchObject({ form: 'scalar', maxRelativeDifference: 0 });
    const { worstStep, maxRelativeDifference } = result;
    const losses = result.forms.map((form) => form.losses[worstStep - 1]);
    expect((Math.max(...losses) - Math.min(...losses)) / Math.min(...losses)).toBe(maxRelativeDifference);
    expect(result.forms[0].losses.at(-1)).toBeLessThan(0.5 * result.forms[0].losses[0]);
    expect(seen.at(-1)!.done).toBe(seen.at(-1)!.total);
  });

  test('another seed, another curve', async () => {
    const options = { hidden: 6, steps: 5, engines: [createReferenceEngine()] };
    const [one, same, two] = [1, 1, 2].map((seed) => compareForms(toy(100), { ...options, seed }));
    expect((await same).forms.map(({ losses }) => losses)).toEqual(
      (await one).forms.map(({ losses }) => losses),
    );
    expect((await two).forms[0].losses).not.toEqual((await one).forms[0].losses);
  });

  test('refuses what does not fit', async () => {
    const none: unknown = undefined;
    await expect(compareForms(none as never)).rejects.toThrow(OptionError);
    await expect(compareForms(toy(9), { engines: [] })).rejects.toThrow(/one at least/);
    await expect(compareForms(toy(9), { steps: 0.5 })).rejects.toThrow(OptionError);
    await expect(compareForms(toy(9), { hidden: 3, learningRate: 1e300 })).rejects.toThrow(NonFiniteError);
    const reason = new Error('enough');
    await expect(compareForms(toy(9), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

describe('measureForms', () => {
  test('gives every form a speed', async () => {
    const seen: Progress[] = [];
    const threaded = await createEngine({ backend: 'wasm', math: 'strict', threads: 2 });
    const engines = [createReferenceEngine(), threaded];
    const options = { hidden: 6, batchSize: 4, seconds: 0.03, rounds: 3, engines };
    const { rows, rounds } = await measureForms(toy(100), {
      ...options,
      onProgress: (p) => void seen.push(p),
    });
    expect(rounds).toBe(3);
    expect(rows.map(({ form }) => form)).toEqual([
      'scalar',
      'tensor',
      'tensor',
      'batched',
      'batched',
      'batched',
      'batched',
      'fit',
      'fit',
    ]);
    expect(new Set(rows.map(({ label }) => label)).size).toBe(rows.length);
    expect(rows.filter(({ threads }) => threads === 2)).toHaveLength(4);
    for (const { label, samplesPerSecond, timesScalar, threads, batchSize } of rows) {
      const { min, median, max } = samplesPerSecond;
      expect(min).toBeGreaterThan(0);
      expect(median).toBeGreaterThanOrEqual(min);
      expect(max).toBeGreaterThanOrEqual(median);
      expect(timesScalar).toBeCloseTo(median / rows[0].samplesPerSecond.median, 9);
      expect(threads).toBe(/, 2 threads/.test(label) ? 2 : 1);
      expect(batchSize).toBe(4);
    }
    expect(seen.at(-1)).toMatchObject({ done: 27, total: 27 });
    expect(engines.map((engine) => engine.disposed)).toEqual([false, false]);
  });

  test('refuses what does not fit, and stops when told to', async () => {
    await expect(measureForms(toy(9), { rounds: 0 })).rejects.toThrow(OptionError);
    await expect(measureForms(toy(9), { seconds: 0 })).rejects.toThrow(OptionError);
    const reason = new Error('enough');
    const controller = new AbortController();
    const options = { hidden: 3, engines: [createReferenceEngine()], signal: controller.signal };
    const onProgress = () => controller.abort(reason);
    await expect(measureForms(toy(9), { ...options, onProgress })).rejects.toBe(reason);
  });
});
