/** The best trial's model in a study's folder: the old one stays until the new one is there, whole. */
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FileError } from '../../src/base/errors.js';
import { copyBest } from '../../src/sweep/outcome.js';
import type { Trial } from '../../src/sweep/trial.js';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lanegrad-best-'));
});
afterEach(() => rm(root, { recursive: true }));

const MODEL = 'model.safetensors';
const trial = (number: number, value: number): Trial => ({
  ...{ number, state: 'complete', settings: {}, reports: [], attributes: {} },
  values: [value],
  started: '2026-01-01T00:00:00.000000',
});
const folderOf = (number: number) => join(root, 'trials', String(number).padStart(5, '0'));

test('is replaced file by file, and what belongs to none goes last', async () => {
  for (const part of ['fold-1', 'fold-2']) {
    await mkdir(join(folderOf(0), part), { recursive: true });
    await writeFile(join(folderOf(0), part, MODEL), `0 ${part}`);
  }
  await mkdir(folderOf(1));
  await writeFile(join(folderOf(1), MODEL), '1');
  await writeFile(join(folderOf(1), 'metrics.jsonl'), '');
  const directions = ['minimize'] as const;
  await copyBest(root, { trials: [trial(0, 3)], directions });
  expect(await readFile(join(root, 'best', 'fold-2', MODEL), 'utf8')).toBe('0 fold-2');
  await copyBest(root, { trials: [trial(0, 3), trial(1, 2)], directions });
  expect(await readdir(join(root, 'best'))).toEqual([MODEL]);

  // A third one whose file has gone: the second stays the best that there is.
  await mkdir(folderOf(2));
  await symlink('nowhere', join(folderOf(2), MODEL));
  const third = { trials: [trial(1, 2), trial(2, 1)], directions };
  await expect(copyBest(root, third)).rejects.toThrow(FileError);
  expect(await readFile(join(root, 'best', MODEL), 'utf8')).toBe('1');
  await unlink(join(folderOf(2), MODEL));
  await writeFile(join(folderOf(2), MODEL), '2');
  await copyBest(root, third);
  expect(await readFile(join(root, 'best', MODEL), 'utf8')).toBe('2');
});
