/** `--config`: options from a file beneath those of the command line, and runs trained again from their config.json. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lanegrad, lastObject } from './command.js';
import { writeColours, writeToy } from './toy.js';

let root = '';
let runs = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lanegrad-config-'));
  await writeColours(join(root, 'data.csv'), 80);
  await writeToy(join(root, 'toy'), { train: 60, test: 12 });
});
afterAll(() => rm(root, { recursive: true }));

interface Trained {
  settings: Record<string, unknown>;
  sha256: unknown;
  folder: string;
}

/** The settings and the weights that a training comes to. */
async function train(...args: string[]): Promise<Trained> {
  const folder = `run${++runs}`;
  const outcome = await lanegrad(root, ['train', ...args, '--out', folder, '--json']);
  expect(outcome.stderr).not.toMatch(/^error/m);
  expect(outcome.code).toBe(0);
  const config = JSON.parse(await readFile(join(root, folder, 'config.json'), 'utf8')) as Trained;
  return { settings: config.settings, sha256: lastObject(outcome).weightsSha256, folder };
}

async function file(content: unknown): Promise<string> {
  const name = `config${++runs}.json`;
  await writeFile(join(root, name), typeof content === 'string' ? content : JSON.stringify(content));
  return name;
}

describe('a file of options', () => {
  test('is as if they were said', async () => {
    const said = [
      '--hidden',
      '9,5',
      '--epochs',
      '3',
      '--optimizer',
      'adam:eps=1e-6',
      '--no-shuffle',
      '--seed',
      '4',
    ];
    const more = [
      '--early-stopping',
      '2',
      '--monitor',
      'validation.accuracy',
      '--checkpoint-every',
      '2epochs',
    ];
    const plain = await train('toy', ...said, ...more, '--keep-last', '1');
    const config = await file({
      ...{
        data: 'toy',
        hidden: [9, 5],
        epochs: 3,
        optimizer: { kind: 'adam', eps: 1e-6 },
        shuffle: false,
        seed: 4,
      },
      ...{
        earlyStopping: 2,
        monitor: 'validation.accuracy',
        checkpointEvery: '2epochs',
        keepLast: 1,
        threads: 1,
      },
    });
    const own = await train('--config', config);
    expect(own.settings).toEqual(plain.settings);
    expect(own.sha256).toBe(plain.sha256);
  });

  test('gives way to what is said', async () => {
    const config = await file({ data: 'toy', hidden: [9], epochs: 3, optimizer: 'sgd', learningRate: 0.3 });
    const { settings } = await train('--config', config, '--epochs', '2', '--hidden', '7');
    expect(settings).toMatchObject({ source: 'toy', hidden: [7], epochs: 2, learningRate: 0.3 });
    // A rate goes with its optimizer.
    const adam = await train('toy', '--optimizer', 'adam', '--epochs', '1', '--hidden', '7');
    const other = await train('--config', config, '--optimizer', 'adam', '--epochs', '1', '--hidden', '7');
    expect(other.sha256).toBe(adam.sha256);
    // Layers and hidden are two ways of saying one thing.
    const layers = await train('--config', config, '--layers', 'dense 6', '--epochs', '1');
    expect(layers.settings).toMatchObject({ hidden: [], layers: 'dense 6' });
  });

  test('stands on a preset, be it said in the file or beside it', async () => {
    const config = await file({ data: 'toy', epochs: 1, hidden: [8] });
    const inFile = await file({ data: 'toy', epochs: 1, hidden: [8], preset: 'accurate' });
    const plain = await train('toy', '--preset', 'accurate', '--epochs', '1', '--hidden', '8');
    expect((await train('--config', config, '--preset', 'accurate')).sha256).toBe(plain.sha256);
    expect((await train('--config', inFile)).sha256).toBe(plain.sha256);
  });

  test('says of tables what there is to say', async () => {
    const plain = await train(
      'data.csv',
      '--target',
      'good',
      '--types',
      'size=category',
      '--epochs',
      '4',
      '--seed',
      '3',
    );
    const config = await file({
      ...{ data: 'data.csv', target: 'good', types: { size: 'category' }, epochs: 4, seed: 3 },
    });
    const own = await train('--config', config);
    expect(own.settings).toEqual(plain.settings);
    expect(own.sha256).toBe(plain.sha256);
    expect((await train('--config', config, '--target', 'colour')).settings.table).toMatchObject({
      target: 'colour',
    });
  });

  test('with a mistake is named, with the key', async () => {
    for (const [content, message] of [
      [{ epoch: 3 }, /^error: config\d+\.json: unknown option "epoch".*did you mean "epochs"\?$/],
      [
        { epochs: '3' },
        /^error: config\d+\.json: option epochs: expected a whole number, at least 1, given "3"$/,
      ],
      [{ optimizer: 'adamm' }, /^error: config\d+\.json: option optimizer: expected one of sgd/],
      [{ data: 7 }, /^error: config\d+\.json: option data: expected a text/],
      [{ resume: 'runs/a' }, /^error: config\d+\.json: unknown option "resume"/],
      [{ earlyStopping: false }, /option earlyStopping: expected a whole number, at least 0, given false/],
      ['{"epochs":', /^error: config\d+\.json: not JSON: /],
      ['[1]', /^error: config\d+\.json: expected an object of options, or the config\.json of a run$/],
      [
        { settings: { source: 'toy', epochs: 0 } },
        /^error: config\d+\.json: settings: option epochs: expected/,
      ],
    ] as const) {
      const { code, stderr } = await lanegrad(root, ['train', '--config', await file(content)]);
      expect(code).toBeGreaterThan(0);
      expect(stderr.trim()).toMatch(message);
    }
    const missing = await lanegrad(root, ['train', '--config', 'nothing.json']);
    expect(missing.stderr).toMatch(/^error: nothing\.json: cannot be read/);
    const resumed = await lanegrad(root, ['train', '--config', await file({}), '--resume', 'run1']);
    expect(resumed.stderr).toMatch(/^error: --resume: .*expected no --config besides/);
  });
});

