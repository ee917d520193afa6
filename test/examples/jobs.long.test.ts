/** The examples that train on their own data, each as a stranger runs it, with less of it. They need a build. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadMnist } from '../../src/data/mnist.js';
import { readModel } from '../../src/tables/model-file.js';

const folder = fileURLToPath(new URL('../../examples/', import.meta.url));
const run = promisify(execFile);
let cwd: string;

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'lanegrad-jobs-'));
});
afterAll(() => rm(cwd, { recursive: true }));

async function start(name: string, ...args: (string | number)[]): Promise<string> {
  const { stdout, stderr } = await run(
    process.execPath,
    [join(folder, name, 'main.js'), ...args.map(String)],
    { cwd },
  );
  expect(stderr).toBe('');
  return stdout;
}

/** The numbers that follow a word. */
const after = (text: string, words: string) => {
  const place = text.indexOf(words);
  expect(place, `${words} in ${text}`).toBeGreaterThanOrEqual(0);
  return Number(/-?[\d.]+/.exec(text.slice(place + words.length))![0]);
};

test('digits learns, is saved, read, and right about the first picture', async () => {
  const told = await start('digits', 6000, 2);
  expect(after(told, 'test: ')).toBeGreaterThan(88);
  expect(told).toContain('read as 7, labelled 7');
  const { model } = readModel(await readFile(join(cwd, 'runs/digits.safetensors')), 'digits');
  expect(model.parameterCount).toBe(79510);
});

test('fashion-convolution learns from a folder of IDX files', async () => {
  const { train, test: tests } = await loadMnist();
  const idx = (magic: number, dims: number[], bytes: Uint8Array) => {
    const head = new DataView(new ArrayBuffer(4 + 4 * dims.length));
    for (const [i, value] of [magic, ...dims].entries()) head.setUint32(4 * i, value);
    return Buffer.concat([new Uint8Array(head.buffer), bytes]);
  };
  for (const [name, set, size] of [
    ['train', train, 1300],
    ['t10k', tests, 200],
  ] as const) {
    const images = (set.inputs as Uint8Array).subarray(0, size * 784);
    await writeFile(join(cwd, `${name}-images-idx3-ubyte`), idx(0x803, [size, 28, 28], images));
    const labels = Uint8Array.from(set.labels.subarray(0, size));
    await writeFile(join(cwd, `${name}-labels-idx1-ubyte`), idx(0x801, [size], labels));
  }
  const told = await start('fashion-convolution', cwd, 1000, 2);
  expect(told).toContain('1192 pictures to learn from, 108 to validate, 200 to test');
  expect(after(told, 'test: ')).toBeGreaterThan(40);
  expect(told.match(/ taken for /g)).toHaveLength(3);
});

test('autoencoder puts less into its page than it was given, and keeps its shape', async () => {
  const told = await start('autoencoder', 'map.html', 1500, 3);
  const [first, last] = /from ([\d.]+) to ([\d.]+)/.exec(told)!.slice(1).map(Number);
  expect(last).toBeLessThan(first);
  const page = await readFile(join(cwd, 'map.html'), 'utf8');
  expect(page.match(/<circle /g)).toHaveLength(3000);
  expect(page).not.toMatch(/NaN|undefined/);
  const pixels = Buffer.from(/atob\('([^']+)'\)/.exec(page)![1], 'base64');
  expect(pixels).toHaveLength(18 * 18 * 784);
});

test('time-series foretells better than the value before', async () => {
  const told = await start('time-series', 'series.svg');
  const error = after(told, 'root mean square error: ');
  expect(error).toBeLessThan(after(told, "'as it was a step before': ") / 3);
  expect(after(told, 'within 0.1 for ')).toBeGreaterThan(50);
  expect(await readFile(join(cwd, 'series.svg'), 'utf8')).not.toMatch(/NaN|undefined/);
});

test('multi-label answers each question for itself', async () => {
  const told = await start('multi-label', 3);
  // A quarter of the pictures has none of the six, and a third of all answers is yes.
  expect(after(told, 'single answers wrong: ')).toBeLessThan(20);
  expect(after(told, 'F1 ')).toBeGreaterThan(0.6);
});

test('recommendations are better than the mean of all, and no better than can be', async () => {
  const told = await start('recommendations');
  const error = after(told, 'those kept apart: ');
  expect(error).toBeLessThan(0.75 * after(told, 'mean of all: '));
  expect(error).toBeGreaterThan(0.4);
  expect(told.match(/expected, [\d.]+ true/g)).toHaveLength(5);
});

test('text-topics tells texts apart, and says little of words that it does not know', async () => {
  const told = await start('text-topics', 'The courier lost my parcel', 'xyzzy plugh');
  expect(after(told, 'right of those kept apart: ')).toBeGreaterThan(70);
  expect(after(told, 'parcel: billing 0.')).toBeLessThan(50);
  const [, ...shares] = /plugh: billing ([\d.]+), delivery ([\d.]+), technical ([\d.]+)/.exec(told)!;
  for (const share of shares) expect(Number(share)).toBeLessThan(0.8);
});

