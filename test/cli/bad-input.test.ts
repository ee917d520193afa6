/** Bad input, as a table: each gets its exit status and one clear line, and leaves nothing behind. */
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lanegrad } from './command.js';
import { idx, writeToy } from './toy.js';

let root: string;

/** Copies the toy set and replaces one of its files. */
async function spoil(name: string, file: string, change: (bytes: Buffer) => Uint8Array): Promise<void> {
  const folder = join(root, name);
  await cp(join(root, 'toy'), folder, { recursive: true });
  await writeFile(join(folder, file), change(await readFile(join(folder, file))));
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lanegrad-bad-'));
  await writeToy(join(root, 'toy'), { train: 24, test: 8, classes: 3 });
  await writeToy(join(root, 'more-classes'), { train: 24, test: 8, classes: 4 });
  await writeToy(join(root, 'larger'), { train: 24, test: 8, side: 10, classes: 3 });
  const images = 'train-images-idx3-ubyte';
  const labels = 'train-labels-idx1-ubyte';
  await spoil('empty-file', images, () => Buffer.alloc(0));
  await spoil('truncated', images, (bytes) => bytes.subarray(0, 1000));
  await spoil('trailing', labels, (bytes) => Buffer.concat([bytes, Buffer.alloc(1)]));
  await spoil('magic', images, (bytes) => Buffer.concat([Buffer.from([9, 9]), bytes.subarray(2)]));
  await spoil('mislabelled', images, () => idx([24], Buffer.alloc(24)));
  await spoil('counts', labels, () => idx([23], Buffer.alloc(23)));
  await spoil('no-images', labels, () => idx([0], []));
  await spoil('shapes', 't10k-images-idx3-ubyte', () => idx([8, 4, 4], Buffer.alloc(128)));
  await spoil('not-gzip', 't10k-labels-idx1-ubyte', (bytes) => bytes);
  await rm(join(root, 'not-gzip', 't10k-labels-idx1-ubyte'));
  await writeFile(join(root, 'not-gzip', 't10k-labels-idx1-ubyte.gz'), 'plain');
  await spoil('missing', images, (bytes) => bytes);
  await rm(join(root, 'missing', images));

  const trained = await lanegrad(root, ['train', 'toy', '--hidden', '4', '--epochs', '1', '--out', 'run']);
  expect(trained).toMatchObject({ code: 0 });
  const model = await readFile(join(root, 'run', 'model.safetensors'));
  await writeFile(join(root, 'cut.safetensors'), model.subarray(0, -4));
  await writeFile(join(root, 'empty.safetensors'), '');
  await writeFile(join(root, 'table.csv'), 'length,kind\n1,rose\n2,tulip\n');
  await writeFile(join(root, 'header.safetensors'), Buffer.alloc(100, 0xff));
  const other = Buffer.from(model.toString('latin1').replace('\\"dense\\"', '\\"dance\\"'), 'latin1');
  await writeFile(join(root, 'kind.safetensors'), other);
  const spoilt = Buffer.from(model);
  spoilt.writeFloatLE(Number.NaN, spoilt.length - 4);
  await writeFile(join(root, 'nan.safetensors'), spoilt);
});
afterAll(() => rm(root, { recursive: true }));

/** Weights of three layers that are all too large multiply to infinity. */
const DIVERGING = ['train', 'toy', '--hidden', '8,8', '--activation', 'relu', '--batch-size', '4'];

