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
