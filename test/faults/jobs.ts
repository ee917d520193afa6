/** What is disturbed: commands that write files, how each is gone on with, and what of it must be the same. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readStudy } from '../../src/sweep/read.js';
import { start } from '../cli/process.js';
import { toySpace, writeToy } from '../cli/toy.js';
import { digest } from '../sweep/helpers.js';

export interface Job {
  readonly name: string;
  /** Whether it has processes that work for it. */
  readonly pool?: true;
  /** Whether what it writes is one file that is there before. */
  readonly replaces?: string;
  /** The words that begin it, or go on with what is in the folder `out`. */
  words(out: string): string[];
  /** Everything in `out` that must be the same, however often it was disturbed. */
  result(out: string): Promise<unknown>;
}

/** What stands in a file that a command is to replace. */
export const OLD = 'the file that was there before\n';

/** Each of these has a state of its own that a checkpoint must carry. */
const STATEFUL = '--batch-size 16 --optimizer adam --average-decay 0.99 --seed 5';
const STEPS = '--checkpoint-every 7';

/** One thread, where nothing else is said: they share the machine. */
const ONE = ['--threads', '1'];

function training(name: string, words: string, more: readonly string[] = [], threads = ONE): Job {
  return {
    name,
    words: (out) =>
      existsSync(join(out, 'config.json'))
        ? ['train', '--resume', out, ...threads, '--quiet']
        : ['train', ...words.split(' '), ...more, ...threads, '--out', out, '--quiet'],
    result: resultOfTraining,
  };
}

async function resultOfTraining(out: string): Promise<unknown> {
  const config = JSON.parse(await readFile(join(out, 'config.json'), 'utf8')) as Record<string, unknown>;
  return {
    names: await namesIn(out),
    model: await sha256(join(out, 'model.safetensors')),
    metrics: await metricsOf(out),
    settings: config.settings,
  };
}

async function metricsOf(out: string): Promise<unknown[]> {
  const text = await readFile(join(out, 'metrics.jsonl'), 'utf8').catch(() => '');
  const lines = text.split('\n').filter(Boolean);
  return lines.map((line) => {
    const { seconds: _, samplesPerSecond: __, ...own } = JSON.parse(line) as Record<string, unknown>;
    return own;
  });
}

/** A command that writes one file in place of an old one. */
function writing(name: string, file: string, words: string): Job {
  return {
    name,
    replaces: file,
    words: (out) => [...words.split(' '), '--out', join(out, file)],
    result: (out) => sha256(join(out, file)),
  };
}

const sweeping: Job = {
  name: 'sweep',
  pool: true,
  words: (out) => ['sweep', 'sweep.json', '--out', out, '--workers', '2', '--quiet'],
  async result(out) {
    const { trials } = await readStudy(out);
    const best = (await readdir(join(out, 'best'))).sort();
    return {
      trials: digest(trials),
      best: [best, await sha256(join(out, 'best', 'model.safetensors'))],
      names: await namesIn(out),
    };
  },
};

const STUDY = {
  objective: { data: 'toy', settings: { epochs: 20, batchSize: 16, normalize: 'channel' } },
  space: toySpace,
  pruner: 'successiveHalving',
  trials: 8,
};

const FOLDS = `members.csv --target kind --folds 3 --workers 2 --epochs 12 ${STATEFUL} ${STEPS}`;
const LAYERS = 'conv 4 3 batchnorm, pool, dense 16, dropout 0.1';
const CONVOLUTIONS = ['--layers', LAYERS, '--augment', 'shift 1'];

export const jobs: readonly Job[] = [
  training('dense', `toy --hidden 32 --batch-norm --dropout 0.1 --epochs 20 ${STATEFUL} ${STEPS}`),
  training('conv', `toy --epochs 6 ${STATEFUL} --checkpoint-every 2epochs`, CONVOLUTIONS),
  training(
    'table',
    `members.csv --target kind --hidden 16 --early-stopping 50 --epochs 30 ${STATEFUL} ${STEPS}`,
  ),
  training('stream', 'large.csv --target kind --memory 1M --epochs 2 --hidden 16 --checkpoint-every 100'),
  training('anew', `toy --hidden 32 --epochs 20 ${STATEFUL} --checkpoint-every never`),
  // Wide enough for its products to be worth a second thread.
  training('threads', `toy --hidden 512,256 --epochs 6 --batch-size 128 ${STEPS}`, [], ['--threads', '2']),
  { ...training('folds', FOLDS, [], []), pool: true },
  sweeping,
  writing('onnx', 'model.onnx', 'export model --to onnx --raw-inputs'),
  writing('npz', 'model.npz', 'export model --to npz'),
  writing('csv', 'metrics.csv', 'export model --to csv'),
  writing('import', 'model.safetensors', 'import model.onnx'),
  writing('predict', 'answers.csv', 'predict tabular large.csv --copy colour --threads 1'),
];

/** Writes the data and models that the jobs begin with into the working folder. */
export async function prepareData(root: string): Promise<void> {
  await writeToy(join(root, 'toy'), { train: 480 });
  const table = (rows: number) => {
    const line = (i: number) => {
      const [x, y] = [((i * 7919) % 10_007) / 10_007, ((i * 104_729) % 9973) / 9973];
      return `${x},${y},${['red', 'blue', 'green'][i % 3]},${x + y > 1 ? 'far' : 'near'}`;
    };
    return `x,y,colour,kind\n${Array.from({ length: rows }, (_, i) => line(i)).join('\n')}\n`;
  };
  await writeFile(join(root, 'members.csv'), table(300));
  await writeFile(join(root, 'large.csv'), table(21_000));
  await writeFile(join(root, 'sweep.json'), JSON.stringify(STUDY));
  for (const words of [
    'train toy --hidden 700,300 --epochs 2 --threads 1 --out model',
    'train members.csv --target kind --epochs 3 --threads 1 --out tabular',
    'export model --to onnx --out model.onnx',
  ]) {
    const { code, stderr } = await start(root, words.split(' ')).outcome;
    if (code !== 0) throw new Error(`${words} ended with ${code}: ${stderr}`);
  }
}

/** What must be there before a job begins; nothing of what `out` held stays. */
export async function prepareOut(job: Job, out: string): Promise<void> {
  await rm(out, { recursive: true, force: true });
  if (job.replaces === undefined) return;
  await mkdir(out, { recursive: true });
  await writeFile(join(out, job.replaces), OLD);
}

/** All files below a folder, sorted. */
export async function namesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(folder.length + 1))
    .sort();
}

async function sha256(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}