describe('the configuration of a run', () => {
  test('trains the same again, from its file or its folder', async () => {
    const said = ['--hidden', '9', '--epochs', '3', '--optimizer', 'adam', '--early-stopping', '2'];
    const first = await train('toy', ...said, '--checkpoint-every', '1epoch', '--keep-best', '2');
    for (const path of [join(first.folder, 'config.json'), first.folder]) {
      const again = await train('--config', path);
      expect(again.settings).toEqual(first.settings);
      expect(again.sha256).toBe(first.sha256);
    }
    const longer = await train('--config', first.folder, '--epochs', '5', '--checkpoint-every', 'never');
    expect(longer.settings).toMatchObject({ epochs: 5, earlyStopping: { patience: 2 } });
    expect(longer.settings.checkpoint).toBeUndefined();
    const refused = await lanegrad(root, ['train', '--config', first.folder, '--preset', 'fast']);
    expect(refused.stderr).toMatch(/^error: --preset: .*is of a run, and holds all settings/);
  });

  test('of a table too', async () => {
    const first = await train('data.csv', '--target', 'good', '--epochs', '4', '--seed', '5', '--full');
    const again = await train('--config', first.folder);
    expect(again.settings).toEqual(first.settings);
    expect(again.sha256).toBe(first.sha256);
  });
});

describe('tables', () => {
  test('that are not there are said before a target that is missing', async () => {
    const { code, stderr } = await lanegrad(root, ['train', 'nothing.csv']);
    expect(stderr.trim()).toBe('error: nothing.csv: cannot be read: no such file or folder');
    expect(code).toBe(1);
    expect((await lanegrad(root, ['train', 'data.csv'])).stderr).toMatch(
      /^error: --target: expected the column/,
    );
  });
});
