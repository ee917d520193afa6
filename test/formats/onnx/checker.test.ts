/**
 * Files of every kind by ONNX's own rules: its checker, with shapes inferred strictly. Debian's python3-onnx has
 * it. They are skipped where it is not installed, but for continuous integration, which has it.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { writeOnnx } from '../../../src/formats/onnx/write.js';
import { writeOnnx as writeTable } from '../../../src/tables/onnx.js';
import { modelFor, prepare } from '../../tables/onnx-models.js';
import { graphs } from '../graphs.js';
import { imageModels } from './image-models.js';
import { modelsOf } from './models.js';
import { operationModels } from './operation-models.js';
import { randomGraph } from './random-graphs.js';
import { decodeFile, type EditableModel, editFile } from './schema.js';

const { LANEGRAD_PYTHON: python = '/usr/bin/python3' } = process.env;
const isThere = spawnSync(python, ['-c', 'import onnx']).status === 0;

/** What the checker says of each file that it knows the operator set of, by name; null where all is well. */
function check(files: Readonly<Record<string, Uint8Array>>): Record<string, string | null> {
  const folder = mkdtempSync(join(tmpdir(), 'lanegrad-onnx-'));
  try {
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, `${name}.onnx`), bytes);
    const script = join(import.meta.dirname, 'check.py');
    const lines = execFileSync(python, [script, folder], { encoding: 'utf8' }).trim().split('\n');
    const results = lines.map(
      (line) => JSON.parse(line) as { file?: string; error: string | null; opset?: number },
    );
    const newest = results.at(-1)!.opset!;
    return Object.fromEntries(
      results
        .slice(0, -1)
        .map(({ file, error }) => [file!.slice(0, -5), error] as const)
        .filter(([name]) => opsetOf(files[name]) <= newest),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function opsetOf(bytes: Uint8Array): number {
  return (decodeFile(bytes) as unknown as EditableModel).opsetImport[0].version;
}

const problems = (results: Record<string, string | null>) =>
  Object.entries(results).filter(([, error]) => error !== null);

describe.skipIf(!isThere && !process.env.CI)('the checker finds nothing wrong with', () => {
  test.each([
    ['networks', graphs],
    [
      'networks of images',
      Object.fromEntries(Object.entries(imageModels).map(([name, [make]]) => [name, make])),
    ],
    ['rare shapes', operationModels],
  ])('%s', (_, models) => {
    const files = Object.entries(models).map(([, make], i) => [`${i}`, writeOnnx(make())] as const);
    const results = check(Object.fromEntries(files));
    expect(problems(results)).toEqual([]);
    expect(Object.keys(results).length).toBeGreaterThan(0.8 * files.length);
  });

  test('lists of layers', () => {
    const models = fc.sample(modelsOf(true), { numRuns: 60, seed: 3 });
    const files = models.map((model, i) => [`${i}`, writeOnnx(model, { softmax: i % 3 === 0 })] as const);
    const results = check(Object.fromEntries(files));
    expect(problems(results)).toEqual([]);
    expect(Object.keys(results)).toHaveLength(60);
  });

  test('random graphs', () => {
    const models = Array.from({ length: 100 }, (_, seed) => randomGraph(seed)).filter(
      (own) => own !== undefined,
    );
    const results = check(Object.fromEntries(models.map((model, i) => [`${i}`, writeOnnx(model)])));
    expect(problems(results)).toEqual([]);
    expect(Object.keys(results).length).toBeGreaterThan(60);
  });

  test('tables, whose columns are prepared inside', async () => {
    const files: Record<string, Uint8Array> = {};
    for (const target of ['price', 'kind'] as const) {
      const { preparation: table, inputSize } = await prepare(target);
      const model = modelFor(table, inputSize);
      for (const rawInputs of [true, false])
        files[`${target} ${rawInputs}`] = writeTable(model, { metadata: { table }, rawInputs });
    }
    const results = check(files);
    expect(problems(results)).toEqual([]);
    expect(Object.keys(results)).toHaveLength(4);
  });

  test('raw pixels and probabilities', () => {
    const metadata = { input: { scale: 1 / 255, offset: -0.5 } };
    const model = imageModels.lenet[0]();
    const results = check({ lenet: writeOnnx(model, { metadata, rawInputs: true, softmax: true }) });
    expect(results).toEqual({ lenet: null });
  });

  test('and the check can fail: an older operator set has no such form', () => {
    const older = (bytes: Uint8Array) =>
      editFile(bytes, (model) => {
        model.opsetImport[0].version--;
      });
    const norms = writeOnnx(graphs.norms());
    expect(opsetOf(norms)).toBe(17);
    const sums = older(writeOnnx(graphs.reductions()));
    const broken = check({ norms: older(norms), sums });
    expect(broken.norms).toMatch(/LayerNormalization/);
    expect(broken.sums).toMatch(/ReduceSum/);
  });
});