test('distillation makes a small network better than labels alone', async () => {
  const told = await start('distillation', 2000, 4);
  const taught = after(told, 'from the teacher, 12730 parameters:');
  expect(taught).toBeGreaterThan(after(told, 'from labels, 12730 parameters:'));
  expect(taught).toBeGreaterThan(80);
});

test('own-layer-and-loss comes near to quantiles that are known', async () => {
  const told = await start('own-layer-and-loss', 'bands.svg');
  expect(told).toContain('as finite differences have them');
  for (const q of ['0.1', '0.5', '0.9']) expect(after(told, `quantile ${q}: off by `)).toBeLessThan(0.06);
  expect(await readFile(join(cwd, 'bands.svg'), 'utf8')).not.toMatch(/NaN|undefined/);
});

test('folds-and-search finds settings that hold for rows it has not seen', async () => {
  const told = await start('folds-and-search', 8);
  expect(told.match(/^ *\d+: /gm)).toHaveLength(8);
  expect(after(told, 'no trial has seen: ')).toBeGreaterThan(60);
});

test('cart-pole learns to keep the pole upright', async () => {
  const told = await start('cart-pole');
  expect(after(told, 'games: ')).toBeGreaterThanOrEqual(475);
  expect(after(told, 'without chance: stood ')).toBe(500);
});

test('tensorboard gets a file a run', async () => {
  await start('tensorboard', 'events', 1000);
  for (const name of ['sgd-0.1', 'sgd-momentum', 'adam']) {
    const [file] = await readdir(join(cwd, 'events', name));
    const text = (await readFile(join(cwd, 'events', name, file))).toString('latin1');
    expect(file).toMatch(/^events\.out\.tfevents\.\d+\.lanegrad$/);
    expect(text.match(/loss\/train/g)).toHaveLength(5);
    expect(text.match(/loss\/validation/g)).toHaveLength(5);
  }
});

test('server-rendered writes what the network says into the page', async () => {
  let server: ChildProcess | undefined;
  try {
    server = spawn(process.execPath, [join(folder, 'server-rendered/main.js'), '0']);
    const address = await new Promise<string>((resolve, reject) => {
      server!.stdout!.once('data', (line) => resolve(String(line).trim()));
      server!.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
    });
    const minutes = async (query: string) => {
      const page = await (await fetch(address + query)).text();
      return [...page.matchAll(/<td>(\d+) min/g)].map(([, value]) => Number(value));
    };
    const [dry, wet] = [await minutes('?kilometres=20'), await minutes('?kilometres=20&rain=on')];
    expect(dry).toHaveLength(24);
    // The law that it learned: 20 km at noon and in the rush of the morning.
    expect(Math.abs(dry[12] - (4 + 20 * 1.6))).toBeLessThan(6);
    expect(Math.abs(dry[8] - (4 + 20 * 2.9))).toBeLessThan(8);
    expect(wet[12]).toBeGreaterThan(dry[12]);
    // What is no number is not put into the page.
    expect(await (await fetch(`${address}?kilometres=%22%3E%3Cb%3E`)).text()).toContain('value="12"');
    expect((await fetch(`${address}nothing`)).status).toBe(404);
  } finally {
    server?.kill('SIGTERM');
  }
});

test('table-to-endpoint answers rows by column, and says what is wrong with others', async () => {
  let server: ChildProcess | undefined;
  try {
    server = spawn(process.execPath, [
      join(folder, 'table-to-endpoint/main.js'),
      `${folder}scikit-learn-mlp/new-rows.csv`,
      'species',
      '0',
    ]);
    const address = await new Promise<string>((resolve, reject) => {
      server!.stdout!.on('data', (lines) => {
        const found = /http:\S+/.exec(String(lines));
        if (found) resolve(found[0]);
      });
      server!.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
    });
    const ask = async (rows: unknown) => {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(`${address}/predict`, {
        method: 'POST',
        headers,
        body: JSON.stringify(rows),
      });
      return [response.status, await response.json()] as const;
    };
    const flower = { sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 };
    const [status, { predictions }] = await ask([flower, { ...flower, petal_length: 5.5, petal_width: 2 }]);
    expect(status).toBe(200);
    expect(predictions.map(({ name }: { name: string }) => name)).toEqual(['setosa', 'virginica']);
    const [refused, { error }] = await ask([{ ...flower, petal_width: 'wide' }]);
    expect([refused, error.message]).toEqual([400, expect.stringContaining('petal_width')]);
    const ended = new Promise((resolve) => server!.once('exit', resolve));
    server.kill('SIGTERM');
    expect(await ended).toBe(0);
  } finally {
    server?.kill('SIGKILL');
  }
});
