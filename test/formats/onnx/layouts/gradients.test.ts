/** Gradients of imported networks: every parameter of each layout against finite differences in float64. */
import { expect, test } from 'vitest';
import { readOnnx } from '../../../../src/formats/onnx/read.js';
import { gradcheck } from '../../../../src/train/gradcheck.js';
import { layoutNames, readLayout } from './layout.js';
import { trainingSet } from './run.js';

test.each(layoutNames)('%s', (name) => {
  const layout = readLayout(name);
  const { model } = readOnnx(layout.bytes, name);
  const set = trainingSet(layout, model, 3);
  const { parameters, passed, loss } = gradcheck(model, {
    set,
    rows: set.size,
    loss: 'meanSquaredError',
    samples: Infinity,
  });
  expect(loss).toBeGreaterThan(0);
  expect(parameters.filter((own) => !own.passed)).toEqual([]);
  expect(passed).toBe(true);
  expect(parameters.map((own) => own.name)).toEqual(model.parameters.map((own) => own.name));
});
