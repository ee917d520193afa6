/**
 * Networks of any shape in files: a process that has never seen their code reads them, computes the same
 * bits, and trains them on to the same weights. The loss is in the file too.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fit, predict, sgd, writeModel } from 'lanegrad';
import { afterAll, expect, test } from 'vitest';
import { createEngine } from '../../src/create/engine.js';
import { all, bits, dataOf, setOf } from './examples.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'lanegrad-networks-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** What the other process does: it knows the package and the files, and nothing else. */
const OTHER = `
import { readFileSync } from 'node:fs';
import { createEngine, dataset, fit, predict, readModel, sgd } from 'lanegrad';
const engine = await createEngine({ math: 'strict', threads: 1 });
const found = {};
for (const { name, rows, set } of JSON.parse(readFileSync('examples.json', 'utf8'))) {
  const { model } = readModel(readFileSync(name + '.lanegrad'), name);
  const outputs = predict(engine, model, rows);
  const { loss } = model;
  await fit(engine, model, dataset(set), { loss, optimizer: sgd({ learningRate: 0.1 }), epochs: 2, batchSize: 8 });
  const weights = model.parameters.map(({ values }) => [...new Uint32Array(values.buffer, values.byteOffset, values.length)]);
  found[name] = { outputs: plain(outputs), weights };
}
console.log(JSON.stringify(found));

function plain(value) {
  if (ArrayBuffer.isView(value)) return [...value];
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, own]) => [name, plain(own)]));
}
`;

/** Typed arrays, however deep, as JSON has them. */
function plain(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return [...(value as Float32Array)];
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, own]) => [name, plain(own)]));
}

test('are the same networks in a process that has never seen their code', async () => {
  const engine = await createEngine({ math: 'strict', threads: 1 });
  const given: object[] = [];
  const expected: Record<string, unknown> = {};
  const trained = { optimizer: sgd({ learningRate: 0.1 }), epochs: 2, batchSize: 8 };
  for (const { name, example } of all) {
    const { model, loss } = example.make();
    const set = setOf(example, 60);
    await fit(engine, model, set, { ...trained, loss });
    writeFileSync(join(folder, `${name}.lanegrad`), writeModel(model));
    const { inputs, ...answers } = dataOf(example, 60);
    const rows = plain(inputs);
    given.push({ name, rows, set: { inputs: rows, ...(plain(answers) as object) } });
    const outputs = plain(predict(engine, model, inputs as Float32Array));
    await fit(engine, model, set, { ...trained, loss });
    expected[name] = { outputs, weights: bits(model) };
  }
  writeFileSync(join(folder, 'examples.json'), JSON.stringify(given));
  // Beside the package, so that its name is known.
  const script = join(root, 'build', `read-networks-${process.pid}.mjs`);
  writeFileSync(script, OTHER);
  try {
    const printed = execFileSync(process.execPath, [script], { cwd: folder, encoding: 'utf8' });
    const found = JSON.parse(printed) as typeof expected;
    for (const { name } of all) expect(found[name], name).toEqual(expected[name]);
  } finally {
    rmSync(script);
  }
});
