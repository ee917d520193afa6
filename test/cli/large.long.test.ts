/** Data larger than memory on the command line: the weights of training in memory, and nothing left behind. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode } from 'fast-png';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { lanegrad, lastObject, start } from './command.js';
import { writeToy } from './toy.js';

let root: string;
let data: string;
const ROWS = 21_000;
const line = (i: number) => {
  const x = ((i * 7919) % 10_007) / 10_007;
  const y = ((i * 104_729) % 9973) / 9973;
  return `${x},${y},${['red', 'blue', 'green'][i % 3]},${(2 * x - y).toFixed(6)},${x + y > 1 ? 'far' : 'near'}`;
};
const HEAD = 'x,y,colour,sum,kind';
beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'lanegrad-large-data-'));
  const lines = Array.from({ length: ROWS }, (_, i) => line(i));
  await writeFile(join(data, 'whole.csv'), `${HEAD}\n${lines.join('\n')}\n`);
  await mkdir(join(data, 'parts'));
  for (let part = 0; part < 3; part++) {
    const own = lines.slice(part * 7000, (part + 1) * 7000);
    await writeFile(join(data, 'parts', `part-${part}.csv`), `${HEAD}\n${own.join('\n')}\n`);
  }
  await writeFile(join(data, 'ragged.csv'), `${HEAD}\n${lines.join('\n')}\n1,2\n${line(1)}\n`);
  for (const [c, name] of ['left', 'right'].entries()) {
    await mkdir(join(data, 'shapes', name), { recursive: true });
    for (let i = 0; i < 60; i++) {
      const pixels = Uint8Array.from({ length: 24 * 24 }, (_, at) => (at % 24 < 12 === (c === 0) ? 200 : i));
      const png = encode({ width: 24, height: 24, channels: 1, data: pixels });
      await writeFile(join(data, 'shapes', name, `${i}.png`), png);
    }
  }
});
afterAll(() => rm(data, { recursive: true }));
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lanegrad-large-'));
  return () => rm(root, { recursive: true });
});

async function train(source: string, ...options: string[]): Promise<Record<string, unknown>> {
  const out = join(root, `run-${options.join('').replace(/\W/g, '')}`);
  const outcome = await lanegrad(root, ['train', join(data, source), ...options, '--out', out, '--json']);
  expect(outcome.stderr).not.toContain('error');
  expect(outcome.code).toBe(0);
  return lastObject(outcome);
}

const settingsOf = async (folder: unknown) => {
  const { settings } = JSON.parse(await readFile(join(String(folder), 'config.json'), 'utf8'));
  return settings as Record<string, unknown>;
};

const hidden = async () => (await readdir(root)).filter((name) => name.startsWith('.'));

describe('a table', () => {
  const kinds: [string, string[]][] = [
    ['of classes', ['--target', 'kind', '--class-weights', 'balanced']],
    ['of a number', ['--target', 'sum']],
  ];
  it.each(kinds)(
    '%s trains to the weights of training in memory, where the order is the same',
    async (_, given) => {
      const options = [...given, '--epochs', '2', '--no-shuffle'];
      const memory = await train('whole.csv', ...options);
      const streamed = await train('whole.csv', ...options, '--memory', '1M');
      expect(streamed.weightsSha256).toBe(memory.weightsSha256);
      expect(streamed.test).toEqual(memory.test);
      expect(await settingsOf(streamed.runDir)).toMatchObject({ memory: 2 ** 20 });
      expect(await settingsOf(memory.runDir)).not.toHaveProperty('memory');
      expect(await hidden()).toEqual([]);
    },
  );

  it('says that it streams, from where, and how many rows are shuffled together', async () => {
    const words = ['train', join(data, 'whole.csv'), '--target', 'kind', '--epochs', '1', '--memory', '1M'];
    const { stdout } = await lanegrad(root, words);
    expect(stdout).toContain(
      `the rows stream from 574 KiB in a temporary file in ${root}; with 1 MiB of memory, 6,241 are shuffled together`,
    );
    expect(await readdir(root)).toEqual(['runs']);
  });

  it('that fits is held in memory all the same', async () => {
    const options = ['--target', 'kind', '--epochs', '1'];
    const memory = await train('whole.csv', ...options);
    const bounded = await train('whole.csv', ...options, '--memory', '64M');
    expect(bounded.weightsSha256).toBe(memory.weightsSha256);
  });

  it('goes on where it was stopped, with the same bits', async () => {
    const options = ['--target', 'kind', '--memory', '1M', '--checkpoint-every', '40', '--seed', '3'];
    const whole = await train('whole.csv', ...options, '--epochs', '3');
    const first = await train('whole.csv', ...options, '--epochs', '1');
    const words = ['train', '--resume', String(first.runDir), '--epochs', '3', '--json'];
    const second = lastObject(await lanegrad(root, words));
    expect(second.weightsSha256).toBe(whole.weightsSha256);
    expect(second.weightsSha256).not.toBe(first.weightsSha256);
  });

  it('in several files trains, is measured and predicted', async () => {
    for (const source of ['parts', 'parts/part-*.csv', 'parts/part-?.csv']) {
      const result = await train(
        source,
        '--target',
        'kind',
        '--epochs',
        '1',
        '--no-shuffle',
        '--memory',
        '1M',
      );
      expect(result.table).toMatchObject({ rows: ROWS, notes: ['3 files'] });
      expect(result.dataset).toBe(source === 'parts' ? 'parts' : 'part');
      const model = String(result.runDir);
      const measured = await lanegrad(root, [
        'evaluate',
        model,
        join(data, source),
        '--split',
        'test',
        '--json',
      ]);
      expect(lastObject(measured)).toMatchObject({
        samples: (result.table as { parts: { test: number } }).parts.test,
      });
      const file = join(root, 'out.csv');
      const predicted = await lanegrad(root, ['predict', model, join(data, source), '--out', file, '--json']);
      expect(lastObject(predicted)).toMatchObject({ rows: ROWS });
      await rm(model, { recursive: true });
    }
  });

  const refused: [string, string[], RegExp][] = [
    ['a row of another length', ['ragged.csv'], /ragged\.csv: row 21001 \(line 21002\)/],
    [
      'a folder for the temporary file that is not there',
      ['whole.csv', '--spill-folder', 'none'],
      /none: expected a folder for temporary files: no such file/,
    ],
    [
      'too little memory',
      ['whole.csv', '--memory', '10K'],
      /'--memory <bytes>' argument '10K' is invalid. Expected bytes such as 512M or 2G, at least 1 MiB/,
    ],
    ['no number of bytes', ['whole.csv', '--memory', '1X'], /Expected bytes such as 512M/],
    [
      'a rate to be found',
      ['whole.csv', '--learning-rate', 'find'],
      /--learning-rate: find is for data in memory/,
    ],
    ['no file of a pattern', ['none-*.csv'], /none-\*\.csv: no file is called so/],
  ];
  it.each(refused)('%s is one clear line, and leaves nothing', async (_, [source, ...options], message) => {
    const words = ['train', join(data, source), '--target', 'kind', '--memory', '1M', ...options];
    const { code, stderr } = await lanegrad(root, words);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(stderr).toMatch(message);
    expect(code).not.toBe(0);
    expect(await readdir(root)).toEqual([]);
  });

  it.runIf(process.platform !== 'win32')('leaves no temporary file when it is killed', async () => {
    const words = [
      'train',
      join(data, 'whole.csv'),
      '--target',
      'kind',
      '--memory',
      '1M',
      ...['--epochs', '100000', '--early-stopping', '100000'],
    ];
    const { child, printed, outcome } = start(root, [...words, '--out', join(root, 'run')]);
    await printed(/epoch +1\//);
    child.kill('SIGKILL');
    expect((await outcome).code).toBeNull();
    expect(await readdir(root)).toEqual(['run']);
    expect((await readdir(join(root, 'run'))).filter((name) => /spill/.test(name))).toEqual([]);
  });
});

describe('a folder of pictures', () => {
  const options = [
    '--layers',
    'conv 4 3, pool',
    '--epochs',
    '2',
    '--batch-size',
    '16',
    '--learning-rate',
    '0.1',
  ];

  it('trains to the weights of training in memory, where the order is the same', async () => {
    const memory = await train('shapes', ...options, '--no-shuffle');
    const streamed = await train(
      'shapes',
      ...options,
      '--no-shuffle',
      '--memory',
      '1M',
      '--image-size',
      '48x48',
    );
    const same = await train('shapes', ...options, '--no-shuffle', '--image-size', '48x48');
    expect(streamed.weightsSha256).toBe(same.weightsSha256);
    expect(streamed.weightsSha256).not.toBe(memory.weightsSha256);
    expect(streamed.test).toEqual(same.test);
    expect(await settingsOf(streamed.runDir)).toMatchObject({ memory: 2 ** 20 });
    expect(await hidden()).toEqual([]);
  });

  it('so does a folder of IDX files, which are read where they are', async () => {
    await writeToy(join(data, 'toy'), { train: 4000, test: 100, side: 12 });
    const given = ['--hidden', '16', '--epochs', '2', '--learning-rate', '0.1', '--no-shuffle'];
    const memory = await train('toy', ...given);
    const streamed = await train('toy', ...given, '--memory', '1M');
    expect(streamed.weightsSha256).toBe(memory.weightsSha256);
    expect(streamed.test).toEqual(memory.test);
    expect(await settingsOf(streamed.runDir)).toMatchObject({ memory: 2 ** 20 });
    const words = ['train', join(data, 'toy'), '--epochs', '1', '--memory', '1M'];
    const { stdout } = await lanegrad(root, words);
    expect(stdout).toContain(
      `the rows stream from 593 KiB in the files in ${join(data, 'toy')}; with 1 MiB of memory`,
    );
  });

  it('and no other data of images', async () => {
    const { stderr } = await lanegrad(root, ['train', 'mnist', '--memory', '1M']);
    expect(stderr).toContain(
      '--memory: it is for tables, and folders of pictures, IDX or NPY files; given "mnist"',
    );
  });
});
