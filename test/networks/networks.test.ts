/** Networks as users write them: gradients, and the first ten losses of SGD beside PyTorch's (fixtures.py), on every engine. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createEngine } from '../../src/create/engine.js';
import { createReferenceEngine } from '../../src/create/reference.js';
import { gradcheck } from '../../src/train/gradcheck.js';
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
