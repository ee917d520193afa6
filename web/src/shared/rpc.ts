/**
 * A page and a worker of its own: questions by name with an answer each, and news in between. Errors of the
 * worker come out as they are, with the name of their class.
 */

/** What a worker can be asked: by name, what is given and what it gives. */
export type CallTable = Readonly<Record<string, { given: unknown; gives: unknown }>>;

export interface Question {
  readonly id: number;
  readonly name: string;
  readonly given: unknown;
}

export type Reply =
  | { readonly kind: 'result'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly name: string; readonly message: string }
  | { readonly kind: 'news'; readonly news: unknown };

/** The page's side. */
export class WorkerClient<Calls extends CallTable, News> {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();
  #id = 0;
  onNews: (news: News) => void = () => {};

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.addEventListener('message', ({ data }: MessageEvent<Reply>) => {
      if (data.kind === 'news') return this.onNews(data.news as News);
      const waiting = this.#waiting.get(data.id);
      this.#waiting.delete(data.id);
      if (data.kind === 'result') waiting?.resolve(data.result);
      else waiting?.reject(Object.assign(new Error(data.message), { name: data.name }));
    });
    worker.addEventListener('error', (event) => {
      event.preventDefault();
      const error = new Error(event.message || 'the worker’s script cannot be loaded');
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
    });
  }

  ask<K extends keyof Calls & string>(name: K, given: Calls[K]['given']): Promise<Calls[K]['gives']> {
    const question: Question = { id: ++this.#id, name, given };
    return new Promise((resolve, reject) => {
      this.#waiting.set(question.id, { resolve: resolve as (result: unknown) => void, reject });
      this.#worker.postMessage(question);
    });
  }
}