const usage: [args: string[], message: RegExp][] = [
  [['trian'], /unknown command 'trian'.*train/],
  [['train', '--lerning-rate', '1'], /unknown option '--lerning-rate'.*--learning-rate/],
  [['info', '--epochs', '3'], /unknown option '--epochs'/],
  [['info', 'run'], /too many arguments/],
  [['train', 'toy', 'larger'], /too many arguments/],
  [['evaluate'], /missing required argument 'model'/],
  [['train', 'mnits'], /unknown data set "mnits"; did you mean "mnist"\? expected mnist, or a folder/],
  [['train', 'toi'], /unknown data set "toi"; did you mean "toy"\?/],
  [['train', 'toy', '--loss', 'mse'], /--loss.*; did you mean "meanSquaredError"\?/],
  [['evaluate', 'run', 'table.csv'], /the model is not of tables.*given the table "table\.csv"/],
  [['predict', 'run', 'table.csv'], /the model is not of tables.*given the table "table\.csv"/],
  [['train', 'table.csv'], /--target: .*such as --target kind; its columns are length, kind$/m],
  [['train', 'cut.safetensors'], /"cut\.safetensors" is a file; expected mnist, or a folder/],
  [['evaluate', 'run', 'mnits'], /unknown data set "mnits"/],
  [['predict', 'run', 'nothing'], /unknown data set "nothing".*IDX file/],
  [['train', 'toy', '--epochs', '0'], /--epochs.*'0'.*whole number, at least 1/],
  [['train', 'toy', '--epochs', '-3'], /--epochs.*'-3'/],
  [['train', 'toy', '--epochs', '1.5'], /--epochs.*'1\.5'/],
  [['train', 'toy', '--epochs', 'NaN'], /--epochs.*'NaN'/],
  [['train', 'toy', '--epochs', ''], /--epochs.*''/],
  [['train', 'toy', '--epochs'], /--epochs.*argument missing/],
  [['train', 'toy', '--batch-size', '0'], /--batch-size.*'0'.*at least 1/],
  [['train', 'toy', '--batch-size', '0x10'], /--batch-size.*'0x10'/],
  [['train', 'toy', '--learning-rate', '0'], /--learning-rate.*'0'.*greater than 0/],
  [['train', 'toy', '--learning-rate', '-0.1'], /--learning-rate.*'-0\.1'/],
  [['train', 'toy', '--learning-rate', 'NaN'], /--learning-rate.*'NaN'/],
  [['train', 'toy', '--learning-rate', '1e999'], /--learning-rate.*'1e999'/],
  [['train', 'toy', '--hidden', '0'], /--hidden.*'0'.*300,100/],
  [['train', 'toy', '--hidden', '300,,10'], /--hidden.*'300,,10'/],
  [['train', 'toy', '--hidden', '9000000000'], /at most 268435456 parameters/],
  [['train', 'toy', '--seed', '-1'], /--seed.*'-1'.*at least 0/],
  [['train', 'toy', '--activation', 'gello'], /--activation.*'gello'.*sigmoid/],
  [['train', 'toy', '--initializer', 'ones'], /--initializer.*'ones'.*glorotUniform/],
  [['train', 'toy', '--backend', 'gpu'], /--backend.*'gpu'.*wasm/],
  [['train', 'toy', '--math', 'fast'], /--math.*'fast'.*strict/],
  [['train', 'toy', '--out', ''], /out: expected the path of a folder, given ""/],
  [['evaluate', 'run', 'toy', '--split', 'half'], /--split.*'half'.*validation/],
  [['predict', 'run', 'toy', '--index', '8'], /--index: expected less than 8, the number of images, given 8/],
  [['predict', 'run', 'toy', '--range', '5:9'], /--range: expected an end of at most 8/],
  [['predict', 'run', 'toy', '--range', '5:2'], /--range.*'5:2'.*A < B/],
  [['predict', 'run', 'toy', '--range', '1:2', '--index', '1'], /cannot be used with/],
];

