/**
 * Networks as users write them: gradients, and the first ten losses of SGD beside PyTorch's (fixtures.py), on
 * every engine.
 */
import { readFileSync } from 'node:fs';
import { flatten, input, network, predict } from 'lanegrad';
import { describe, expect, test } from 'vitest';
import { createEngine } from '../../src/create/engine.js';
import { createReferenceEngine } from '../../src/create/reference.js';
import { gradcheck } from '../../src/train/gradcheck.js';
import { attention } from './attention.js';
import { all, examples, ROWS, train } from './examples.js';

const fixtures = JSON.parse(readFileSync(new URL('fixtures.json', import.meta.url), 'utf8')) as Record<
  string,
  { parameters: number[][]; losses: number[] }
>;

const strict = await createEngine({ backend: 'wasm', math: 'strict' });
const engines = [
  { engine: strict, name: 'strict' },
  { engine: await createEngine({ backend: 'wasm', math: 'fma' }), name: 'fma' },
  { engine: createReferenceEngine(), name: 'reference' },
  { engine: createReferenceEngine({ precision: 'float64' }), name: 'float64' },
];

test('none is without a fixture', () => {
  expect(Object.keys(examples)).toEqual(Object.keys(fixtures));
});

describe.each(all)('$name', ({ name, example }) => {
  test('has parameters of the shapes that PyTorch has', () => {
    expect(example.make().model.parameters.map(({ shape }) => [...shape])).toEqual(fixtures[name].parameters);
  });

  test('has gradients that pass, in float64 and on every engine', () => {
    const { model, loss } = example.make();
    const others = new Map(engines.slice(0, 3).map((one) => [one.name, one.engine]));
    const { parameters, passed } = gradcheck(model, { loss, rows: ROWS, engines: others });
    expect(parameters.filter((own) => !own.passed).map((own) => [own.name, own.error])).toEqual([]);
    expect(passed).toBe(true);
    // The difference of what two biases alike were added to does not know of them.
    const without = name === 'siamese' ? ['encoder.dense_1.bias'] : [];
    expect(parameters.filter(({ largest }) => !(largest > 1e-6)).map((own) => own.name)).toEqual(without);
  });

  test.each(engines)('has the losses that PyTorch has: $name', ({ name: engineName, engine }) => {
    const { losses } = train(engine, example);
    const bound = engineName === 'float64' ? 1e-8 : 2e-6;
    const errors = losses.map(
      (loss, i) => Math.abs(loss - fixtures[name].losses[i]) / fixtures[name].losses[i],
    );
    expect(Math.max(...errors), String(losses)).toBeLessThan(bound);
  });
});

test('attention is causal: no place knows of those behind it', () => {
  const x = input([5, 8]);
  const model = network(x, flatten(attention(2)(x)), { seed: 1 });
  const row = Float32Array.from({ length: 40 }, (_, i) => Math.sin(i));
  const outputs = (changed: number) => {
    const inputs = row.map((value, i) => (i >= 8 * changed ? value + 1 : value));
    return [...predict(strict, model, inputs, { loss: 'meanSquaredError' })];
  };
  const before = outputs(5);
  for (const changed of [1, 2, 3, 4]) {
    const after = outputs(changed);
    expect(after.slice(0, 8 * changed)).toEqual(before.slice(0, 8 * changed));
    expect(after[8 * changed]).not.toBe(before[8 * changed]);
  }
});
