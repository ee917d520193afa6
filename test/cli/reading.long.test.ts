/**
 * How commands read tables: as the model remembers, as options say, from standard input and pipes; and that a
 * signal ends it.
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WritableNpy } from '../../src/formats/npy.js';
import { writeNpz } from '../../src/formats/npz.js';
import { lacks } from '../programs.js';
import { lanegrad, lastObject, type Outcome, start } from './command.js';

const noPipes = lacks('mkfifo');
let root = '';
const QUICK = ['--epochs', '3', '--threads', '1', '--hidden', '8'];

/** Sizes with a decimal comma; the larger are elms. */
const comma = Array.from({ length: 80 }, (_, i) => `${(i * 7) % 10},5;${(i * 7) % 10 > 4 ? 'elm' : 'oak'}`);

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lanegrad-reading-'));
  await writeFile(join(root, 'comma.csv'), `size;kind\n${comma.join('\n')}\n`);
  await writeFile(join(root, 'bare.data'), `% trees\n${comma.join('\n').replaceAll(',', '.')}\n`);
  await writeFile(join(root, 'inputs.data'), '% sizes\n1.5\n8.5\n');
  await writeFile(join(root, 'points.csv'), 'kind,size\noak,1.5\n');
  await writeFile(
    join(root, 'numbered.csv'),
    `0,1\n${comma.map((_, i) => `${(i * 7) % 10},${i % 2}`).join('\n')}\n`,
  );
  const train = ['train', 'comma.csv', '--decimal', ',', '--target', 'kind', '--out', 'comma', ...QUICK];
  expect(await lanegrad(root, train)).toMatchObject({ code: 0, stderr: '' });
});
afterAll(() => rm(root, { recursive: true }));

async function piped(args: readonly string[], input: string | Uint8Array): Promise<Outcome> {
  const { child, outcome } = start(root, args);
  child.stdin?.end(input);
  return outcome;
}

