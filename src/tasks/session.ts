/**
 * Work that is done once: every task is looked up among the results that are kept, done by an executor when
 * it is not there, and kept at once. What is stopped half way goes on from there the next time.
 */
import type { Global } from '../base/globals.js';
import type { Executor } from './executor.js';
import { type ProgressHooks, Tracker } from './progress.js';
import { canonicalJson, type Store } from './store.js';

/** Each kind of task by its name: its settings and its result, both plain values. */
type TaskTypes<Tasks> = { [Kind in keyof Tasks]: { settings: unknown; result: unknown } };

/** A task as it is handed to an executor. */
export type TaskOf<Tasks extends TaskTypes<Tasks>> = {
  [Kind in keyof Tasks]: { readonly kind: Kind; readonly settings: Tasks[Kind]['settings'] };
}[keyof Tasks];

export interface SessionHooks extends ProgressHooks {
  readonly signal?: Global<'AbortSignal'> | undefined;
}

export class Session<Tasks extends TaskTypes<Tasks>> {
  readonly progress: Tracker;
  readonly #store: Store;
  readonly #executor: Executor<TaskOf<Tasks>>;
  readonly #identity: object;
  readonly #signal: AbortSignal | undefined;
  readonly #known = new Map<string, Promise<unknown>>();
  /** Tasks that were done now, and those whose result was there. */
  computed = 0;
  found = 0;

  /** @param identity what every result depends on beside its settings: version, WebAssembly, data. */
  constructor(
    store: Store,
    executor: Executor<TaskOf<Tasks>>,
    identity: object,
    { signal, ...hooks }: SessionHooks = {},
  ) {
    this.#store = store;
    this.#executor = executor;
    this.#identity = identity;
    this.#signal = signal;
    this.progress = new Tracker(hooks);
  }

  /**
   * The result of one task of a stage that was announced to `progress`. `extra` joins what the result depends
   * on.
   *
   * @throws RunError when it fails, the signal's reason when it is aborted, FileError when it cannot be kept.
   */
  async run<K extends keyof Tasks & string>(
    stage: string,
    label: string,
    kind: K,
    settings: Tasks[K]['settings'],
    extra: object = {},
  ): Promise<Tasks[K]['result']> {
    this.#signal?.throwIfAborted();
    const key = { ...this.#identity, ...extra, kind, settings };
    const name = canonicalJson(key);
    let result = this.#known.get(name);
    if (result) {
      // Two experiments want the same run: the second waits for the first.
      this.found++;
    } else {
      result = this.#lookUpOrDo(stage, label, { kind, settings }, kind, key);
      this.#known.set(name, result);
    }
    const value = await result;
    this.progress.end(stage, label);
    return value as Tasks[K]['result'];
  }

  async #lookUpOrDo(
    stage: string,
    label: string,
    task: TaskOf<Tasks>,
    kind: string,
    key: object,
  ): Promise<unknown> {
    const kept = await this.#store.get(kind, key);
    if (kept !== undefined) {
      this.found++;
      return kept;
    }
    const result = await this.#executor.run(task, label, {
      onStart: () => this.progress.begin(stage, label),
      onProgress: ({ done, total }) => this.progress.advance(label, done / total),
      ...(this.#signal && { signal: this.#signal }),
    });
    // As a file would give it back, so that the first run and the second see the same.
    const plain: unknown = JSON.parse(JSON.stringify(result));
    await this.#store.put(kind, key, plain);
    this.computed++;
    return plain;
  }
}
