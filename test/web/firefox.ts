/**
 * Firefox over Marionette (https://firefox-source-docs.mozilla.org/testing/marionette/), which it speaks by
 * itself: start it, open pages, run functions in them. Not over WebDriver BiDi, which client packages speak:
 * in Firefox 153 a session of it listens for all workers, and one `new Worker` of a hundred within a worker
 * then never returns. Without one none of 2,500 hung.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { findProgram } from '../programs.js';
import { MILLISECONDS, type Outcome, resultOf, watched } from './driven.js';

const executable = findProgram('firefox-esr', 'firefox');

/** Whether to skip for want of Firefox. Never in CI. */
export const noFirefox = executable === undefined && !process.env.CI;

type Process = ChildProcessByStdio<null, Readable, null>;

/** An answer to command `id`; the greeting is an object. */
type Answer = [type: 1, id: number, error: { error: string; message: string } | null, result: unknown];

export class Firefox {
  readonly #process: Process;
  readonly #profile: string;
  readonly #pending = new Map<number, (answer: Answer) => void>();
  #socket!: Socket;
  #received = Buffer.alloc(0);
  #id = 0;
  /**
   * What pages wrote to their console as an error or a warning, and exceptions that nobody caught, from when
   * they had loaded.
   */
  readonly errors: string[] = [];

  static async launch(): Promise<Firefox> {
    const profile = await mkdtemp(join(tmpdir(), 'lanegrad-firefox-'));
    await writeFile(join(profile, 'user.js'), preferences);
    const args = ['--headless', '--no-remote', '--marionette', '--profile', profile, 'about:blank'];
    const child = spawn(executable ?? 'firefox-esr', args, { stdio: ['ignore', 'pipe', 'ignore'] });
    const firefox = new Firefox(child, profile);
    try {
      await firefox.#begin();
    } catch (error) {
      await firefox.close();
      throw error;
    }
    return firefox;
  }

  private constructor(process: Process, profile: string) {
    this.#process = process;
    this.#profile = profile;
  }

  async #begin(): Promise<void> {
    const port = await new Promise<number>((resolve, reject) => {
      const lines: string[] = [];
      this.#process.once('error', reject);
      this.#process.once('exit', (code) =>
        reject(new Error(`Firefox ended with ${code}: ${lines.join('\n')}`)),
      );
      createInterface({ input: this.#process.stdout }).on('line', (line) => {
        lines.push(line);
        const found = /Marionette\s+INFO\s+Listening on port (\d+)/.exec(line);
        if (found) resolve(Number(found[1]));
      });
    });
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.on('data', (data) => this.#receive(data));
    await new Promise<void>((resolve, reject) => {
      this.#socket.once('connect', resolve).once('error', reject);
    });
    const alwaysMatch = { timeouts: { script: MILLISECONDS } };
    await this.#ask('WebDriver:NewSession', { capabilities: { alwaysMatch } });
  }

  /** Opens `url` and returns what `run`, the text of an async function, returns there. */
  async run<T>(url: string, run: string): Promise<T> {
    // An address that differs in its hash alone would load nothing anew.
    await this.#ask('WebDriver:Navigate', { url: 'about:blank' });
    await this.#ask('WebDriver:Navigate', { url });
    const { value: outcome } = await this.#ask<{ value: Outcome }>('WebDriver:ExecuteAsyncScript', {
      script: watched(run),
      args: [],
    });
    return resultOf<T>('Firefox', outcome, this.errors);
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    if (this.#process.pid !== undefined && this.#process.exitCode === null) {
      if (this.#socket) this.#ask('Marionette:Quit', { flags: ['eForceQuit'] }).catch(() => {});
      else this.#process.kill();
      const late = setTimeout(() => this.#process.kill('SIGKILL'), 5000);
      await ended;
      clearTimeout(late);
    }
    this.#socket?.destroy();
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }

  #ask<T>(name: string, given: object = {}): Promise<T> {
    const id = ++this.#id;
    const text = JSON.stringify([0, id, name, given]);
    this.#socket.write(`${Buffer.byteLength(text)}:${text}`);
    return new Promise((resolve, reject) => {
      this.#pending.set(id, ([, , error, result]) => {
        if (error) reject(new Error(`Firefox: ${error.error}: ${error.message}`));
        else resolve(result as T);
      });
    });
  }

  /** Messages are JSON behind their length in bytes and a colon. */
  #receive(data: Buffer): void {
    this.#received = Buffer.concat([this.#received, data]);
    for (;;) {
      const begin = this.#received.indexOf(':') + 1;
      const end = begin + Number(this.#received.subarray(0, Math.max(0, begin - 1)));
      if (begin === 0 || this.#received.length < end) return;
      const message = JSON.parse(String(this.#received.subarray(begin, end))) as Answer | object;
      this.#received = this.#received.subarray(end);
      if (!Array.isArray(message)) continue;
      const answer = message as Answer;
      this.#pending.get(answer[1])?.(answer);
      this.#pending.delete(answer[1]);
    }
  }
}

/** Nothing asks the network, or the user. */
const preferences = Object.entries({
  'app.update.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'browser.startup.homepage_override.mstone': 'ignore',
  'datareporting.policy.dataSubmissionEnabled': false,
  'dom.disable_open_during_load': false,
  'extensions.update.enabled': false,
  'marionette.port': 0,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'services.settings.server': 'data:,',
  'toolkit.telemetry.enabled': false,
})
  .map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`)
  .join('');
