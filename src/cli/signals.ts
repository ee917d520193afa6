/** Ctrl-C, SIGTERM, and SIGHUP of a terminal that is closed, once: an orderly stop. Twice: out at once. */
const numbers = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/**
 * Milliseconds within which a second signal is the first once more: npm passes on what the terminal has sent
 * already.
 */
const ECHO = 300;

type Name = keyof typeof numbers;

export class Signals {
  readonly #controller = new AbortController();
  readonly #onFirst: (name: Name) => void;
  #received: Name | undefined;
  #receivedAt = 0;

  /** Begins to listen; `onFirst` is called at the first of them. */
  constructor(onFirst: (name: Name) => void) {
    this.#onFirst = onFirst;
    for (const name of Object.keys(numbers)) process.on(name, this.#listener);
  }

  /** Aborted by the first of them. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** As shells have it: 128 and the signal's number. 0 when there was none. */
  get exitCode(): number {
    return this.#received ? 128 + numbers[this.#received] : 0;
  }

  /**
   * Gives the signals back. After one has come, the process stays until its echo has had the time to come:
   * one that met the process while Node takes itself down would kill it.
   */
  stop(): void {
    if (this.#received) {
      setTimeout(() => {}, this.#receivedAt + ECHO - performance.now());
      return;
    }
    for (const name of Object.keys(numbers)) process.off(name, this.#listener);
  }

  readonly #listener = (name: Name): void => {
    const now = performance.now();
    if (this.#received) {
      if (now - this.#receivedAt < ECHO) return;
      process.exit(128 + numbers[name]);
    }
    this.#received = name;
    this.#receivedAt = now;
    this.#onFirst(name);
    this.#controller.abort();
  };
}

/**
 * Ends a process that would stay with nothing to do: BullMQ waits for some seconds before it tries a server
 * again that is lost, also when nobody needs it any more.
 */
export function leaveSoon(): void {
  setTimeout(() => process.exit(), 2 * ECHO).unref();
}