const failures: [args: string[], message: RegExp][] = [
  [['train', './toyy'], /\.\/toyy: cannot be read: no such file or folder; did you mean "toy"\?/],
  [['predict', 'run', 'nofile.csv'], /nofile\.csv: cannot be read: no such file or folder/],
  [['evaluate', 'table.csv'], /table\.csv: expected a model, such as .*given a table/],
  [['serve', 'table.csv', '--port', '0'], /table\.csv: expected a model, such as .*given a table/],
  [['train', 'missing'], /missing: has no train-images-idx3-ubyte/],
  [['train', 'empty-file'], /train-images-idx3-ubyte: the file is empty/],
  [['train', 'truncated'], /train-images-idx3-ubyte: the file is too short.*given 1000/],
  [['train', 'trailing'], /train-labels-idx1-ubyte: the file has trailing bytes/],
  [['train', 'magic'], /train-images-idx3-ubyte: not an IDX file.*0x09/],
  [['train', 'mislabelled'], /train-images-idx3-ubyte: expected u8 of 2 to 4 dimensions/],
  [['train', 'counts'], /counts differ: 24 images, 23 labels/],
  [['train', 'no-images'], /counts differ: 24 images, 0 labels/],
  [['train', 'shapes'], /its images are 8x8.*4x4/],
  [['train', 'not-gzip'], /t10k-labels-idx1-ubyte\.gz: cannot be decompressed/],
  [['train', 'toy', '--out', 'cut.safetensors'], /cut\.safetensors: expected a folder, but it is a file/],
  [
    ['train', 'toy', '--out', join('cut.safetensors', 'x')],
    /cannot be created: a part of the path is a file/,
  ],
  // Where mkdir's own option `recursive` never returns.
  ...(process.platform === 'linux'
    ? ([
        [['train', 'toy', '--out', '/proc/lanegrad/x'], /\/proc\/lanegrad\/x: cannot be created/],
      ] as typeof usage)
    : []),
  [['train', 'toy', '--out', 'run'], /run: expected a new or an empty folder/],
  [[...DIVERGING, '--learning-rate', '1e30'], /step \d+ \(epoch 1\).*learning rate 1e\+30 may be too high/],
  [['evaluate', 'nothing.safetensors'], /nothing\.safetensors: cannot be read: no such file/],
  [['evaluate', 'toy'], /toy.model\.safetensors: cannot be read/],
  [['evaluate', 'cut.safetensors'], /cut\.safetensors: /],
  [['evaluate', 'empty.safetensors'], /empty\.safetensors: expected a header length/],
  [['evaluate', 'header.safetensors'], /header\.safetensors: the header is too large/],
  [['evaluate', 'kind.safetensors'], /kind\.safetensors: .*unknown kind "dance"/],
  [['evaluate', 'nan.safetensors'], /nan\.safetensors: .*given NaN/],
  [['predict', join('toy', 't10k-images-idx3-ubyte')], /t10k-images-idx3-ubyte: /],
  [['evaluate', 'run', 'larger'], /100 numbers a sample, but the model takes 64/],
  [['evaluate', 'run', 'more-classes'], /4 classes, but the model has 3 outputs/],
  [['predict', 'run', 'larger'], /larger: its images have 100 pixels, but the model takes 64/],
  [['predict', 'run', join('toy', 't10k-labels-idx1-ubyte')], /expected images: u8 of 2 to 4 dimensions/],
  [['predict', 'run', join('not-gzip', 't10k-labels-idx1-ubyte.gz')], /not an IDX file/],
];

/** Names of everything in the folder, so that what is left behind shows. */
async function everything(): Promise<string[]> {
  return (await readdir(root, { recursive: true })).sort();
}

async function check(code: number, args: string[], message: RegExp): Promise<void> {
  const before = await everything();
  const outcome = await lanegrad(root, args);
  expect(outcome.stderr).toMatch(message);
  expect(outcome.stderr).toMatch(/^error: .*\n$/);
  expect(outcome.code).toBe(code);
  expect(outcome.stdout).not.toMatch(/^ +at /m);
  expect(await everything()).toEqual(before);
}

describe('bad usage exits 2', () => {
  it.each(usage)('%j', (args, message) => check(2, args, message));
});

describe('a failure exits 1', () => {
  it.each(failures)('%j', (args, message) => check(1, args, message));

  it('shows the stack with --debug only', async () => {
    const { code, stderr } = await lanegrad(root, ['train', 'counts', '--debug']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: .*\n/);
    expect(stderr).toMatch(/^ +at /m);
  });

  it('keeps the epochs that were good', async () => {
    // One step an epoch. The first makes the weights almost too large, the second or a later one makes them
    // NaN.
    const args = [
      'train',
      'toy',
      '--hidden',
      'none',
      '--learning-rate',
      '1e38',
      '--batch-size',
      '24',
      '--epochs',
      '50',
    ];
    const { code, stdout, stderr } = await lanegrad(root, [...args, '--out', 'kept']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: .*step \d+ .*epoch \d+/);
    const epoch = /^the model of epoch (\d+) is kept in kept.model\.safetensors$/m.exec(stdout)?.[1];
    const metrics = (await readFile(join(root, 'kept', 'metrics.jsonl'), 'utf8')).trimEnd().split('\n');
    expect(JSON.parse(metrics.at(-1) ?? '').epoch).toBe(Number(epoch));
    expect(await lanegrad(root, ['inspect', 'kept'])).toMatchObject({ code: 0 });
  });
});

describe('without a command', () => {
  it('the help goes to standard error', async () => {
    const { code, stdout, stderr } = await lanegrad(root, []);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^Usage: lanegrad/);
  });
});
