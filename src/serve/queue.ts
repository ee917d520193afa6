/**
 * Requests whose rows wait to be computed. Rows of several requests are computed together where they wait at the
 * same time; each is answered with its own rows' answers, and with its own error. It knows nothing of HTTP.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { joined } from '../base/arrays.js';
import { LanegradError } from '../base/errors.js';
import { BODY, RequestError, unavailable } from './errors.js';
import type { RowSource } from './rows.js';

/** Milliseconds that a turn should take: between turns requests are read and health is told. */
const TURN = 10;

/** Who computes answers; `Answers` does. */
export interface Answering {
  readonly maxRows: number;
  of(where: string, values: readonly Float32Array[], rows: number, first: number): string[];
}

/** Who waits for an answer, as long as `gone` is false. An AbortSignal would cost as much as a small network. */
export interface Client {
  readonly gone: boolean;
}

interface Job {
  readonly source: RowSource;
  readonly answers: string[];
  readonly client: Client;
  readonly resolve: (answers: readonly string[]) => void;
  readonly reject: (error: unknown) => void;
  failed: boolean;
}

/** Rows of one request that are computed in this turn. */
interface Part {
  readonly job: Job;
  readonly values: readonly Float32Array[];
  readonly rows: number;
}

export class Queue {
  readonly #answering: Answering;
  readonly #jobs: Job[] = [];
  #busy = false;
  /** Rows of the next turn; follows from how long the last one took. */
  #rows: number;

  constructor(answering: Answering) {
    this.#answering = answering;
    this.#rows = Math.min(16, answering.maxRows);
  }

  /**
   * The answers of all rows of a request, one text each.
   *
   * @throws what is wrong with its rows: of its own, and never of those computed beside.
   */
  answer(source: RowSource, client: Client): Promise<readonly string[]> {
    return new Promise((resolve, reject) => {
      this.#jobs.push({ source, answers: [], client, resolve, reject, failed: false });
      if (!this.#busy) void this.#run();
    });
  }

  /** Answers none of those that wait: each is told that it is not. */
  refuseAll(problem: string): void {
    for (const job of this.#jobs.splice(0)) fail(job, unavailable(BODY, problem));
  }

  async #run(): Promise<void> {
    this.#busy = true;
    // What has come at the same time is read first, so that it can be computed together.
    await nextTurn();
    while (this.#jobs.length > 0) {
      const parts = await this.#take();
      if (parts.length > 0) this.#compute(parts);
      for (const { job } of parts) this.#settle(job);
      await nextTurn();
    }
    this.#busy = false;
  }

  /** Some rows of those who wait the longest. A request that has more goes to the end then. */
  async #take(): Promise<Part[]> {
    const parts: Part[] = [];
    let room = this.#rows;
    while (room > 0) {
      const job = this.#jobs.shift();
      if (!job) break;
      if (job.client.gone) {
        fail(job, new RequestError(BODY, 499, 'nobody waits for the answer'));
        continue;
      }
      const rows = Math.min(room, job.source.rows - job.answers.length);
      try {
        parts.push({ job, rows, values: await job.source.next(rows) });
        room -= rows;
      } catch (error) {
        fail(job, error);
      }
    }
    return parts;
  }

  #compute(parts: readonly Part[]): void {
    const rows = parts.reduce((sum, part) => sum + part.rows, 0);
    const began = performance.now();
    try {
      const answers = this.#answering.of(BODY, rowsOf(parts), rows, firstOf(parts));
      let at = 0;
      for (const part of parts) {
        for (let i = 0; i < part.rows; i++) part.job.answers.push(answers[at++]);
      }
    } catch (error) {
      if (parts.length > 1 && error instanceof LanegradError) {
        // Whose rows they are is found by asking for each alone; the others have the same answers as together.
        for (const part of parts) this.#compute([part]);
        return;
      }
      for (const { job } of parts) fail(job, error);
    }
    const took = performance.now() - began;
    if (took > 2 * TURN) this.#rows = Math.max(1, this.#rows >> 1);
    else if (took < TURN / 2 && rows === this.#rows) {
      this.#rows = Math.min(2 * this.#rows, this.#answering.maxRows);
    }
  }

  #settle(job: Job): void {
    if (job.failed) return;
    if (job.answers.length === job.source.rows) job.resolve(job.answers);
    else this.#jobs.push(job);
  }
}

function fail(job: Job, error: unknown): void {
  job.failed = true;
  job.reject(error);
}

/** Where a single request's rows begin, for messages; of several nobody hears of it. */
function firstOf(parts: readonly Part[]): number {
  return parts.length === 1 ? parts[0].job.answers.length : 0;
}

/** Of each input, the rows of all parts in order. */
function rowsOf(parts: readonly Part[]): readonly Float32Array[] {
  const [first] = parts;
  if (parts.length === 1) return first.values;
  return first.values.map((_, input) =>
    joined(
      Float32Array,
      parts.map(({ values }) => values[input]),
    ),
  );
}
