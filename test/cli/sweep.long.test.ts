/** `lanegrad sweep`: trainings in processes, which come to the same bits. test/faults kills them. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Trial } from '../../src/sweep/trial.js';
import { digest } from '../sweep/helpers.js';
import { lanegrad, lastObject, MAIN, type Outcome, start } from './command.js';
import { toySpace, writeToy } from './toy.js';

let root: string;
/** Of the study that was never stopped. */
let expected: string;

const study = {
  objective: { data: 'toy', settings: { epochs: 27, batchSize: 16, normalize: 'channel' } },
  space: { ...toySpace, momentum: { kind: 'number', low: 0, high: 0.9, when: { optimizer: 'sgd' } } },
  pruner: 'successiveHalving',
  trials: 16,
};

const trialsOf = (outcome: Outcome) => lastObject(outcome).trials as Trial[];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lanegrad-sweep-cli-'));
  await writeToy(join(root, 'toy'), { train: 480 });
  await writeFile(join(root, 'sweep.json'), JSON.stringify(study));
  const outcome = await lanegrad(root, ['sweep', 'sweep.json', '--out', 'never', '--workers', '1', '--json']);
  expect(outcome.code).toBe(0);
  expected = digest(trialsOf(outcome));
});
afterAll(() => rm(root, { recursive: true }));

const stateOf = async (folder: string) => lanegrad(root, ['sweep', 'status', folder, '--json']);

describe('the same study', () => {
  it.each([2, 4])('has the same trials and weights with %d processes', async (workers) => {
    const folder = `with-${workers}`;
    const outcome = await lanegrad(root, [
      'sweep',
      'sweep.json',
      '--out',
      folder,
      '--workers',
      String(workers),
      '--json',
    ]);
    const trials = trialsOf(outcome);
    expect(digest(trials)).toBe(expected);
    const states = trials.map(({ state }) => state);
    expect(states).toContain('pruned');
    expect(states).toContain('complete');
    const hashes = trials.map(({ attributes }) => attributes.weightsSha256);
    expect(hashes.every((hash) => /^[\da-f]{64}$/.test(String(hash)))).toBe(true);
    // What a trial needs no more is gone.
    expect(await readdir(join(root, folder, 'trials', '00000'))).toEqual([
      'config.json',
      'metrics.jsonl',
      'model.safetensors',
    ]);
  });

  it('goes on after Ctrl-C, which says how', async () => {
    const running = start(root, ['sweep', 'sweep.json', '--out', 'stopped', '--workers', '1']);
    await running.printed(/^trial +2 /m);
    running.child.kill('SIGINT');
    const { code, stdout } = await running.outcome;
    expect(code).toBe(130);
    expect(stdout).toMatch(/^go on with {2}lanegrad sweep resume stopped$/m);
    const before = trialsOf(await stateOf('stopped')).filter(({ state }) => state !== 'running');
    expect(before.length).toBeGreaterThanOrEqual(3);
    expect(digest(trialsOf(await lanegrad(root, ['sweep', 'resume', 'stopped', '--json'])))).toBe(expected);
  });

  it('takes more trials, and removes what a killed process left of those before', async () => {
    const left = join(root, 'with-2', 'trials', '00000', 'checkpoints');
    await mkdir(left);
    await writeFile(join(left, 'checkpoint-000000001.safetensors'), '');
    const page = join(root, 'with-2', '.lanegrad-01234567-89ab-cdef-0123-456789abcdef.tmp');
    await writeFile(page, 'half');
    const more = trialsOf(await lanegrad(root, ['sweep', 'resume', 'with-2', '--trials', '20', '--json']));
    expect(more).toHaveLength(20);
    expect(digest(more.slice(0, 16))).toBe(expected);
    expect([left, page].filter((path) => existsSync(path))).toEqual([]);
  });
});