/** Until a process has opened a file, which Linux tells; but no longer than it takes to come so far. */
async function opened(pid: number | undefined, path: string): Promise<void> {
  const fds = `/proc/${pid}/fd`;
  for (const end = Date.now() + 1500; Date.now() < end; ) {
    const links = (await readdir(fds).catch(() => [])).map((fd) => readlink(join(fds, fd)).catch(() => ''));
    if ((await Promise.all(links)).includes(path)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const rowsIn = ({ stdout }: Outcome) => stdout.trimEnd().split('\n').length - 1;

describe('predict and evaluate', () => {
  it('read the file that a model was trained on without being told how', async () => {
    const predicted = await lanegrad(root, ['predict', 'comma', 'comma.csv']);
    expect(predicted.code).toBe(0);
    expect(rowsIn(predicted)).toBe(80);
    for (const split of ['test', 'full']) {
      const measured = await lanegrad(root, ['evaluate', 'comma', 'comma.csv', '--split', split, '--json']);
      expect(measured.code).toBe(0);
    }
    const other = await lanegrad(root, [
      'predict',
      'comma',
      'points.csv',
      '--decimal',
      '.',
      '--delimiter',
      ',',
    ]);
    expect(other).toMatchObject({ code: 0 });
    expect(rowsIn(other)).toBe(1);
    const shown = await lanegrad(root, ['inspect', 'comma']);
    expect(shown.stdout).toMatch(/^files +delimiter ";", decimal mark ",", names in the first line$/m);
  });

  it('do so without a header, with comments, and with a header of numbers', async () => {
    const options = [
      '--no-header',
      '--comment',
      '%',
      '--delimiter',
      ';',
      '--target',
      'column2',
      '--out',
      'bare',
    ];
    expect(await lanegrad(root, ['train', 'bare.data', ...options, ...QUICK])).toMatchObject({ code: 0 });
    const measured = await lanegrad(root, ['evaluate', 'bare', 'bare.data', '--json']);
    expect(lastObject(measured)).toMatchObject({ samples: 80 });
    expect(rowsIn(await lanegrad(root, ['predict', 'bare', 'inputs.data']))).toBe(2);

    const numbered = ['train', 'numbered.csv', '--header', '--target', '1', '--out', 'numbered', ...QUICK];
    expect(await lanegrad(root, numbered)).toMatchObject({ code: 0 });
    expect(rowsIn(await lanegrad(root, ['predict', 'numbered', 'numbered.csv']))).toBe(80);
  });
});

describe('inspect', () => {
  it('is told how to read a file', async () => {
    const inspected = await lanegrad(root, ['inspect', 'comma.csv', '--decimal', ',', '--json']);
    expect(lastObject(inspected).columns).toMatchObject([{ type: 'number' }, { type: 'category' }]);
    const args = ['inspect', 'bare.data', '--no-header', '--comment', '%', '--delimiter', ';'];
    const bare = await lanegrad(root, [...args, '--json']);
    expect(lastObject(bare).columns).toMatchObject([{ name: 'column1' }, { name: 'column2' }]);
    const numbered = await lanegrad(root, ['inspect', 'numbered.csv', '--header', '--json']);
    expect(lastObject(numbered).columns).toMatchObject([{ name: '0' }, { name: '1' }]);
  });
});

describe('standard input', () => {
  it('is a table for every command', async () => {
    const text = `size;kind\n${comma.join('\n')}\n`;
    const options = ['--decimal', ',', '--target', 'kind', '--out', 'piped', '--json', ...QUICK];
    const trained = await piped(['train', '-', ...options], gzipSync(text));
    expect(trained.code).toBe(0);
    expect(rowsIn(await piped(['predict', 'piped', '-'], text))).toBe(80);
    const measured = await piped(['evaluate', 'piped', '-', '--json'], text);
    expect(lastObject(measured)).toMatchObject({ samples: 80 });
    const inspected = await piped(['inspect', '-', '--json'], '{"a":1,"b":[1]}\n{"a":3}\n');
    expect(lastObject(inspected)).toMatchObject({
      path: 'standard input',
      columns: [
        { name: 'a', type: 'number' },
        { name: 'b', type: 'unused', about: 'it holds lists or objects' },
      ],
    });
  });

  it('that is none is said to be so', async () => {
    expect(await piped(['predict', 'comma', '-'], '')).toMatchObject({
      code: 1,
      stderr: 'error: standard input: the file is empty\n',
    });
    expect((await piped(['train', '-'], 'a,b\n1,2\n')).stderr).toMatch(/--target: expected the column of -/);
    const ragged = await piped(['predict', 'comma', '-'], 'size;kind\n1,5;oak\n2,5\n');
    expect(ragged.stderr).toMatch(/standard input: row 2 \(line 3\): expected 2 cells/);
  });
});

describe('a pipe', () => {
  it.skipIf(noPipes)('is read as a file is', async () => {
    execFileSync('mkfifo', [join(root, 'good')]);
    const { outcome } = start(root, ['predict', 'comma', 'good']);
    await writeFile(join(root, 'good'), `size;kind\n${comma.join('\n')}\n`);
    expect(rowsIn(await outcome)).toBe(80);
  });

  it.skipIf(noPipes).each([
    ['train', ['train', 'silent', '--target', 'kind', '--out', 'never']],
    ['predict', ['predict', 'comma', 'silent']],
    ['evaluate', ['evaluate', 'comma', 'silent']],
    ['inspect', ['inspect', 'silent']],
  ])('into which nobody writes does not keep a signal from ending %s', async (_command, args) => {
    const folder = await mkdtemp(join(root, 'pipe-'));
    execFileSync('mkfifo', [join(folder, 'silent')]);
    const { child, outcome } = start(
      folder,
      args.with(1, args[1] === 'comma' ? join(root, 'comma') : args[1]),
    );
    await opened(child.pid, join(folder, 'silent'));
    expect(child.exitCode).toBeNull();
    child.kill('SIGINT');
    await outcome;
    expect(child.signalCode).toBe('SIGINT');
    expect(await readdir(folder)).toEqual(['silent']);
  });

  it('is not a device', async () => {
    expect((await lanegrad(root, ['predict', 'comma', '/dev/zero'])).stderr).toBe(
      'error: /dev/zero: cannot be read: it is a device, not a file or a pipe\n',
    );
  });
});

it('an NPZ file of Keras is a data set', async () => {
  const images = (size: number): WritableNpy => {
    const data = new Uint8Array(size * 16);
    for (let i = 0; i < size; i++) data.fill(255, i * 16 + (i % 2) * 8, i * 16 + (i % 2) * 8 + 8);
    return { dtype: 'uint8', shape: [size, 4, 4], data };
  };
  const labels = (size: number): WritableNpy => ({
    dtype: 'uint8',
    shape: [size],
    data: Uint8Array.from({ length: size }, (_, i) => i % 2),
  });
  const arrays = { x_train: images(120), y_train: labels(120), x_test: images(20), y_test: labels(20) };
  await writeFile(join(root, 'toy.npz'), writeNpz(new Map(Object.entries(arrays))));
  const trained = await lanegrad(root, [
    'train',
    'toy.npz',
    '--out',
    'toy',
    '--epochs',
    '5',
    '--threads',
    '1',
    '--json',
  ]);
  expect(lastObject(trained)).toMatchObject({ test: { accuracy: 1 } });
  const measured = await lanegrad(root, ['evaluate', 'toy', 'toy.npz', '--json']);
  expect(lastObject(measured)).toMatchObject({ samples: 20, accuracy: 1 });
  const predicted = await lanegrad(root, ['predict', 'toy', 'toy.npz', '--range', '0:2', '--json']);
  expect(lastObject(predicted).predictions).toMatchObject([{ class: 0 }, { class: 1 }]);
});
