/** What runs and sweeps leave in their folders, and people and crashes change: journals, config.json, metrics. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { metricsCsv, metricsEvents } from '../../../src/index.js';
import { RunFolder, sweep } from '../../../src/node.js';
import { readMetrics } from '../../../src/run/metrics.js';
import { type RunSettings, readSettings } from '../../../src/run/settings.js';
import { trialsCsv } from '../../../src/sweep/csv.js';
import { readJournal } from '../../../src/sweep/journal/file.js';
import { replay } from '../../../src/sweep/journal/records.js';
import { readStudy } from '../../../src/sweep/read.js';
import { sweepPage } from '../../../src/sweep/report/page.js';
import { bestOf } from '../../../src/sweep/trial.js';
import { listChanges, mutateBytes, mutateJson, mutateText, NESTED_DEEPLY } from '../mutate.js';
import type { Random } from '../random.js';
import { expectThat, type FileTarget, must, type World } from '../target.js';
import { sameAgain } from './same.js';

/** Calls `use` with a folder that holds the bytes as a file of this name. */
async function within<T>(
  world: World,
  name: string,
  bytes: Uint8Array,
  use: (folder: string, path: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(world.folder, 'file-'));
  try {
    const path = join(folder, name);
    await writeFile(path, bytes);
    return await use(folder, path);
  } catch (error) {
    // What is kept of a message names no folder of one run.
    if (error instanceof Error) error.message = error.message.replaceAll(folder, '');
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What a line holds. Of one that was cut off, or nested too deep to be changed within, its text. */
function parsed(line: string): unknown {
  if (line.includes(NESTED_DEEPLY)) return line;
  try {
    return JSON.parse(line);
  } catch {
    return line;
  }
}

/** Lines of JSON, one or two of which were changed, left out, doubled or moved; or what a crash leaves. */
function mutateLines(r: Random, text: string): Uint8Array<ArrayBuffer> {
  if (r.chance(0.1)) return mutateBytes(r, Buffer.from(text));
  const lines = text.trimEnd().split('\n');
  for (let count = r.between(1, 2); count > 0; count--) {
    const at = r.below(lines.length);
    r.pick([
      () => {
        lines[at] = mutateJson(r, parsed(lines[at]));
      },
      () => {
        lines[at] = mutateJson(r, parsed(lines[at]));
      },
      ...listChanges(r, lines, at),
      () => lines.splice(at, 0, r.pick(['', ' ', 'null', '[]', '"x"', '{}', '\0\0\0', '[[[['])),
    ])();
    if (lines.length === 0) break;
  }
  const whole = `${lines.join('\n')}\n`;
  if (r.chance(0.15)) return Uint8Array.from(Buffer.from(mutateText(r, whole)));
  const bytes = Uint8Array.from(Buffer.from(whole));
  return r.chance(0.2) ? bytes.slice(0, r.below(bytes.length + 1)) : bytes;
}

const options = (folder: string) => ({
  objective: ({ settings }: { settings: Readonly<Record<string, unknown>> }) => Number(settings.rate),
  space: {
    rate: { kind: 'number', low: 1e-3, high: 1, log: true },
    how: { kind: 'choice', values: ['a', [1, 2], null] },
    more: { kind: 'integer', low: 0, high: 9, when: { how: 'a' } },
  } as const,
  ...{ sampler: 'random' as const, trials: 4, workers: 1, seed: 3, folder },
});

let journals: Promise<string[]> | undefined;

/** Journals of a function's study and of a training's, that ended or were left in the middle; made once. */
function madeJournals(world: World): Promise<string[]> {
  journals ??= (async () => {
    const folder = await mkdtemp(join(world.folder, 'study-'));
    await sweep(options(folder));
    const ended = await readFile(join(folder, 'journal.log'), 'utf8');
    const [first, definition, ...rest] = ended.trimEnd().split('\n');
    const json = JSON.parse(definition) as { user_attr: { lanegrad: Record<string, unknown> } };
    json.user_attr.lanegrad.objective = { data: 'x.csv', settings: { epochs: 1 } };
    const training = [first, JSON.stringify(json), ...rest].join('\n');
    const optuna = [first, ...rest].join('\n');
    return [ended, `${training}\n`, `${ended.slice(0, ended.length / 2)}\n`, `${optuna}\n`];
  })();
  return journals;
}

const journalTarget: FileTarget = {
  name: 'a journal of a sweep',
  weight: 8,
  extension: 'log',
  async make(r, world) {
    return { bytes: mutateLines(r, r.pick(await madeJournals(world))) };
  },
  read: (bytes, world) =>
    within(world, 'journal.log', bytes, async (folder, path) => {
      const recorded = replay(await readJournal(path), 'journal');
      const study = await readStudy(folder);
      expectThat(study.trials.length === recorded?.trials.length, () => 'other trials than were recorded');
      trialsCsv(study.trials);
      const { name, size: total, definition, trials } = study;
      sweepPage({ name, total, definition, trials, createdAt: '2026-01-01' });
      const best = bestOf(study.trials, study.directions);
      expectThat(
        best === undefined || (best.values ?? []).every(Number.isFinite),
        () => `the best trial has ${JSON.stringify(best?.values)}`,
      );
      return { recorded, best };
    }),
};

const resumeTarget: FileTarget = {
  name: 'a sweep that goes on',
  weight: 3,
  extension: 'log',
  async make(r, world) {
    const [ended, , half] = await madeJournals(world);
    return { bytes: mutateLines(r, r.chance(0.5) ? ended : half) };
  },
  read: (bytes, world) =>
    within(world, 'journal.log', bytes, async (folder) => {
      const { best, trials } = await sweep(options(folder));
      expectThat(trials.length >= 4, () => `${trials.length} trials of 4`);
      // What a sweep wrote itself, it reads.
      const again = await must('its own journal', () => readStudy(folder));
      expectThat(again.trials.length === trials.length, () => `${again.trials.length} trials are read again`);
      return {
        best: best?.values,
        trials: trials.map(({ state, settings, values }) => [state, settings, values]),
      };
    }),
};

const configTarget: FileTarget<RunSettings> = {
  name: 'config.json, and back',
  weight: 3,
  extension: 'json',
  make(r) {
    const some = Object.entries({
      earlyStopping: { patience: 2 },
      checkpoint: { everySteps: 3, keepLast: 2 },
      layers: 'conv 32 3 same batchnorm, pool, dense 9',
      metrics: ['f1'],
      weightDecay: 0.01,
    });
    const settings = {
      ...{ source: 'mnist', hidden: [16], activation: 'relu', learningRate: 0.1, batchSize: 32, epochs: 2 },
      ...{ seed: 1, shuffle: true, full: false, optimizer: 'adam' },
      ...Object.fromEntries(some.filter(() => r.chance(0.3))),
    };
    const config = { lanegrad: '0.1.0', engine: { backend: 'wasm', math: 'strict', threads: 1 } };
    const whole = { ...config, settings };
    const text = r.chance(0.2) ? JSON.stringify(whole) : mutateJson(r, whole);
    return { bytes: Uint8Array.from(Buffer.from(r.chance(0.2) ? mutateText(r, text) : text)) };
  },
  read: (bytes, world) =>
    within(world, 'config.json', bytes, async (folder) => {
      const runFolder = await RunFolder.open(folder);
      const settings = readSettings(await runFolder.readConfig(), 'config.json');
      const again = { settings: JSON.parse(JSON.stringify(settings)) as unknown };
      sameAgain('what was read', await must('what was read', () => readSettings(again, 'again')), settings);
      return settings;
    }),
};

const metricsTarget: FileTarget = {
  name: 'metrics.jsonl',
  weight: 2,
  extension: 'jsonl',
  make(r) {
    const record = (epoch: number) => ({
      epoch,
      loss: 1 / epoch,
      validation: { loss: 0.5, accuracy: [0.5, 1] },
    });
    return { bytes: mutateLines(r, r.list(3, (i) => JSON.stringify(record(i + 1))).join('\n')) };
  },
  read: (bytes, world) =>
    within(world, 'metrics.jsonl', bytes, async (folder) => {
      const { records } = await readMetrics(folder);
      const csv = metricsCsv(records);
      expectThat(csv.split('\n').length > records.length, () => 'rows were lost');
      metricsEvents(records, 1);
      return csv;
    }),
};

export const runFiles = [journalTarget, resumeTarget, configTarget, metricsTarget] as FileTarget[];