describe('what there is to know of a study', () => {
  it('best: a command that comes to the same weights', async () => {
    const outcome = await lanegrad(root, ['sweep', 'best', 'never', '--json']);
    const { best, command } = lastObject(outcome) as { best: Trial; command: string };
    expect(outcome.stderr).toContain(command);
    const words = command.split(' ');
    expect(words.slice(0, 3)).toEqual(['lanegrad', 'train', 'toy']);
    const trained = lastObject(await lanegrad(root, [...words.slice(1), '--json']));
    expect(trained.weightsSha256).toBe(best.attributes.weightsSha256);
    const { value } = { value: best.values![0]! };
    expect((trained.validation as { accuracy: number }).accuracy).toBe(value);
  });

  it('status, while another process is at work there', async () => {
    const running = start(root, ['sweep', 'sweep.json', '--out', 'watched', '--workers', '2']);
    await running.printed(/^trial/m);
    const { stdout, code } = await lanegrad(root, ['sweep', 'status', 'watched']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^trials +\d+ of 16: \d+ (complete|pruned|running)/m);
    const second = await lanegrad(root, ['sweep', 'resume', 'watched']);
    expect(second.code).toBe(1);
    expect(second.stderr).toMatch(/is at work in this folder; expected one at a time/);
    expect((await running.outcome).code).toBe(0);
  });

  it('export: a row for each trial', async () => {
    const { stdout } = await lanegrad(root, ['sweep', 'export', 'never', '--csv']);
    const [head, ...rows] = stdout.trimEnd().split('\n');
    expect(head).toBe(
      'number,state,value,learningRate,hidden,optimizer,momentum,weightsSha256,steps,reason,started,ended',
    );
    expect(rows).toHaveLength(16);
    expect(rows[0]).toMatch(/^0,complete,0\.\d+|1,/);
    await lanegrad(root, ['sweep', 'export', 'never', '--csv', 'trials.csv']);
    expect(await readFile(join(root, 'trials.csv'), 'utf8')).toBe(stdout);
  });

  it('a page that needs nothing else', async () => {
    const page = await readFile(join(root, 'never', 'sweep.html'), 'utf8');
    for (const id of [
      'best',
      'history',
      'coordinates',
      'importance',
      'slices',
      'curves',
      'trials',
      'study',
    ]) {
      expect(page).toContain(`<section id="${id}">`);
    }
    expect(page).not.toMatch(/<script|https?:\/\//);
    expect(page).toContain('lanegrad train toy --epochs 27');
  });
});

/** A study of the sampler pbt, of a table, whose defaults have early stopping. */
let population: Promise<Outcome> | undefined;
function trainPopulation(): Promise<Outcome> {
  const make = async () => {
    const rows = Array.from({ length: 90 }, (_, i) => `${i % 9},${(i * 7) % 11},${i % 9 > 4 ? 'a' : 'b'}`);
    await writeFile(join(root, 'members.csv'), ['x,y,kind', ...rows].join('\n'));
    const given = {
      objective: { data: 'members.csv', settings: { target: 'kind', epochs: 4 } },
      space: { learningRate: { kind: 'number', low: 1e-5, high: 0.1, log: true } },
      ...{ sampler: { kind: 'pbt', population: 3, interval: 2 }, trials: 6, folder: 'population' },
    };
    await writeFile(join(root, 'population.json'), JSON.stringify(given));
    return lanegrad(root, ['sweep', 'population.json', '--json']);
  };
  population ??= make();
  return population;
}

describe('a population', () => {
  it('is trained on a table', async () => {
    const trials = trialsOf(await trainPopulation());
    expect(trials.map(({ state }) => state)).toEqual(Array.from({ length: 6 }, () => 'complete'));
    expect(trials.map(({ reports }) => reports.map(({ step }) => step))).toEqual(
      Array.from({ length: 6 }, (_, i) => (i < 3 ? [1, 2] : [3, 4])),
    );
  });

  it('has no command that comes to the same, not even of its first generation', async () => {
    await trainPopulation();
    const { stdout } = await lanegrad(root, ['sweep', 'best', 'population']);
    expect(stdout).toMatch(/steps +trial +learningRate/);
    expect(stdout).not.toContain('lanegrad train');
    expect(await readFile(join(root, 'population', 'sweep.html'), 'utf8')).not.toContain('lanegrad train');
  });

  it('takes no early stopping that is asked for', async () => {
    await trainPopulation();
    const given = JSON.parse(await readFile(join(root, 'population.json'), 'utf8')) as typeof study;
    const settings = { ...given.objective.settings, earlyStopping: { patience: 2 } };
    const file = { ...given, objective: { ...given.objective, settings }, folder: 'stopping' };
    await writeFile(join(root, 'stopping.json'), JSON.stringify(file));
    const { code, stderr } = await lanegrad(root, ['sweep', 'stopping.json']);
    expect(stderr).toMatch(/earlyStopping: expected none with pbt/);
    expect(code).toBe(2);
  });
});

describe('bad input', () => {
  const write = (other: object) =>
    writeFile(join(root, 'bad.json'), JSON.stringify({ ...study, folder: 'bad', ...other }));
  it.each<[string, object, RegExp]>([
    ['an unknown data set', { objective: { data: 'nothing' } }, /unknown data set "nothing"/],
    [
      'an unknown setting',
      { objective: { data: 'toy', settings: { epoch: 3 } } },
      /unknown option "epoch".*"epochs"/,
    ],
    [
      'an unknown setting in the space',
      { space: { rate: study.space.learningRate } },
      /unknown option "rate"/,
    ],
    [
      'a setting in both',
      { space: { epochs: { kind: 'integer', low: 1, high: 2 } } },
      /epochs: expected it in the space or in the settings/,
    ],
    [
      'a metric that is none',
      { objective: { data: 'toy', metric: 'validation.acuracy' } },
      /did you mean "validation.accuracy"/,
    ],
    ['folds and seeds', { objective: { data: 'toy', folds: 2, seeds: 2 } }, /expected folds or seeds/],
    [
      'nothing to validate by',
      { objective: { data: 'toy', settings: { full: true } } },
      /full: it leaves nothing/,
    ],
    [
      'more folds than rows',
      { objective: { data: 'toy', folds: 100_000 } },
      /folds: expected at most one for each of \d+ rows, given 100000/,
    ],
    ['an unknown key', { prunner: 'median' }, /unknown option "prunner".*"pruner"/],
  ])('%s is one line, and leaves nothing', async (_, other, message) => {
    await write(other);
    const { code, stderr } = await lanegrad(root, ['sweep', 'bad.json']);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(existsSync(join(root, 'bad'))).toBe(false);
  });

  it('data that have changed are refused', async () => {
    await write({ trials: 2, objective: { data: 'moving', settings: { epochs: 1 } }, folder: 'moved' });
    await writeToy(join(root, 'moving'), { train: 480 });
    expect((await lanegrad(root, ['sweep', 'bad.json'])).code).toBe(0);
    await writeToy(join(root, 'moving'), { train: 484 });
    const { stderr, code } = await lanegrad(root, ['sweep', 'resume', 'moved', '--trials', '3']);
    expect(stderr).toMatch(/the study there has another data; expected the same/);
    expect(code).toBe(2);
  });

  it.each([
    [['sweep', 'none.json'], /none.json: cannot be read: no such file/, 1],
    [['sweep', 'sweep.json'], /--out: expected the study's folder/, 2],
    [['sweep', 'toy/train-labels-idx1-ubyte'], /not JSON/, 1],
    [['sweep', 'status', 'toy'], /journal.log: cannot be read/, 1],
    [['sweep', 'resume', 'never', '--out', 'other'], /--out: expected none with resume/, 2],
    [['sweep', 'resume', 'never', '--shard', '0/2'], /--shard: expected none with resume/, 2],
    [['sweep', 'sweep.json', '--out', 'no', '--host', '127.0.0.1'], /--host: expected --serve besides/, 2],
    [['sweep', 'status', 'never', '--host', '127.0.0.1'], /--host: expected --serve besides/, 2],
    [['train', '--resume', 'never/trials/00000'], /is of a trial of the study in .*never; expected/, 2],
  ])('%s', async (args, message, status) => {
    const { code, stderr } = await lanegrad(root, args);
    expect(stderr).toMatch(message);
    expect(code).toBe(status);
  });
});

describe('Optuna', () => {
  const PYTHON = ['/usr/bin/python3', 'python3'].find((path) => existsSync(path)) ?? 'python3';
  const hasOptuna = promisify(execFile)(PYTHON, ['-c', 'import optuna']).then(
    () => true,
    () => false,
  );

  it.each(['never', 'population'])(
    'loads the journal, and shows the same trials and the same best one: %s',
    async (folder) => {
      if (!(await hasOptuna) && !process.env.CI) return;
      const script = `
import json, sys, warnings
warnings.simplefilter("ignore")
import optuna
storage = optuna.storages.JournalStorage(optuna.storages.JournalFileStorage(sys.argv[1]))
study = optuna.load_study(study_name=None, storage=storage)
print(json.dumps({
  "best": study.best_trial.number, "value": study.best_value, "direction": study.direction.name,
  "trials": [{"number": t.number, "state": t.state.name, "values": t.values, "params": t.params,
    "reports": sorted(t.intermediate_values.items()), "attributes": t.user_attrs,
    "took": t.datetime_complete >= t.datetime_start} for t in study.trials],
}))`;
      await trainPopulation();
      const journal = join(root, folder, 'journal.log');
      const { stdout } = await promisify(execFile)(PYTHON, ['-c', script, journal]);
      const found = JSON.parse(stdout) as Record<string, unknown>;
      const { best, trials } = lastObject(await stateOf(folder)) as { best: Trial; trials: Trial[] };
      expect(found).toEqual({
        ...{ best: best.number, value: best.values![0], direction: 'MAXIMIZE' },
        trials: trials.map(({ number, state, values, settings, reports, attributes }) => ({
          ...{ number, state: state.toUpperCase(), values, attributes, took: true },
          params: Object.fromEntries(
            Object.entries(settings).map(([name, value]) => [
              name,
              Array.isArray(value) ? JSON.stringify(value) : value,
            ]),
          ),
          reports: reports.map(({ step, value }) => [step, value]),
        })),
      });
    },
  );
});

it('other commands load nothing of it', async () => {
  const seen = new Set<string>();
  const follow = async (path: string): Promise<void> => {
    if (seen.has(path)) return;
    seen.add(path);
    const source = await readFile(path, 'utf8');
    const imports = [...source.matchAll(/^(?:import|export)[^;]*?from '(\.[^']+)';|^import '(\.[^']+)';/gm)];
    for (const [, from, alone] of imports) await follow(join(path, '..', (from ?? alone)!));
  };
  await follow(MAIN);
  expect([...seen].some((path) => path.endsWith('/cli/train.js'))).toBe(true);
  expect([...seen].filter((path) => path.includes('/dist/sweep/'))).toEqual([]);
});
