/**
 * Firefox over WebDriver BiDi (https://w3c.github.io/webdriver-bidi/), which it speaks by itself: start it,
 * open pages, run functions in them. The client packages that speak it need a later Node than this one
 * supports.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { findProgram } from '../programs.js';

const executable = findProgram('firefox-esr', 'firefox');

/** Whether to skip for want of Firefox. Never in CI. */
export const noFirefox = executable === undefined && !process.env.CI;

interface Answer {
  id?: number;
  type: string;
  result?: unknown;
  error?: string;
  message?: string;
  method?: string;
  params?: unknown;
}

export class Firefox {
  readonly #process: ChildProcess;
  readonly #socket: WebSocket;
  readonly #profile: string;
  readonly #pending = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();
  #id = 0;
  /** What pages wrote to their console as an error or a warning, and exceptions that nobody caught. */
  readonly errors: string[] = [];

  static async launch(): Promise<Firefox> {
    const profile = await mkdtemp(join(tmpdir(), 'lanegrad-firefox-'));
    await writeFile(join(profile, 'user.js'), preferences);
    const args = [
      '--headless',
      '--no-remote',
      '--remote-debugging-port=0',
      '--profile',
      profile,
      'about:blank',
    ];
    const child = spawn(executable ?? 'firefox-esr', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    const address = await new Promise<string>((resolve, reject) => {
      let text = '';
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`Firefox ended with ${code}: ${text}`)));
      child.stderr.on('data', (chunk) => {
        text += chunk;
        const found = /WebDriver BiDi listening on (ws:\S+)/.exec(text);
        if (found) resolve(found[1]);
      });
    });
    const socket = new WebSocket(`${address}/session`);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', () => resolve());
      socket.once('error', reject);
    });
    const firefox = new Firefox(child, socket, profile);
    await firefox.#ask('session.new', { capabilities: {} });
    await firefox.#ask('session.subscribe', { events: ['log.entryAdded'] });
    return firefox;
  }

  private constructor(child: ChildProcess, socket: WebSocket, profile: string) {
    this.#process = child;
    this.#socket = socket;
    this.#profile = profile;
    socket.on('message', (data) => this.#receive(JSON.parse(String(data)) as Answer));
  }

  /** Opens `url` in a new tab and returns what `run`, the text of an async function, returns there. */
  async run<T>(url: string, run: string): Promise<T> {
    const { context } = (await this.#ask('browsingContext.create', { type: 'tab' })) as { context: string };
    try {
      await this.#ask('browsingContext.navigate', { context, url, wait: 'complete' });
      const outcome = (await this.#ask('script.evaluate', {
        expression: `(${run})().then((value) => JSON.stringify(value))`,
        target: { context },
        awaitPromise: true,
      })) as { type: string; result: { value: string }; exceptionDetails?: { text: string } };
      if (outcome.type !== 'success') throw new Error(`in Firefox: ${outcome.exceptionDetails?.text}`);
      return JSON.parse(outcome.result.value) as T;
    } finally {
      await this.#ask('browsingContext.close', { context });
    }
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    await this.#ask('browser.close', {}).catch(() => this.#process.kill());
    const late = setTimeout(() => this.#process.kill('SIGKILL'), 5000);
    await ended;
    clearTimeout(late);
    this.#socket.close();
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }

  #ask(method: string, params: object): Promise<unknown> {
    const id = ++this.#id;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }

  #receive({ id, type, result, error, message, method, params }: Answer): void {
    if (method === 'log.entryAdded') {
      const { level, text } = params as { level: string; text: string };
      if (level === 'error' || level === 'warn') this.errors.push(text);
    }
    const pending = id === undefined ? undefined : this.#pending.get(id);
    if (!pending) return;
    this.#pending.delete(id!);
    if (type === 'error') pending.reject(new Error(`Firefox: ${error}: ${message}`));
    else pending.resolve(result);
  }
}

/** Nothing that asks the network, or the user. */
const preferences = Object.entries({
  'app.update.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'browser.startup.homepage_override.mstone': 'ignore',
  'datareporting.policy.dataSubmissionEnabled': false,
  'dom.disable_open_during_load': false,
  'extensions.update.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'services.settings.server': 'data:,',
  'toolkit.telemetry.enabled': false,
})
  .map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`)
  .join('');
