/** Asks the table's worker; its errors come out as they are, with the name of their class. */
import type { CallName, Calls, EpochNews, Question, Reply } from './protocol.js';

export class TableClient {
  readonly #worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  readonly #waiting = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();
  #id = 0;
  onEpoch: (news: EpochNews) => void = () => {};

  constructor() {
    this.#worker.addEventListener('message', ({ data }: MessageEvent<Reply>) => {
      if (data.kind === 'epoch') return this.onEpoch(data.news);
      const waiting = this.#waiting.get(data.id);
      this.#waiting.delete(data.id);
      if (data.kind === 'result') waiting?.resolve(data.result);
      else waiting?.reject(Object.assign(new Error(data.message), { name: data.name }));
    });
    this.#worker.addEventListener('error', (event) => {
      event.preventDefault();
      const error = new Error(event.message || 'the worker’s script cannot be loaded');
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
    });
  }

  ask<K extends CallName>(name: K, given: Calls[K]['given']): Promise<Calls[K]['gives']> {
    const question: Question = { id: ++this.#id, name, given };
    return new Promise((resolve, reject) => {
      this.#waiting.set(question.id, { resolve: resolve as (result: unknown) => void, reject });
      this.#worker.postMessage(question);
    });
  }
}
