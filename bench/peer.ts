/** A peer: a process in bench/peers that does one round of work for each line it is sent. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface PeerEntry {
  readonly peer: string;
  readonly command: readonly [string, ...string[]];
  readonly tasks: readonly string[];
  readonly steps?: number;
  readonly warmup?: number;
  /**
   * Present where it takes part in the convolutional networks: how many steps of training a round has at
   * most, and in how many rounds a slow one trains; otherwise as many as there are.
   */
  readonly networks?: { readonly steps?: number; readonly rounds?: number };
}

/** An answer: its keys depend on the task; see bench/peers/README.md. */
export type PeerAnswer = Readonly<Record<string, unknown>>;

export class Peer {
  readonly name: string;
  readonly tasks: readonly string[];
  /** The peer's first line: version, runtime, settings. */
  readonly ready: PeerAnswer;
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  /** Undefined, with a line on standard error, where the peer is not installed. */
  static async start(
    entry: PeerEntry,
    folder: string,
    options: readonly string[],
  ): Promise<Peer | undefined> {
    const [command, ...args] = entry.command;
    const { PYTHON = 'python3' } = process.env;
    const program = command === 'node' ? process.execPath : command === 'python3' ? PYTHON : command;
    // The same Node as ours; and OpenBLAS picks its kernels for this processor, whatever the environment
    // says.
    const { OPENBLAS_CORETYPE: _, OPENBLAS_L2_SIZE: __, ...env } = process.env;
    const counts = ['--steps', entry.steps, '--warmup', entry.warmup].map(String);
    const child = spawn(program, [...args, ...options, ...(entry.steps === undefined ? [] : counts)], {
      cwd: folder,
      env,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const failed = new Promise<undefined>((resolve) => child.once('error', () => resolve(undefined)));
    const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
    const first = await Promise.race([lines.next(), failed]);
    const ready: PeerAnswer = first && !first.done ? JSON.parse(first.value) : {};
    if (ready.ready !== true) {
      const ended = first ? 'it ended at once: npm ci in bench/peers installs it' : undefined;
      const why = ready.error ?? ended ?? `${program} cannot be started`;
      console.error(`${entry.peer}: not here (${why})`);
      child.kill();
      return undefined;
    }
    return new Peer(entry, child, lines, ready);
  }

  private constructor(
    entry: PeerEntry,
    child: ChildProcess,
    lines: AsyncIterator<string>,
    ready: PeerAnswer,
  ) {
    this.name = entry.peer;
    this.tasks = entry.tasks;
    this.ready = ready;
    this.#child = child;
    this.#lines = lines;
  }

  /** One round. Throws an Error when the peer answers with one or has ended. */
  async ask(task: string): Promise<PeerAnswer> {
    this.#child.stdin!.write(`${task}\n`);
    const line = await this.#lines.next();
    const answer: PeerAnswer = line.done ? { error: 'the process has ended' } : JSON.parse(line.value);
    if (answer.error !== undefined) throw new Error(`${this.name}: ${task.slice(0, 80)}: ${answer.error}`);
    return answer;
  }

  stop(): void {
    this.#child.stdin!.end('quit\n');
  }
}
