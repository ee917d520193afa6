/** The platform seam in Node. V8's flags are touched here and nowhere else. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { parentPort, Worker } from 'node:worker_threads';
import { instantiateSync } from '@assemblyscript/loader';
import { FileError } from '../errors.js';
import { progressLine } from './progress-line.js';
import type { Platform, TrainerWorker, WorkerPort } from './types.js';

const major = Number(process.versions.node.split('.')[0]);

/** The first Node whose V8 has a re-vectoriser that survives these kernels. */
const TURBO_NODE = 24;

/** The first Node whose V8 leaves optimized Wasm for baseline code: 24 has that as a flag, off by default. */
const DEOPT_NODE = 25;

export const platform: Platform = {
  // Bun and Deno say which Node they imitate, too.
  runtime: runtimeOf(process.versions),

  async loadAsset(url) {
    try {
      if (url.protocol !== 'file:') return await fetch(url);
      return new Uint8Array(await readFile(url));
    } catch (cause) {
      throw new FileError(url.protocol === 'file:' ? url.pathname : url.href, 'cannot be read', { cause });
    }
  },

  async sha256(bytes) {
    return createHash('sha256').update(bytes).digest('hex');
  },

  turnInterval: 25,

  yieldToEventLoop() {
    return new Promise((resolve) => setImmediate(resolve));
  },

  warn(message) {
    process.emitWarning(message, 'LanegradWarning');
  },

  enableRelaxedSimd() {
    // Later versions have it without a flag, and complain of one that they do not know.
    if (major < 22) setFlagsFromString('--experimental-wasm-relaxed-simd');
  },

  turboUnavailable:
    major < TURBO_NODE
      ? `it needs Node ${TURBO_NODE} or later, this is ${process.versions.node}`
      : process.arch !== 'x64'
        ? `it needs an x86-64 processor, this is ${process.arch}`
        : undefined,

  manyRegisters: process.arch === 'arm64',

  cores: availableParallelism(),
  threadsUnavailable: withoutRoomForThreads(),
  mayWait: true,
  progressLine,

  startThread(setup, { ready, ended }) {
    // Options of this process, such as loaders, are not the thread's: its file is plain JavaScript.
    const url = new URL('../../engine/threads/worker-node.js', import.meta.url);
    const worker = new Worker(url, { workerData: setup, execArgv: [], name: 'lanegrad' });
    worker.once('message', () => {
      worker.unref();
      ready();
    });
    worker.once('error', (error) => ended(error instanceof Error ? error.message : String(error)));
    worker.once('exit', (code) => ended(`its worker exited with status ${code}`));
    return {
      end() {
        worker.removeAllListeners();
        // What it may still say is of no interest, but must not end the process.
        worker.on('error', () => {});
        void worker.terminate();
      },
    };
  },

  startWorker(script) {
    const name = 'lanegrad trainer';
    if (script instanceof Worker) return asTrainerWorker(script);
    if (typeof script === 'object' && 'postMessage' in script) return script as TrainerWorker;
    if (typeof script === 'object' && 'own' in script) {
      const url = new URL(`../../trainer/${script.own}.js`, import.meta.url);
      return asTrainerWorker(new Worker(url, { execArgv: [], name }));
    }
    const file = typeof script === 'string' && script.startsWith('file:') ? new URL(script) : script;
    return asTrainerWorker(new Worker(file, { name }));
  },

  workerPort() {
    return (parentPort ?? globalThis) as unknown as WorkerPort;
  },

  memoryRemedy: '; where address space is limited (ulimit -v), start node with --disable-wasm-trap-handler',

  async instantiate(module, memory) {
    // At once: the other way asks for `Response`, and so for all of fetch, and Node ends where memory is
    // short. The instance's own exports: the loader's wrapped ones would collect arguments into an array at
    // every call.
    return instantiateSync(module as WebAssembly.Module, { env: { memory: memory as WebAssembly.Memory } })
      .instance;
  },

  optimizesAtOnce: !process.versions.bun && !process.versions.deno,

  async compile(bytes, turbo) {
    // The flags hold for this one synchronous compilation; other modules of the process are not touched.
    // Without the baseline compiler the fast code is there from the first call, after some 20 ms. It is also
    // the same in every run: compiled later, by what V8 has seen called, micro-kernels are now and then
    // inlined into their drivers, at a fifth of the speed.
    const flags = ['no-liftoff', 'no-wasm-lazy-compilation'];
    // Where V8 may go back to baseline code that was never made, it ends the process: "Check failed:
    // function_feedback != …end()".
    if (major >= DEOPT_NODE) flags.push('no-wasm-deopt');
    if (turbo) flags.push('experimental-wasm-revectorize');
    for (const flag of flags) setFlagsFromString(`--${flag}`);
    try {
      return new WebAssembly.Module(turbo ? marked(bytes) : bytes);
    } finally {
      for (const flag of flags) setFlagsFromString(`--${opposite(flag)}`);
    }
  },

  // Ten times as fast as a loop in JavaScript.
  sameBytes: (a, b) => Buffer.compare(a, b) === 0,

  leaveTurbo() {
    // V8 leaves the upper halves of the 256-bit registers in use, and then C code written for 128 bits, such
    // as Math.exp's, takes 25 times as long. Node's text decoder ends with the instruction that clears them.
    decoder.decode(text);
  },
};

/**
 * Shared memory takes 10 GiB of addresses, and V8 ends the process where there are none left for a thread's
 * code. Undefined where there is no such limit.
 */
function withoutRoomForThreads(): string | undefined {
  try {
    const [, bytes] = /^Max address space +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    const limit = Number(bytes ?? Infinity) / 2 ** 30;
    if (limit >= 16 + availableParallelism()) return undefined;
    return `address space is limited to ${limit.toFixed(1)} GiB (ulimit -v), too little for threads`;
  } catch {
    // Another system, or not allowed to look.
    return undefined;
  }
}

/** A worker of Node's, with the events of a browser's. */
function asTrainerWorker(worker: Worker): TrainerWorker {
  return {
    postMessage: (message, transfer) => worker.postMessage(message, transfer),
    terminate: () => worker.terminate(),
    ref: () => worker.ref(),
    unref: () => worker.unref(),
    addEventListener(type, listener) {
      if (type === 'message') worker.on(type, (data: unknown) => listener({ data }));
      else if (type === 'messageerror') worker.on(type, () => listener({}));
      else {
        worker.on('error', (error) =>
          listener({ message: error instanceof Error ? error.message : String(error) }),
        );
        worker.on('exit', (code) => listener({ message: `it has exited with status ${code}` }));
      }
    },
  };
}

/** Long enough, and far enough from ASCII, for Node's decoder to take its 256-bit path. */
const text = new TextEncoder().encode('ü'.repeat(64));
const decoder = new TextDecoder();

function opposite(flag: string): string {
  return flag.startsWith('no-') ? flag.slice(3) : `no-${flag}`;
}

/**
 * The same module with an empty custom section at its end: V8 would give equal bytes the code that it has
 * compiled already.
 */
function marked(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const name = new TextEncoder().encode('turbo');
  const section = [0, name.length + 1, name.length, ...name];
  const copy = new Uint8Array(bytes.length + section.length);
  copy.set(bytes);
  copy.set(section, bytes.length);
  return copy;
}

function runtimeOf({ bun, deno, node }: NodeJS.ProcessVersions): string {
  return bun ? `bun ${bun}` : deno ? `deno ${deno}` : `node ${node}`;
}
