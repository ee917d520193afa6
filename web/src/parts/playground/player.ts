/** The worker and who asks it: one question under way, the next one with the next picture, or at once. */
import { withNextPicture } from '../../shared/dom.js';
import type { Answer, Begin, Request, Snapshot } from './protocol.js';

/** Milliseconds of steps between two pictures, when it goes as fast as it can. */
const SLICE = 14;
/** Milliseconds over which speeds are measured. */
const WINDOW = 1000;

export interface Pace {
  /** Steps a second: of the clock on the wall, pictures and pauses between them included. */
  readonly stepsPerSecond: number;
  /** Microseconds of one step, of the time in steps alone. */
  readonly microseconds: number;
}

export class Player {
  readonly #worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  readonly #shown: (snapshot: Snapshot) => void;
  readonly #failed: (message: string) => void;
  #run = 0;
  #asked = false;
  #playing = false;
  #latest: Snapshot | undefined;
  #marks: { at: number; steps: number; milliseconds: number }[] = [];
  /** Steps a picture; 0 for as many as there is time for. */
  speed = 100;
  rate = 0.01;

  constructor(shown: (snapshot: Snapshot) => void, failed: (message: string) => void) {
    this.#shown = shown;
    this.#failed = failed;
    this.#worker.addEventListener('message', ({ data }: MessageEvent<Answer>) => this.#receive(data));
    this.#worker.addEventListener('error', (event) => {
      event.preventDefault();
      this.#playing = false;
      failed(event.message || 'the worker’s script cannot be loaded');
    });
  }

  get playing(): boolean {
    return this.#playing;
  }

  /** A network from the start; it goes on playing if it did. */
  begin(begin: Omit<Begin, 'kind' | 'run'>): void {
    this.#run++;
    this.#marks = [];
    this.rate = begin.settings.rate;
    this.#ask({ kind: 'begin', run: this.#run, ...begin });
  }

  play(): void {
    this.#playing = true;
    this.#marks = [];
    this.#schedule();
  }

  pause(): void {
    this.#playing = false;
  }

  step(): void {
    this.#playing = false;
    this.#ask({ kind: 'advance', run: this.#run, rate: this.rate, steps: 1 });
  }

  /** Of the last second; undefined before there is anything to go by. */
  get pace(): Pace | undefined {
    const [first] = this.#marks;
    const last = this.#marks.at(-1);
    if (!first || !last || last.at - first.at < WINDOW / 4) return undefined;
    // What was computed before the first mark took time before it.
    const after = this.#marks.slice(1);
    const steps = after.reduce((sum, mark) => sum + mark.steps, 0);
    const spent = after.reduce((sum, mark) => sum + mark.milliseconds, 0);
    return { stepsPerSecond: (1000 * steps) / (last.at - first.at), microseconds: (1000 * spent) / steps };
  }

  #ask(request: Request): void {
    this.#asked = true;
    this.#worker.postMessage(request);
  }

  #advance(): void {
    if (!this.#playing || this.#asked) return;
    const amount = this.speed > 0 ? { steps: this.speed } : { milliseconds: SLICE };
    this.#ask({ kind: 'advance', run: this.#run, rate: this.rate, ...amount });
  }

  #receive(answer: Answer): void {
    if (answer.run !== this.#run) return;
    this.#asked = false;
    if (answer.kind === 'failure') {
      this.#playing = false;
      this.#failed(answer.message);
      return;
    }
    this.#latest = answer;
    const now = performance.now();
    if (answer.steps > 0) {
      this.#marks.push({ at: now, steps: answer.steps, milliseconds: answer.milliseconds });
      while (this.#marks[0].at < now - WINDOW) this.#marks.shift();
    }
    if (this.speed === 0) this.#advance();
    this.#schedule();
  }

  /** Draws and asks with the next picture; a page that is not to be seen has none, and so it rests. */
  readonly #schedule = withNextPicture(() => {
    this.#advance();
    const snapshot = this.#latest;
    this.#latest = undefined;
    if (snapshot) this.#shown(snapshot);
  });
}
