/** One job under one fault: it is disturbed, gone on with, and what it comes to compared with the undisturbed one. */
import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { type Outcome, type Running, start } from '../cli/process.js';
import type { Random } from '../fuzz/random.js';
import { broken, temporaries, unclear } from './checks.js';
import { type Job, namesIn, prepareOut } from './jobs.js';

/** What is known of a job from when nothing disturbed it. */
export interface Undisturbed {
  readonly result: unknown;
  readonly milliseconds: number;
  /** Operations on files, of the command and of the last of its workers to end. */
  readonly operations: { readonly main: number; readonly worker: number };
  /** Of all files in the end, and of the largest one. */
  readonly bytes: { readonly all: number; readonly largest: number };
}

export interface LifeOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Words before the command's own. */
  readonly through?: readonly string[];
  /** Done while it runs. */
  readonly during?: (running: Running) => Promise<void>;
  /** What it must come to: by default success or a clear error; also that the process is ended, or success alone. */
  readonly may?: 'die' | 'succeed';
}

export type End = 'done' | 'refused' | 'killed';

/** Of `npm run faults` as `node --import` takes it. */
const PRELOAD = (name: string) => `--import ${new URL(`preload/${name}.mjs`, import.meta.url).href}`;

/** The environment that loads `operations` or `runtime` with what it is to do. */
export function faultAt(name: 'operations' | 'runtime', fault: object): NodeJS.ProcessEnv {
  return { NODE_OPTIONS: PRELOAD(name), FAULT: JSON.stringify(fault) };
}

export class Disturbed {
  readonly root: string;
  readonly job: Job;
  readonly undisturbed: Undisturbed;
  readonly random: Random;
  /** The folder that holds `out` and nothing else. */
  readonly place: string;
  readonly out: string;
  readonly problems: string[] = [];
  readonly ends: Record<End, number> = { done: 0, refused: 0, killed: 0 };
  /** Workers that were killed from outside. */
  workersKilled = 0;

  constructor(root: string, place: string, job: Job, undisturbed: Undisturbed, random: Random) {
    this.root = root;
    this.place = place;
    this.out = join(place, 'out');
    this.job = job;
    this.undisturbed = undisturbed;
    this.random = random;
  }

  async prepare(): Promise<void> {
    await rm(this.place, { recursive: true, force: true });
    await mkdir(this.place, { recursive: true });
    await prepareOut(this.job, this.out);
  }

  /** Starts the job, or goes on with it, and looks at how that ended. */
  async live({ env, through, during, may }: LifeOptions = {}): Promise<End> {
    const words = this.job.words(this.out);
    const running = start(this.root, words, env, { ...(through && { through }), group: true });
    const patience = new AbortController();
    const limit = 60_000 + 20 * this.undisturbed.milliseconds;
    const watch = sleep(limit, true, { signal: patience.signal }).catch(() => false);
    let hung = false;
    void watch.then((late) => {
      if (!late) return;
      hung = true;
      killGroup(running);
    });
    const [outcome] = await Promise.all([running.outcome, during?.(running)]);
    patience.abort();
    const end = outcome.code === null ? 'killed' : outcome.code === 0 ? 'done' : 'refused';
    this.ends[end]++;
    if (hung) this.#wrong(words, `no end within ${limit / 1000} s`);
    else this.#judge(words, end, outcome, may);
    await this.#look(words, end);
    return end;
  }

  /** The last life, which nothing disturbs: it must come to what it would have come to. */
  async finish(): Promise<void> {
    await this.live({ may: 'succeed' });
    if (this.problems.length > 0) return;
    const result = await this.job.result(this.out).catch((error) => String(error));
    const { result: expected } = this.undisturbed;
    if (!isDeepStrictEqual(result, expected)) {
      this.problems.push(`came to ${difference(result, expected)}`);
    }
    // Only what replaces a single file has nobody who clears away after a kill.
    const left = await temporaries(this.place);
    const excused = this.job.replaces === undefined ? 0 : this.ends.killed;
    if (left.length > excused) this.problems.push(`left behind: ${left.join(', ')}`);
  }

  /** Milliseconds, at random, within the time that an undisturbed one takes but for its end. */
  moment(): number {
    return 0.9 * this.undisturbed.milliseconds * this.random.next();
  }

  #judge(words: string[], end: End, outcome: Outcome, may: LifeOptions['may']): void {
    if (end === 'killed' && may !== 'die') {
      this.#wrong(words, `ended by a signal: ${outcome.stderr.trim().slice(0, 500)}`);
    }
    if (end !== 'refused') return;
    const problem = may === 'succeed' ? `expected success: ${outcome.stderr.trim()}` : unclear(outcome);
    if (problem !== undefined) this.#wrong(words, problem);
  }

  async #look(words: string[], end: End): Promise<void> {
    if (!existsSync(this.out)) return;
    for (const problem of await broken(this.job, this.out, this.undisturbed.result, this.ends.killed > 0)) {
      this.#wrong(words, `after that (${end}), ${problem}`);
    }
    if (end !== 'refused' || this.job.pool || this.ends.killed > 0) return;
    const left = await temporaries(this.place);
    if (left.length > 0) this.#wrong(words, `after its error it left ${left.join(', ')}`);
  }

  #wrong(words: string[], problem: string): void {
    this.problems.push(`lanegrad ${words.join(' ')}: ${problem}`);
  }
}

/** Ends a command and all that it started. */
export function killGroup({ child }: Running): void {
  try {
    process.kill(-child.pid!, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

/** Runs a job as it is, and counts. */
export async function measure(root: string, place: string, job: Job): Promise<Undisturbed> {
  const out = join(place, 'out');
  await mkdir(place, { recursive: true });
  await prepareOut(job, out);
  const countTo = join(place, 'count');
  const began = performance.now();
  const { code, stderr } = await start(root, job.words(out), faultAt('operations', { countTo })).outcome;
  const milliseconds = performance.now() - began;
  if (code !== 0 || stderr !== '') throw new Error(`${job.name} undisturbed ended with ${code}: ${stderr}`);
  const counted = (who: string) =>
    existsSync(`${countTo}-${who}`) ? Number(readFileSync(`${countTo}-${who}`, 'utf8')) : 0;
  const sizes = (await namesIn(out)).map((name) => readFileSync(join(out, name)).length);
  return {
    result: await job.result(out),
    milliseconds,
    operations: { main: counted('main'), worker: counted('worker') },
    bytes: { all: sizes.reduce((sum, size) => sum + size, 0), largest: Math.max(...sizes) },
  };
}

/** Gives a folder and all folders below it these modes. */
export async function setModes(folder: string, mode: number): Promise<void> {
  const names = await namesIn(folder);
  const folders = new Set(names.map((name) => join(folder, name, '..')));
  for (const path of [...folders, folder]) chmodSync(path, mode);
}

/** The first thing in which two results differ. */
function difference(result: unknown, expected: unknown): string {
  if (typeof result !== 'object' || typeof expected !== 'object' || !result || !expected) {
    return `${JSON.stringify(result)}, expected ${JSON.stringify(expected)}`;
  }
  const keys = Object.keys(expected) as (keyof typeof expected)[];
  const key = keys.find((name) => !isDeepStrictEqual(result[name], expected[name]));
  if (key === undefined) return 'other keys';
  const text = (value: unknown) => JSON.stringify(value)?.slice(0, 600);
  return `${String(key)} ${text(result[key])}, expected ${text(expected[key])}`;
}
