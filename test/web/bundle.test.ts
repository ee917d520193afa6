/** What a browser's bundle holds: nothing of Node, and nothing that not every browser has. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root } from './server.js';

const entries = [
  'dist/index.js',
  'dist/trainer/index.js',
  'dist/trainer/worker.js',
  'dist/trainer/inline-worker.js',
  'dist/inline.js',
  'dist/reference.js',
];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lanegrad-bundle-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function inspect(entry: string) {
  const { metafile, outputFiles } = await build({
    entryPoints: [`${root}${entry}`],
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'browser',
    logLevel: 'silent',
  });
  return { inputs: Object.keys(metafile.inputs), text: outputFiles[0].text };
}

describe.each(entries)('%s', (entry) => {
  test('reaches nothing of Node', async () => {
    const { inputs, text } = await inspect(entry);
    expect(inputs.some((path) => path.endsWith('dist/base/platform/browser.js'))).toBe(true);
    expect(inputs.filter((path) => path.endsWith('dist/base/platform/node.js'))).toEqual([]);
    expect(text).not.toMatch(/from\s*["']node:|require\(|import\(["']node:/);
    expect(text).not.toMatch(/\bprocess\.|\bBuffer\./);
  });
});

test('the test itself sees what it looks for', async () => {
  await expect(inspect('dist/node.js')).rejects.toThrow('node:');
});

test('an engine works where there is no Symbol.dispose', async () => {
  const { text } = await inspect('dist/inline.js');
  // Evaluated with that symbol hidden, as in a browser that has none.
  const hidden = `const Symbol = Object.setPrototypeOf((name) => globalThis.Symbol(name), globalThis.Symbol);
    Object.defineProperty(Symbol, 'dispose', { value: undefined });`;
  const file = join(folder, 'inline.mjs');
  await writeFile(file, `${hidden}\nglobalThis.navigator ??= { userAgent: 'none' };\n${text}`);
  const { createEngine } = (await import(pathToFileURL(file).href)) as typeof import('../../src/inline.js');
  const engine = await createEngine({ math: 'strict' });
  expect(Object.getOwnPropertyNames(Object.getPrototypeOf(engine))).not.toContain('undefined');
  engine.dispose();
  expect(engine.disposed).toBe(true);
});
