/** `--serve`: the page of a sweep while it runs, in this process or in another. */
import { setTimeout as sleep } from 'node:timers/promises';
import { loadUplot } from '../report/node.js';
import type { DefinitionJson } from '../sweep/definition.js';
import { readStudy } from '../sweep/read.js';
import type { SweepReport } from '../sweep/report/page.js';
import { SweepServer } from '../sweep/serve.js';
import type { SweepProgress } from '../sweep/sweep.js';
import { hasEnded } from '../sweep/trial.js';
import { StudyWatch } from '../sweep/watch.js';
import type { Output } from './output.js';
import { Signals } from './signals.js';

export interface ServeFlags {
  /** True where no port is said. */
  serve?: number | true;
  host?: string;
}

/** Of no other well-known service. */
const PORT = 8384;
const HOST = '127.0.0.1';
/** Milliseconds between two looks at a journal. */
const INTERVAL = 1000;

async function openServer(
  out: Output,
  { serve, host = HOST }: ServeFlags,
  report: () => SweepReport | undefined,
): Promise<SweepServer> {
  const port = typeof serve === 'number' ? serve : PORT;
  const server = await SweepServer.open({ host, port, uplot: await loadUplot(), report });
  out.line(`page  ${server.url}`);
  return server;
}

/** The page of the sweep that runs in this process. */
export class ServedSweep {
  readonly #folder: string;
  #server: SweepServer | undefined;
  #definition: Promise<DefinitionJson | undefined> | undefined;
  #known: DefinitionJson | undefined;
  #progress: SweepProgress | undefined;
  #isOver = false;

  /**
   * @param folder the study's, which may not be there yet.
   * @throws OptionError when nobody may listen there.
   */
  static async open(out: Output, folder: string, flags: ServeFlags): Promise<ServedSweep> {
    const served = new ServedSweep(folder);
    served.#server = await openServer(out, flags, () => served.#report());
    return served;
  }

  private constructor(folder: string) {
    this.#folder = folder;
  }

  show(progress: SweepProgress): void {
    this.#progress = progress;
    // The study is in its folder by now. Where it cannot be read the sweep says why.
    this.#definition ??= readStudy(this.#folder).then(
      ({ definition }) => {
        this.#known = definition;
        return definition;
      },
      () => undefined,
    );
    this.#server?.change();
  }

  #report(): SweepReport | undefined {
    const progress = this.#progress;
    if (!progress || !this.#known) return undefined;
    const { total, trials, secondsLeft } = progress;
    const isEnd = trials.length >= total && trials.every(hasEnded);
    const state = !this.#isOver ? 'running' : isEnd ? 'over' : 'stopped';
    return {
      ...{ name: this.#folder, createdAt: new Date().toISOString(), total, trials },
      definition: this.#known,
      live: { state, secondsLeft, folder: this.#folder },
    };
  }

  /** The last of it, and no more. */
  async close(): Promise<void> {
    await this.#definition;
    this.#isOver = true;
    await this.#server?.close();
  }
}

/** Serves the page of a study that another process may be at work on, until a signal comes. */
export async function watchStudy(out: Output, folder: string, flags: ServeFlags): Promise<void> {
  const watch = await StudyWatch.open(folder);
  const signals = new Signals(() => {});
  const server = await openServer(out, flags, () => watch.report).catch((error) => {
    signals.stop();
    throw error;
  });
  out.line('Ctrl-C ends this, and no sweep');
  try {
    for (;;) {
      const began = performance.now();
      // A journal that is gone, or is replaced just now, may be back the next time.
      if (await watch.refresh().catch(() => false)) server.change();
      // A long journal is read more rarely.
      const pause = Math.max(INTERVAL, 20 * (performance.now() - began));
      await sleep(pause, undefined, { signal: signals.signal });
    }
  } catch (error) {
    if (!signals.signal.aborted) throw error;
    process.exitCode = signals.exitCode;
  } finally {
    signals.stop();
    await server.close();
  }
}
