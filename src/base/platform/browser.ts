/** The platform seam in browsers and their workers. */
import { FileError } from '../errors.js';
import type { Platform, WorkerPort } from './types.js';

/** Milliseconds between two pictures at 60 a second. */
const FRAME = 1000 / 60;

const inPage = 'document' in globalThis;

export const platform: Platform = {
  runtime: navigator.userAgent,

  async loadAsset(url) {
    try {
      return await fetch(url);
    } catch (cause) {
      throw new FileError(url.href, 'cannot be fetched', { cause });
    }
  },

  async sha256(bytes) {
    // Pages from http:// addresses other than this machine have no `subtle`.
    const digest = crypto.subtle
      ? new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
      : (await import('./sha256.js')).sha256(bytes);
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

  get threadsUnavailable() {
    // Where only one of the two is missing, trying tells: a browser may have memory to share without saying
    // so, or the reverse.
    if (globalThis.crossOriginIsolated || typeof SharedArrayBuffer === 'function') return undefined;
    return 'the page is not cross-origin isolated, so there is no shared memory';
  },

  // Windows, and nothing else, are forbidden to.
  mayWait: typeof window === 'undefined',

  startThread(setup, { ready, ended }) {
    const worker = new Worker(new URL('../../engine/threads/worker-browser.js', import.meta.url), {
      type: 'module',
      name: 'lanegrad',
    });
    worker.onmessage = ready;
    worker.onerror = (event) => {
      event.preventDefault();
      ended(event.message || 'its script could not be loaded');
    };
    const end = () => {
      worker.onmessage = null;
      worker.onerror = (event) => event.preventDefault();
      worker.terminate();
    };
    try {
      worker.postMessage(setup);
    } catch (cause) {
      // WebKit shares no memory with workers, even where the page is isolated.
      end();
      throw cause;
    }
    return { end };
  },

  // Bundlers look for `new Worker(new URL(…))` where the script is named.
  startWorker: undefined,

  workerPort() {
    return globalThis as unknown as WorkerPort;
  },

  memoryRemedy: '',

  compile(bytes) {
    return WebAssembly.compile(bytes);
  },

  // A page's main thread may not wait for a module of this size. The AssemblyScript loader would do no more
  // for kernels that hand nothing over but numbers, and cost every page 2 kB.
  async instantiate(module, memory) {
    return WebAssembly.instantiate(module as WebAssembly.Module, {
      env: { memory: memory as WebAssembly.Memory },
    });
  },

  sameBytes(a, b) {
    // Four at a time; what is left over, and arrays that do not begin on a word, byte by byte.
    const words = a.byteOffset % 4 === 0 && b.byteOffset % 4 === 0 ? a.length >> 2 : 0;
    const [x, y] = [a, b].map((bytes) => new Int32Array(bytes.buffer, words ? bytes.byteOffset : 0, words));
    for (let i = 0; i < words; i++) if (x[i] !== y[i]) return false;
    for (let i = 4 * words; i < a.length; i++) if (a[i] !== b[i]) return false;
    return true;
  },

  leaveTurbo() {
    // There is no turbo to leave.
  },

  turnInterval: inPage ? FRAME / 4 : 25,

  yieldToEventLoop() {
    const { scheduler } = globalThis as { scheduler?: Scheduler };
    // Behind input, timers, messages and drawing, at once when there are none of them.
    if (inPage && scheduler?.postTask) return scheduler.postTask(() => {}, { priority: 'background' });
    // A worker draws nothing. What follows `scheduler.yield()` would come before messages, and it would hear
    // of nothing.
    if (!inPage || document.visibilityState === 'hidden') return message();
    return nextFrame();
  },
};

interface Scheduler {
  postTask?(task: () => void, options: { priority: 'background' }): Promise<void>;
}

/** A message to oneself waits for its turn among all other tasks. */
function message(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

/**
 * After the page was drawn: messages alone are served before that for a tenth of a second. A page that is
 * covered draws nothing.
 */
function nextFrame(): Promise<void> {
  return new Promise((resolve) => {
    const late = setTimeout(resolve, 4 * FRAME);
    requestAnimationFrame(() => {
      clearTimeout(late);
      resolve(message());
    });
  });
}
