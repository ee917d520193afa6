/**
 * The WebAssembly backend: finds a binary, instantiates it over a memory that the host owns, starts threads
 * where they are asked for, and hands out its exports.
 */
import { platform } from '#platform';
import { EngineError, KernelError, OptionError, UnsupportedError } from '../base/errors.js';
import { kernelNames, setupName } from './generated/kernels.js';
import { type Backend, type Kernels, RESERVED_BYTES } from './kernels.js';
import {
  type Arithmetic,
  type BinaryName,
  isWasmSource,
  type LoadedWasm,
  loadWasm,
  type WasmSource,
  type WasmSources,
} from './load.js';
import type { ThreadPool } from './threads/pool.js';

const PAGE = 65536;
const MAX_PAGES = 65536;

// Literal URLs, so that bundlers find the assets. `build` lies beside both `src` and `dist`. Functions,
// because a bundle that is no module has no address, which does not matter as long as the kernels come from
// elsewhere.
const urls: Record<BinaryName, () => URL> = {
  simd: () => new URL('../../build/simd.wasm', import.meta.url),
  fma: () => new URL('../../build/fma.wasm', import.meta.url),
  'simd-threads': () => new URL('../../build/simd-threads.wasm', import.meta.url),
  'fma-threads': () => new URL('../../build/fma-threads.wasm', import.meta.url),
};

export const binaryNames = Object.keys(urls) as BinaryName[];

export interface WasmOptions {
  binary: Arithmetic;
  turbo?: boolean;
  /** 1 unless given. */
  threads?: number;
  wasm?: WasmSource | WasmSources;
  /** In place of loading it again. */
  loaded?: Binary;
  /** Nanoseconds of work from which it is split over threads. For tests. */
  worth?: number;
}

export interface WasmBackend extends Backend {
  readonly name: 'wasm';
  readonly binary: BinaryName;
  /** Whether the code is re-vectorised to 256 bits. */
  readonly turbo: boolean;
  readonly threads: number;
  /** SHA-256 of the binary's bytes; absent when a compiled module was given. */
  readonly sha256?: string;
  /** Absent with one thread. */
  readonly pool?: ThreadPool;
  /** The kernels on so many of its threads; absent with one. */
  readonly kernelsOn?: (threads: number) => Kernels;
  /** The kernels on the calling thread alone. */
  readonly single: Kernels;
  /** Whether the code is V8's best from the first call on: it was compiled here, and not in a page. */
  readonly optimized: boolean;
}

/** A binary, and whether this runtime accepts it. */
export interface Binary extends LoadedWasm {
  readonly valid: boolean;
}

/**
 * Loads a binary of this package, or the one that `wasm` gives in its place. Throws KernelError when it is
 * broken: an answer that it is not valid here means that the runtime lacks an instruction.
 */
export async function loadBinary(binary: BinaryName, wasm?: WasmSource | WasmSources): Promise<Binary> {
  // Some locked-down browsers have none.
  if (typeof WebAssembly === 'undefined') {
    throw new UnsupportedError('createEngine', 'this runtime has no WebAssembly');
  }
  const loaded = await loadWasm(await pick(binary, wasm));
  const { bytes, module } = loaded;
  if (module || WebAssembly.validate(bytes!)) return { ...loaded, valid: true };
  const { checkRefused } = await import('./features.js');
  await checkRefused(isWasmSource(wasm) ? undefined : binary, bytes!);
  return { ...loaded, valid: false };
}

async function pick(binary: BinaryName, wasm: WasmSource | WasmSources | undefined): Promise<WasmSource> {
  if (wasm === undefined) return urls[binary]();
  if (isWasmSource(wasm)) return wasm;
  const source = wasm[binary];
  if (source !== undefined)
    return typeof source === 'function' ? (source as () => Promise<WasmSource>)() : source;
  throw new OptionError(
    'createEngine',
    `option wasm: the binary ${binary} is wanted, but not among those given`,
  );
}

/**
 * Compiles and instantiates one binary. Throws EngineError where its instructions are not supported or a
 * thread cannot be started. Turbo code is compared with plain code first; where their bits differ it is given
 * up with a warning.
 */
