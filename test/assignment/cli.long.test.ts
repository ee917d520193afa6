/** `lanegrad assignment` as a process (built), and the pool of processes that it computes with. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AssignmentOptions } from '../../src/assignment/index.js';
import { lanegrad, lastObject } from '../cli/command.js';
import { writeToy } from '../cli/toy.js';
import { temporaryFolder, tinyPlan } from './sample.js';

// Workers are JavaScript files: the pool is tested as it was built.
const built = <T>(module: string): Promise<T> =>
  import(new URL(`../../dist/${module}.js`, import.meta.url).href);
const { Assignment } = await built<typeof import('../../src/assignment/index.js')>('assignment/index');

let folder: string;
let data: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  data = await writeToy(join(folder, 'toy'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('lanegrad assignment', () => {
  it('prints the derivations', async () => {
    for (const part of ['1', '2']) {
      const { code, stdout } = await lanegrad(folder, ['assignment', part]);
      expect(code).toBe(0);
      expect(stdout).toContain(part === '1' ? 'D1  Cross-entropy' : 'batches');
      expect(stdout).toContain('docs/derivations.md');
    }
  });

  it('prints the gradient table, for people and for programs', async () => {
    const outcome = await lanegrad(folder, ['assignment', '3', '--json']);
    expect(outcome.code).toBe(0);
    expect(outcome.stderr).toContain('dW2');
    expect(lastObject(outcome)).toMatchObject({ part: 3, originalErrors: ['dy'] });
  });

  it('trains the synthetic network, once', async () => {
    const args = ['assignment', '4', '--quick', '--json'];
    expect(lastObject(await lanegrad(folder, args))).toMatchObject({ part: 4, computed: 1, found: 0 });
    const again = await lanegrad(folder, args);
    expect(lastObject(again)).toMatchObject({ part: 4, computed: 0, found: 1 });
    expect(again.stderr).toContain('█');
  });

  it.each([
    ['a part that there is not', ['9'], /'9'.*1, 2, 3, 4, 5, 6, 7, all/],
    ['an unknown option', ['3', '--fast'], /unknown option '--fast'/],
    ['a seed that is none', ['4', '--seed', 'x'], /whole number/],
    ['too many parts', ['3', '4'], /too many arguments/],
  ])('refuses %s in one line', async (_, args, message) => {
    const { code, stdout, stderr } = await lanegrad(folder, ['assignment', ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(stderr).toMatch(message);
  });

  it('fails in one line where it cannot write', async () => {
    const { code, stderr } = await lanegrad(folder, [
      'assignment',
      '4',
      '--out',
      join(data, 't10k-labels-idx1-ubyte'),
    ]);
    expect(code).toBe(1);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('has help with examples', async () => {
    const { code, stdout } = await lanegrad(folder, ['assignment', '--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/Examples:[\s\S]*lanegrad assignment 3/);
  });
});

describe('workers', () => {
  const open = (name: string, options: AssignmentOptions = {}) =>
    Assignment.open({ out: join(folder, name), data, plan: tinyPlan, workers: 2, ...options });

  it('do the same as this thread, bit for bit', async () => {
    const pooled = await open('pooled');
    const alone = await open('alone', { workers: 0 });
    const [a, b] = await Promise.all([pooled.experiments(), alone.experiments()]);
    await pooled.close();
    const bits = ({ final, choice, band }: typeof a) => ({ final, choice, band });
    expect(bits(a)).toEqual(bits(b));
  });

  it('write the report', async () => {
    const pooled = await open('pooled');
    await pooled.all();
    await pooled.close();
    expect(await readFile(pooled.reportPath, 'utf8')).toContain('<h1>');
  });

  it('name the run that failed', async () => {
    const experiments = { ...tinyPlan.experiments, trainSize: 10 ** 6 };
    const pooled = await open('failing', { plan: { ...tinyPlan, experiments } });
    await expect(pooled.experiments()).rejects.toThrow(/^learning rate .*, seed 1: .*at most 220/);
    await pooled.close();
  });

  it('say so when the data is gone', async () => {
    const gone = await writeToy(join(folder, 'gone'));
    const pooled = await open('without', { data: gone });
    await rm(gone, { recursive: true });
    await expect(pooled.tensor()).rejects.toThrow(/^tensor network: .*gone: cannot be read/);
    await pooled.close();
  });

  it('stop when they are told to', async () => {
    const controller = new AbortController();
    const plan = { ...tinyPlan, synthetic: { epochs: 1000 } };
    const pooled = await open('told', {
      ...{ plan, signal: controller.signal },
      onProgress: ({ running }) => running.length > 0 && controller.abort(),
    });
    await expect(pooled.synthetic()).rejects.toThrow(/abort/i);
    await pooled.close();
  });
});
