/** Runs that are interrupted, go on, or cannot write, and what is left of them. */
import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lanegrad, lastObject, start } from './command.js';
import { EACH, epochsOf, TRAIN } from './long-run.js';
import { writeToy } from './toy.js';

let root: string;
let expected: Record<string, unknown>;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lanegrad-resume-'));
  await writeToy(join(root, 'toy'), { train: 480 });
  expected = lastObject(await lanegrad(root, [...TRAIN, '--out', 'never', '--json']));
});
afterAll(() => rm(root, { recursive: true }));

describe('Ctrl-C', () => {
  it('leaves a checkpoint of its step, and says how to go on', async () => {
    const running = start(root, [...TRAIN, '--out', 'stopped']);
    await running.printed(/epoch +2\//);
    running.child.kill('SIGINT');
    const { stdout, code } = await running.outcome;
    expect(code).toBe(130);
    expect(stdout).toMatch(/^go on with +lanegrad train --resume stopped$/m);
    // As if the process had died between a checkpoint and its line in the metrics, or within one that is to
    // come.
    const metrics = join(root, 'stopped', 'metrics.jsonl');
    const lines = (await readFile(metrics, 'utf8')).split('\n');
    await writeFile(metrics, `${lines.slice(0, -2).join('\n')}\n{"epoch":99}\n{"epo`);
    const resumed = await lanegrad(root, ['train', '--resume', 'stopped']);
    expect(resumed.code).toBe(0);
    expect(resumed.stdout).toMatch(/^going on after step [\d,]+, in epoch \d+ of 150$/m);
    expect(resumed.stdout).not.toMatch(/^epoch +1\//m);
    expect(await readFile(join(root, 'stopped', 'model.safetensors'))).toEqual(
      await readFile(join(root, 'never', 'model.safetensors')),
    );
    expect(await epochsOf(join(root, 'stopped'))).toEqual(EACH);
    expect(await readFile(join(root, 'stopped', 'report.html'), 'utf8')).not.toMatch(/interrupted/i);
  });
});

describe('--resume', () => {
  it('of a run that is done does nothing again', async () => {
    await lanegrad(root, [...TRAIN, '--epochs', '3', '--out', 'done', '--checkpoint-every', '1epoch']);
    const again = await lanegrad(root, ['train', '--resume', 'done', '--json']);
    expect(again.stderr).toMatch(/all epochs are done/);
    expect(lastObject(again)).toMatchObject({ epochs: 3 });
    expect(await epochsOf(join(root, 'done'))).toEqual([1, 2, 3]);
  });

  it('takes more epochs, and the data from elsewhere', async () => {
    await lanegrad(root, [...TRAIN, '--epochs', '2', '--out', 'longer', '--checkpoint-every', '1epoch']);
    await writeToy(join(root, 'moved'), { train: 480 });
    const longer = await lanegrad(root, ['train', 'moved', '--resume', 'longer', '--epochs', '4', '--json']);
    const whole = await lanegrad(root, [...TRAIN, '--epochs', '4', '--json']);
    expect(lastObject(longer).weightsSha256).toBe(lastObject(whole).weightsSha256);
    const config = JSON.parse(await readFile(join(root, 'longer', 'config.json'), 'utf8'));
    expect(config).toMatchObject({ epochs: 4, settings: { epochs: 4, source: 'moved' } });
  });

  it('keeps the newest and the best', async () => {
    await lanegrad(root, [
      ...TRAIN,
      '--epochs',
      '5',
      '--out',
      'kept',
      '--checkpoint-every',
      '1epoch',
      '--keep-last',
      '3',
      '--keep-best',
      '2',
    ]);
    const names = (await readdir(join(root, 'kept', 'checkpoints'))).sort();
    expect(names.filter((name) => name.startsWith('checkpoint'))).toHaveLength(3);
    expect(names.filter((name) => name.startsWith('best'))).toHaveLength(2);
  });

  it.each([
    [
      'another option',
      ['train', '--resume', 'never', '--hidden', '8'],
      /^error: --resume: .* expected no --hidden besides$/m,
      2,
    ],
    [
      'a folder that is none',
      ['train', '--resume', 'nowhere'],
      /^error: nowhere: cannot be read: no such file or folder$/m,
      1,
    ],
    [
      'a folder of something else',
      ['train', '--resume', 'toy'],
      /^error: toy: expected a run folder: it has no config\.json$/m,
      1,
    ],
    [
      'an interval that is none',
      ['train', 'toy', '--checkpoint-every', '1.5'],
      /Expected steps such as 500/,
      2,
    ],
    ['a metric that is none', ['train', 'toy', '--metrics', 'f2'], /Expected names such as f1,rocAuc/, 2],
    [
      'a monitor that is none',
      ['train', 'toy', '--early-stopping', '--monitor', 'val_loss'],
      /expected one of validation\.loss/,
      2,
    ],
  ])('%s is refused in one line', async (_, args, message, code) => {
    const outcome = await lanegrad(root, args);
    expect(outcome).toMatchObject({ code, stdout: expect.not.stringMatching(/epoch/) });
    expect(outcome.stderr).toMatch(message);
    expect(outcome.stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('a config.json or checkpoints that somebody has damaged are refused, naming the file', async () => {
    await lanegrad(root, [...TRAIN, '--epochs', '2', '--out', 'damaged', '--checkpoint-every', '1epoch']);
    const folder = join(root, 'damaged', 'checkpoints');
    const config = join(root, 'damaged', 'config.json');
    const newest = (await readdir(folder))
      .filter((name) => name.startsWith('checkpoint'))
      .sort()
      .at(-1)!;
    const bytes = await readFile(join(folder, newest));
    await writeFile(join(folder, newest), bytes.subarray(0, bytes.length - 7));
    // The one before it serves.
    const before = await lanegrad(root, ['train', '--resume', 'damaged']);
    expect(before).toMatchObject({ code: 0, stderr: expect.stringMatching(/trying the next newest/) });
    const text = await readFile(config, 'utf8');
    await writeFile(config, text.replaceAll('"batchSize": 16', '"batchSize": "many"'));
    const broken = await lanegrad(root, ['train', '--resume', 'damaged']);
    expect(broken.code).toBe(1);
    expect(broken.stderr).toMatch(
      /^error: damaged[\\/]config\.json: settings: option batchSize: expected a whole number/,
    );
    await writeFile(config, text.replaceAll('"batchSize": 16', '"batchSize": 32'));
    const other = await lanegrad(root, ['train', '--resume', 'damaged']);
    expect(other.stderr).toMatch(/made with batchSize 16, given 32/);
    const { engine, ...rest } = JSON.parse(text);
    for (const given of [undefined, null, 'wasm', { ...engine, math: 'exact' }]) {
      await writeFile(config, JSON.stringify({ ...rest, engine: given }));
      const without = await lanegrad(root, ['train', '--resume', 'damaged']);
      expect(without.code).toBe(1);
      expect(without.stderr).toMatch(
        /^error: damaged[\\/]config\.json: engine: expected the backend and math .*, given .*\n$/,
      );
    }
    await writeFile(config, text);
    // Nothing has been overwritten meanwhile.
    expect((await lanegrad(root, ['train', '--resume', 'damaged'])).code).toBe(0);
  });

  it('a run that another process is at is left to it', async () => {
    const training = start(root, [
      ...TRAIN,
      '--epochs',
      '1000000',
      '--out',
      'busy',
      '--checkpoint-every',
      '1epoch',
    ]);
    await training.printed(/epoch +2\//);
    for (const args of [
      ['--resume', 'busy'],
      ['toy', '--out', 'busy'],
    ]) {
      const other = await lanegrad(root, ['train', ...args]);
      expect(other.code).toBe(1);
      expect(other.stderr).toBe(
        `error: busy: the process ${training.child.pid} is at work in this folder; expected one at a time\n`,
      );
    }
    training.child.kill('SIGINT');
    expect((await training.outcome).code).toBe(130);
    expect(await readdir(join(root, 'busy'))).not.toContain('.lanegrad-lock');
  });

  it('other data are refused', async () => {
    await lanegrad(root, [...TRAIN, '--epochs', '2', '--out', 'data', '--checkpoint-every', '1epoch']);
    await writeToy(join(root, 'other'), { train: 484 });
    const outcome = await lanegrad(root, ['train', 'other', '--resume', 'data']);
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toMatch(/the checkpoint was made with train\.size 440, given 44\d/);
  });
});

describe('a checkpoint that cannot be written', () => {
  it('ends the run, and the one before serves to go on', async () => {
    const folder = join(root, 'full', 'checkpoints');
    const running = start(root, [...TRAIN, '--out', 'full', '--checkpoint-every', '1epoch']);
    await running.printed(/epoch +3\//);
    await rename(folder, `${folder}-before`);
    await writeFile(folder, 'no folder');
    const { code, stderr, stdout } = await running.outcome;
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: .*(checkpoint|best)-\d+\.safetensors: cannot be written: .*$/m);
    expect(stdout).toMatch(/the model of epoch \d+ is kept in/);
    await rm(folder);
    await rename(`${folder}-before`, folder);
    const resumed = await lanegrad(root, ['train', '--resume', 'full', '--json']);
    expect(lastObject(resumed).weightsSha256).toBe(expected.weightsSha256);
    expect(await epochsOf(join(root, 'full'))).toEqual(EACH);
  });
});
