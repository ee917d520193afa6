/** Every operation in rare shapes, and random graphs: ONNX Runtime computes what lanegrad does. */
import { expect, test } from 'vitest';
import { writeOnnx } from '../../../src/formats/onnx/write.js';
import { describeGraph } from '../../../src/nn/graph-file.js';
import { operations } from '../../../src/ops/registry.js';
import { numbersFor, outputsOf } from '../graphs.js';
import { filled } from './models.js';
import { operationModels } from './operation-models.js';
import { randomGraph } from './random-graphs.js';
import { runNetwork } from './run-network.js';
import { worstDifference } from './runtime.js';

/** Float32 on one side, float64 on the other. */
const BOUND = 2e-5;
const GRAPHS = 200;

test.each(Object.keys(operationModels))('%s', async (name) => {
  const model = filled(operationModels[name]());
  const bytes = writeOnnx(model);
  // With all that the runtime joins, and with little of it.
  for (const [rows, level] of [
    [1, 'all'],
    [3, 'basic'],
  ] as const) {
    const numbers = numbersFor(model, rows);
    const { values, dims, names } = await runNetwork(bytes, model, numbers, rows, level);
    expect(names).toEqual(model.outputs.map((port) => port.name));
    expect(dims).toEqual(model.outputs.map(({ shape }) => [rows, ...shape]));
    for (const [i, expected] of outputsOf(model, numbers, rows).entries())
      expect(worstDifference(values[i], expected), names[i]).toBeLessThan(BOUND);
  }
});

test('random graphs', async () => {
  const used = new Set<string>();
  let compared = 0;
  for (let seed = 0; seed < GRAPHS; seed++) {
    const made = randomGraph(seed);
    if (!made) continue;
    const model = filled(made);
    const rows = 1 + (seed % 3);
    const numbers = numbersFor(model, rows);
    const level = seed % 2 === 0 ? 'basic' : 'all';
    const { values } = await runNetwork(writeOnnx(model), model, numbers, rows, level);
    for (const [i, expected] of outputsOf(model, numbers, rows).entries())
      expect(worstDifference(values[i], expected), `graph ${seed}, output ${i}`).toBeLessThan(1e-4);
    for (const { op } of describeGraph(model).nodes) used.add(op);
    compared++;
  }
  expect([...operations.keys()].filter((name) => !used.has(name))).toEqual([]);
  expect(compared).toBeGreaterThan(GRAPHS / 2);
}, 120_000);
