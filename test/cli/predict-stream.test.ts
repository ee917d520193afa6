/** `lanegrad predict` in a pipe: rows on standard input, CSV on standard output. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lanegrad, start } from './command.js';
import { writeColours } from './toy.js';

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lanegrad-stream-'));
  await writeColours(join(root, 'data.csv'), 60);
  await writeFile(join(root, 'new.csv'), 'size,colour\n3,red\n5,blue\n');
  const { code } = await lanegrad(root, [
    'train',
    'data.csv',
    '--target',
    'good',
    '--epochs',
    '3',
    '--out',
    'table',
  ]);
  expect(code).toBe(0);
});
afterAll(() => rm(root, { recursive: true }));

test.each([
  ['CSV', 'size,colour\n3,red\n5,blue\n'],
  ['JSON lines', '{"size":3,"colour":"red"}\n{"size":5,"colour":"blue"}\n'],
  ['an array of JSON', '[{"size":3,"colour":"red"},{"colour":"blue","size":5}]'],
])('%s on standard input', async (_, text) => {
  const { stdout: expected } = await lanegrad(root, ['predict', 'table', 'new.csv']);
  expect(expected).toMatch(/^prediction,probability_\w+,probability_\w+\n((yes|no),0\.\d+,0\.\d+\n){2}$/);
  const running = start(root, ['predict', 'table', '-', '--out', '-']);
  running.child.stdin!.end(text);
  const { code, stdout, stderr } = await running.outcome;
  expect(code).toBe(0);
  expect(stdout).toBe(expected);
  expect(stderr).toMatch(/^rows +2$/m);
});
