/** The platform seam in browsers and their workers. */
import { EngineError, FileError } from '../errors.js';
import type { Platform } from './types.js';

export const platform: Platform = {
  runtime: navigator.userAgent,

  async readAsset(url) {
    let response: Response;
    try {
      response = await fetch(url);
    } catch (cause) {
      throw new FileError(url.href, 'cannot be fetched', { cause });
    }
    if (!response.ok) throw new FileError(url.href, `the server answered ${response.status}`);
    const bytes = new Uint8Array(await response.arrayBuffer());
    if (bytes[0] === 0x3c) {
      throw new EngineError(
        url.href,
        'expected WebAssembly, but the server sent a page (it begins with "<")',
      );
    }
    return bytes;
  },

  async sha256(bytes) {
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  },

  warn(message) {
    console.warn(`lanegrad: ${message}`);
  },

  enableRelaxedSimd() {
    // A page cannot set flags.
  },

  turboUnavailable: 'it needs a flag that a page cannot set',

  cores: navigator.hardwareConcurrency ?? 1,

  threadsUnavailable: globalThis.crossOriginIsolated
    ? undefined
    : 'the page is not cross-origin isolated, so there is no shared memory',

  // Windows, and nothing else, are forbidden to.
  mayWait: typeof window === 'undefined',

  startThread(setup, { ready, ended }) {
    const worker = new Worker(new URL('../engine/threads/worker-browser.js', import.meta.url), {
      type: 'module',
      name: 'lanegrad',
    });
    worker.onmessage = ready;
    worker.onerror = (event) => {
      event.preventDefault();
      ended(event.message || 'its script could not be loaded');
    };
    worker.postMessage(setup);
    return {
      end() {
        worker.onmessage = null;
        worker.onerror = (event) => event.preventDefault();
        worker.terminate();
      },
    };
  },

  compile(bytes) {
    return WebAssembly.compile(bytes);
  },

  leaveTurbo() {
    // There is no turbo to leave.
  },

  yieldToEventLoop() {
    return new Promise((resolve) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        resolve();
      };
      port2.postMessage(null);
    });
  },
};