export async function createWasmBackend(options: WasmOptions): Promise<WasmBackend> {
  const { turbo = false, threads = 1, wasm, worth } = options;
  const binary: BinaryName = threads > 1 ? `${options.binary}-threads` : options.binary;
  const loaded = options.loaded ?? (await loadBinary(binary, wasm));
  if (!loaded.valid)
    throw new UnsupportedError('createEngine', `this runtime does not accept the ${binary} binary`);
  if (turbo && platform.turboUnavailable) {
    throw new EngineError('createEngine', `turbo is not available: ${platform.turboUnavailable}`);
  }
  const sha256 = loaded.bytes && (await platform.sha256(loaded.bytes));
  const shared = threads > 1;
  const compiled = await compile(loaded, turbo, shared);
  const instance = await start(compiled.module, shared);
  // A page with one thread loads none of it.
  const started = shared
    ? await (await import('./threads/start.js')).startThreads(instance, compiled.module, threads, worth)
    : undefined;
  return {
    name: 'wasm',
    binary,
    turbo: compiled.turbo,
    threads,
    ...(sha256 !== undefined && { sha256 }),
    ...(started && { pool: started.pool, kernelsOn: started.kernelsOn }),
    kernels: started?.kernels ?? instance.kernels,
    single: instance.kernels,
    optimized: platform.optimizesAtOnce === true && loaded.bytes !== undefined,
    elementBytes: 4,
    get buffer() {
      return instance.buffer;
    },
    reserve: (bytes) => instance.reserve(bytes),
    reservedBytes: started?.reservedBytes ?? RESERVED_BYTES,
    dispose() {
      started?.pool.stop();
    },
  };
}

/** The module; of turbo code where that was asked for and computes the same bits. */
async function compile(
  { bytes, module }: LoadedWasm,
  turbo: boolean,
  shared: boolean,
): Promise<{ module: WebAssembly.Module; turbo: boolean }> {
  const plain = async () => module ?? platform.compile(bytes!, false).catch(refused);
  if (!turbo) return { module: await plain(), turbo };
  const { compileTurbo } = await import('./turbo.js');
  const fast = () => platform.compile(bytes!, true).catch(refused);
  return compileTurbo(bytes && fast, plain, (compiled, maxPages) => start(compiled, shared, maxPages));
}

interface Instance {
  readonly memory: WebAssembly.Memory;
  readonly kernels: Kernels;
  readonly exports: WebAssembly.Exports;
  readonly buffer: ArrayBufferLike;
  reserve(bytes: number): void;
}

/** One instance with a memory of its own. */
async function start(module: WebAssembly.Module, shared: boolean, maxPages = MAX_PAGES): Promise<Instance> {
  const memory = createMemory(shared, maxPages);
  let instance: WebAssembly.Instance;
  try {
    instance = (await platform.instantiate(module, memory)) as WebAssembly.Instance;
  } catch (cause) {
    throw cause instanceof WebAssembly.LinkError ? notKernels(cause.message, cause) : await refusalOf(cause);
  }
  const { exports } = instance;
  const kernels = Object.fromEntries(
    kernelNames.map((name, i) => [name, exports[`k${i.toString(36)}`]]),
  ) as unknown as Kernels;
  const absent = [[setupName, exports[setupName]], ...Object.entries(kernels)].find(
    ([, kernel]) => typeof kernel !== 'function',
  );
  if (absent) throw notKernels(`there is no function ${absent[0]}`);
  try {
    (exports[setupName] as () => void)();
  } catch (cause) {
    throw notKernels(String(cause), cause);
  }
  return {
    memory,
    kernels,
    exports,
    get buffer() {
      return memory.buffer;
    },
    reserve: (bytes) => grow(memory, bytes),
  };
}

/** Of a module that is valid, but of something else, of another version, or changed. */
export function notKernels(why: string, cause?: unknown): KernelError {
  const message = `expected the kernels of this version of lanegrad, given other WebAssembly: ${why}`;
  return new KernelError('createEngine', message, { cause });
}

/** Shared memory must say how large it may become, and some devices grant less than others. */
function createMemory(shared: boolean, maximum: number): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory(shared ? { initial: 1, maximum, shared } : { initial: 1 });
  } catch (cause) {
    if (shared && maximum > 1024) return createMemory(shared, maximum / 2);
    const kind = shared ? 'shared memory' : 'memory';
    const message = `the runtime has no ${kind} to give: ${cause}${platform.memoryRemedy}`;
    throw new EngineError('createEngine', message, { cause });
  }
}

/** In place of what compiling throws. */
export async function refused(cause: unknown): Promise<never> {
  throw await refusalOf(cause);
}

async function refusalOf(cause: unknown): Promise<EngineError> {
  return (await import('./features.js')).refusal(cause);
}

function grow(memory: WebAssembly.Memory, bytes: number): void {
  const pages = Math.ceil(bytes / PAGE);
  const missing = pages - memory.buffer.byteLength / PAGE;
  if (missing <= 0) return;
  if (pages > MAX_PAGES) {
    throw new EngineError('memory', `expected at most 4 GiB, given ${bytes} bytes to hold`);
  }
  try {
    memory.grow(missing);
  } catch (cause) {
    throw new EngineError('memory', `the runtime refused to grow to ${bytes} bytes`, { cause });
  }
}

/** For reasons. */
export function countThreads(threads: number): string {
  return threads === 1 ? 'one thread' : `${threads} threads`;
}
