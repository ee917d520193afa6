/**
 * WebKit over WebDriver (https://www.w3.org/TR/webdriver2/), as Debian has it: the driver of WebKitGTK, its
 * MiniBrowser, and a screen that nobody sees. A few requests of HTTP are all that is said, so no client
 * package is needed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lacks } from '../programs.js';
import { MILLISECONDS, type Outcome, resultOf, watched } from './driven.js';

/** Whether to skip for want of WebKit. Never in CI. */
export const noWebKit = lacks('WebKitWebDriver', 'Xvfb');

export class WebKit {
  readonly #screen: ChildProcess;
  readonly #driver: ChildProcess;
  readonly #home: string;
  readonly #address: string;
  #session = '';
  /**
   * What pages wrote to their console as an error or a warning, and exceptions that nobody caught, from when
   * they had loaded: the driver itself tells nothing of consoles.
   */
  readonly errors: string[] = [];

  /**
   * In a language, of which pages see `C.UTF-8` as `C`, and with flags of JavaScriptCore: `useSharedArrayBuffer`
   * and `useWasmRelaxedSIMD` are what WebKitGTK has and does not show to pages.
   */
  static async launch({
    language = 'en_US.UTF-8',
    flags = [],
  }: {
    language?: string;
    flags?: readonly string[];
  } = {}): Promise<WebKit> {
    const home = await mkdtemp(join(tmpdir(), 'lanegrad-webkit-'));
    const screen = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1400x1100x24', '-nolisten', 'tcp'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    });
    const display = await new Promise<string>((resolve, reject) => {
      screen.once('error', reject);
      screen.once('exit', (code) => reject(new Error(`Xvfb ended with ${code}`)));
      screen.stdio[3]!.once('data', (number) => resolve(`:${String(number).trim()}`));
    });
    const port = await freePort();
    const driver = spawn('WebKitWebDriver', [`--port=${port}`], {
      stdio: 'ignore',
      env: {
        ...process.env,
        ...{ DISPLAY: display, GDK_BACKEND: 'x11', LANG: language, LC_ALL: language },
        // Nothing of whoever runs the tests, no desktop's services, and no graphics processor.
        ...{ HOME: home, XDG_CACHE_HOME: home, XDG_CONFIG_HOME: home, XDG_DATA_HOME: home },
        ...{ NO_AT_BRIDGE: '1', WEBKIT_DISABLE_COMPOSITING_MODE: '1' },
        ...Object.fromEntries(flags.map((flag) => [`JSC_${flag}`, '1'])),
      },
    });
    const webkit = new WebKit(screen, driver, home, `http://127.0.0.1:${port}`);
    try {
      await webkit.#begin();
    } catch (error) {
      await webkit.close();
      throw error;
    }
    return webkit;
  }

  private constructor(screen: ChildProcess, driver: ChildProcess, home: string, address: string) {
    this.#screen = screen;
    this.#driver = driver;
    this.#home = home;
    this.#address = address;
  }

  async #begin(): Promise<void> {
    const failed = new Promise<never>((_, reject) => {
      this.#driver.once('error', reject);
      this.#driver.once('exit', (code) => reject(new Error(`WebKitWebDriver ended with ${code}`)));
    });
    failed.catch(() => {});
    await Promise.race([failed, this.#listening()]);
    const alwaysMatch = { timeouts: { script: MILLISECONDS } };
    const { sessionId } = await this.#ask<{ sessionId: string }>('POST', '/session', {
      capabilities: { alwaysMatch },
    });
    this.#session = `/session/${sessionId}`;
    await this.#ask('POST', `${this.#session}/window/rect`, { x: 0, y: 0, width: 1300, height: 1000 });
  }

  async #listening(): Promise<void> {
    for (const began = Date.now(); ; ) {
      try {
        await this.#ask('GET', '/status');
        return;
      } catch (error) {
        if (Date.now() - began > 30_000) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  /** Opens `url` and returns what `run`, the text of an async function, returns there. */
  async run<T>(url: string, run: string): Promise<T> {
    // An address that differs in its hash alone would load nothing anew.
    await this.#ask('POST', `${this.#session}/url`, { url: 'about:blank' });
    await this.#ask('POST', `${this.#session}/url`, { url });
    const outcome = await this.#ask<Outcome>('POST', `${this.#session}/execute/async`, {
      script: watched(run),
      args: [],
    });
    return resultOf<T>('WebKit', outcome, this.errors);
  }

  /**
   * A picture of what the window shows, as a file: none where the driver does not answer, as happens on a busy
   * machine.
   */
  async keepPicture(file: string): Promise<void> {
    // What was changed last is drawn by then.
    const script =
      'const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done()));';
    await this.#ask('POST', `${this.#session}/execute/async`, { script, args: [] });
    const signal = AbortSignal.timeout(10_000);
    try {
      const picture = await this.#ask<string>('GET', `${this.#session}/screenshot`, undefined, signal);
      await writeFile(file, picture, 'base64');
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async close(): Promise<void> {
    if (this.#session) await this.#ask('DELETE', this.#session).catch(() => {});
    for (const child of [this.#driver, this.#screen]) {
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) continue;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill();
      const late = setTimeout(() => child.kill('SIGKILL'), 5000);
      await ended;
      clearTimeout(late);
    }
    await rm(this.#home, { recursive: true, force: true, maxRetries: 5 });
  }

  async #ask<T>(method: string, path: string, body?: object, signal?: AbortSignal): Promise<T> {
    const request = { method, body: body && JSON.stringify(body), signal };
    const response = await fetch(this.#address + path, request);
    const { value } = (await response.json()) as { value: T & { error?: string; message?: string } };
    if (!response.ok) throw new Error(`WebKit: ${value.error}: ${value.message}`);
    return value;
  }
}

/** The driver wants to be told its port. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve((address as { port: number }).port));
    });
  });
}
