/** A worker as far as a trainer can tell: the same code behind a channel, in this thread. */

import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { afterAll, beforeAll, vi } from 'vitest';
import { platform } from '#platform';
import type { WorkerPort } from '../../src/base/platform/types.js';
import { serve } from '../../src/trainer/serve.js';

export class ChannelWorker {
  static last: ChannelWorker;
  readonly #page: MessagePort;
  readonly #worker: MessagePort;
  readonly #failed: ((event: { message: string }) => void)[] = [];
  terminated = false;

  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.#page = port1;
    this.#worker = port2;
    serve(port2 as unknown as WorkerPort);
    port2.start();
    port1.start();
    ChannelWorker.last = this;
  }

  postMessage(message: unknown, transfer: never[]): void {
    this.#page.postMessage(message, transfer);
  }

  addEventListener(type: string, listener: (event: never) => void): void {
    if (type === 'error') this.#failed.push(listener as never);
    else this.#page.addEventListener(type, listener as never);
  }

  fail(message: string): void {
    for (const listener of this.#failed) listener({ message });
  }

  terminate(): void {
    this.terminated = true;
    this.#page.close();
    this.#worker.close();
  }
}

/** In the tests of this file workers are of this kind, and long loops let the event loop turn at every step. */
export function useChannelWorkers(): void {
  const usual = platform.turnInterval;
  const setInterval = (turnInterval: number) => Object.assign(platform, { turnInterval });
  beforeAll(() => {
    vi.stubGlobal('Worker', ChannelWorker);
    setInterval(-1);
  });
  afterAll(() => {
    vi.unstubAllGlobals();
    setInterval(usual);
  });
}
