/**
 * Work that is done once: whatever is not among the results that are kept is a study, as sweeps have it, whose trials
 * are tasks. Its journal keeps each result as it comes, so that what is stopped half way goes on from there. Node only.
 */
import { randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { FileError, FormatError } from '../base/errors.js';
import { makeFolders } from '../base/files/folders.js';
import type { Global } from '../base/globals.js';
import { canonicalJson } from '../base/json.js';
import { coordinate } from '../sweep/coordinate.js';
import { listDefinition } from '../sweep/list.js';
import type { TrialTask } from '../sweep/objective/trial.js';
import { readStudy } from '../sweep/read.js';
import type { SettingValue } from '../sweep/space.js';
import { JOURNAL_FILE, Study } from '../sweep/study.js';
import type { Trial } from '../sweep/trial.js';
import { type Executor, RunError } from '../tasks/executor.js';
import { type ProgressHooks, Tracker } from '../tasks/progress.js';
import type { Identity } from './identity.js';
import { RESULT, TASK, type Task, type TaskKind, type Tasks } from './tasks.js';

export interface SessionHooks extends ProgressHooks {
  readonly signal?: Global<'AbortSignal'> | undefined;
}

/** One task of a stage; its label is shown while it runs. */
export interface Wanted<K extends TaskKind> {
  readonly label: string;
  readonly settings: Tasks[K]['settings'];
}

export class Session {
  readonly progress: Tracker;
  /** Tasks that were done now, and those whose result was there. */
  computed = 0;
  found = 0;
  /** Journals that were there and could not be read. Their tasks are done anew. */
  readonly damaged: string[] = [];
  readonly #folder: string;
  readonly #executor: Executor<TrialTask>;
  readonly #identity: Identity;
  readonly #data: string | undefined;
  readonly #signal: AbortSignal | undefined;
  /** Results by all that they depend on. */
  readonly #known = new Map<string, unknown>();

  private constructor(
    folder: string,
    executor: Executor<TrialTask>,
    { identity, data }: { readonly identity: Identity; readonly data: string | undefined },
    { signal, ...hooks }: SessionHooks,
  ) {
    this.#folder = folder;
    this.#executor = executor;
    this.#identity = identity;
    this.#data = data;
    this.#signal = signal;
    this.progress = new Tracker(hooks);
  }

  /**
   * Reads what is in the folder, making it where it is missing.
   *
   * @throws FileError when that fails, and for results of a version that kept them otherwise.
   */
  static async open(
    folder: string,
    executor: Executor<TrialTask>,
    of: { readonly identity: Identity; readonly data: string | undefined },
    hooks: SessionHooks = {},
  ): Promise<Session> {
    await makeFolders(folder);
    const session = new Session(folder, executor, of, hooks);
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const { name } = entry;
      if (/^(fit|synthetic|tensor|batched|forms|speed)-[\da-f]{20}\.json$/.test(name)) {
        throw new FileError(
          folder,
          'it has results of an earlier version, a file each; expected another folder by --out, or this one removed',
        );
      }
      if (entry.isDirectory()) await session.#read(join(folder, name));
    }
    return session;
  }

  async #read(path: string): Promise<void> {
    try {
      const { definition, trials } = await readStudy(path);
      for (const { settings, attributes } of trials) {
        if (!(RESULT in attributes)) continue;
        this.#known.set(keyOf(definition.objective!, settings[TASK] as unknown as Task), attributes[RESULT]);
      }
    } catch (error) {
      if (!(error instanceof FormatError || error instanceof FileError)) throw error;
      this.damaged.push(join(path, JOURNAL_FILE));
    }
  }

  /**
   * The results of one kind of tasks of a stage that was announced to `progress`, in their order. `extra` joins what
   * they depend on beside data and version.
   *
   * @throws RunError when one fails, the signal's reason when it is aborted, FileError when they cannot be kept.
   */
  async run<K extends TaskKind>(
    stage: string,
    kind: K,
    wanted: readonly Wanted<K>[],
    extra: object = {},
  ): Promise<Tasks[K]['result'][]> {
    this.#signal?.throwIfAborted();
    const identity = { ...this.#identity, ...extra };
    const keys = wanted.map(({ settings }) => keyOf(identity, { kind, settings } as Task));
    const missing = wanted.filter((_, i) => !this.#known.has(keys[i]) && keys.indexOf(keys[i]) === i);
    for (const own of wanted) {
      if (missing.includes(own)) continue;
      this.found++;
      this.progress.end(stage, own.label);
    }
    if (missing.length > 0) await this.#do(stage, kind, missing, identity);
    return keys.map((key) => this.#known.get(key) as Tasks[K]['result']);
  }

  async #do<K extends TaskKind>(
    stage: string,
    kind: K,
    missing: readonly Wanted<K>[],
    identity: object,
  ): Promise<void> {
    const data = this.#data;
    const tasks = missing.map(({ settings }) => ({ kind, settings, ...(data !== undefined && { data }) }));
    const definition = listDefinition(stage, TASK, JSON.parse(JSON.stringify(tasks)) as SettingValue[], {
      objective: identity,
    });
    // One that nobody else has, whoever is at work here besides.
    const folder = join(this.#folder, `${stage.replaceAll(' ', '-')}-${randomUUID().slice(0, 8)}`);
    const study = await Study.open(definition, { folder, name: stage, size: missing.length });
    const labelOf = ({ number }: Trial) => missing[number].label;
    try {
      await coordinate(study, this.#executor, {
        trials: missing.length,
        signal: this.#signal,
        onBegin: (trial) => this.progress.begin(stage, labelOf(trial)),
        onReport: (trial) => this.progress.advance(labelOf(trial), shareOf(trial)),
        onEnd: (trial) => {
          const { attributes, reason = '', settings } = trial;
          if (!(RESULT in attributes)) throw new RunError(labelOf(trial), reason);
          this.#known.set(keyOf(identity, settings[TASK] as unknown as Task), attributes[RESULT]);
          this.computed++;
          this.progress.end(stage, labelOf(trial));
        },
      });
    } finally {
      await study.close();
    }
  }
}

/** All that a result depends on. */
function keyOf(identity: object, { kind, settings }: Task): string {
  return canonicalJson({ ...identity, kind, settings });
}

/** A training reports its epochs, everything else its share. */
function shareOf({ settings, reports }: Trial): number {
  const task = settings[TASK] as unknown as Task;
  const { step, value } = reports.at(-1)!;
  return task.kind === 'fit' ? step / task.settings.epochs : value;
}
