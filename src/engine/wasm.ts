/**
 * The WebAssembly backend: finds a binary, instantiates it with the AssemblyScript loader over a memory that the host
 * owns, and hands out its exports. The only file that knows the loader.
 */
import { instantiate } from '@assemblyscript/loader';
import { platform } from '#platform';
import { EngineError, OptionError, UnsupportedError } from '../errors.js';
import { type Backend, type Kernels, RESERVED_BYTES } from './kernels.js';
import {
  isWasmSource,
  type LoadedWasm,
  loadWasm,
  refusal,
  type WasmSource,
  type WasmSources,
} from './load.js';
import { sameBits } from './self-check.js';

/** `simd` multiplies, rounds and adds; `fma` has fused multiply-add (relaxed SIMD). */
export type BinaryName = 'simd' | 'fma';

const PAGE = 65536;
const MAX_PAGES = 65536;

// Literal URLs, so that bundlers find the assets. `build` lies beside both `src` and `dist`. Functions, because a bundle that is
// no module has no address, which does not matter as long as the kernels come from elsewhere.
const urls: Record<BinaryName, () => URL> = {
  simd: () => new URL('../../build/simd.wasm', import.meta.url),
  fma: () => new URL('../../build/fma.wasm', import.meta.url),
};

export const binaryNames = Object.keys(urls) as BinaryName[];

export interface WasmBackend extends Backend {
  readonly name: 'wasm';
  readonly binary: BinaryName;
  /** Whether the code is re-vectorised to 256 bits. */
  readonly turbo: boolean;
  /** SHA-256 of the binary's bytes; absent when a compiled module was given. */
  readonly sha256?: string;
}

/** A binary, and whether this runtime accepts it. */
export interface Binary extends LoadedWasm {
  readonly valid: boolean;
}

/** Loads a binary of this package, or the one that `wasm` gives in its place. */
export async function loadBinary(binary: BinaryName, wasm?: WasmSource | WasmSources): Promise<Binary> {
  // Some locked-down browsers have none.
  if (typeof WebAssembly === 'undefined') {
    throw new UnsupportedError('createEngine', 'this runtime has no WebAssembly');
  }
  const loaded = await loadWasm(await pick(binary, wasm));
  return { ...loaded, valid: loaded.module !== undefined || WebAssembly.validate(loaded.bytes!) };
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
 * Compiles and instantiates one binary. Throws EngineError where its instructions are not supported. Turbo code is compared
 * with plain code first; where their bits differ it is given up with a warning.
 */
export async function createWasmBackend(options: {
  binary: BinaryName;
  turbo?: boolean;
  wasm?: WasmSource | WasmSources;
  /** In place of loading it again. */
  loaded?: Binary;
}): Promise<WasmBackend> {
  const { binary, turbo = false, wasm, loaded = await loadBinary(binary, wasm) } = options;
  const { bytes, module, valid } = loaded;
  if (!valid) throw new UnsupportedError('createEngine', `this runtime does not accept the ${binary} binary`);
  const sha256 = bytes && (await platform.sha256(bytes));
  // Assigned to the instance, not spread from it: its buffer is read anew at each use.
  const finish = (instance: Instance, turbo: boolean) =>
    Object.assign(instance, { binary, turbo, ...(sha256 !== undefined && { sha256 }) });
  if (!turbo) return finish(await start(module ?? bytes!), false);
  if (platform.turboUnavailable) {
    throw new EngineError('createEngine', `turbo is not available: ${platform.turboUnavailable}`);
  }
  if (!bytes) throw new EngineError('createEngine', 'turbo compiles the bytes anew; option wasm is a module');
  const fast = await start(bytes, true);
  if (sameBits(fast, await start(bytes))) return finish(await start(fast.module), true);
  platform.warn('turbo code gives other bits than plain code on this machine; going on without it');
  return finish(await start(bytes), false);
}

/**
 * Whether the kernels round once a multiplication and addition: (1 + ε)(1 - ε) - 1 is -ε² then, and else 0. So a binary of
 * unknown origin tells what it is.
 */
export function isFused(backend: Backend): boolean {
  const { kernels } = backend;
  const work = RESERVED_BYTES;
  const [a, b, c] = [0, 64, 128].map((offset) => work + kernels.workspace_size() + offset);
  backend.reserve(c + 64);
  const epsilon = 2 ** -13;
  new Float32Array(backend.buffer, a, 2).set([-1, 1 + epsilon]);
  new Float32Array(backend.buffer, b, 2).set([1, 1 - epsilon]);
  kernels.gemm_nn(c, 1, 0, work, a, 2, 0, b, 1, 0, 0, 1, 1, 1, 2, 0, 0, 0);
  return new Float32Array(backend.buffer, c, 1)[0] !== 0;
}

type Instance = Backend & { readonly name: 'wasm'; readonly module: WebAssembly.Module };

/** One instance with a memory of its own. */
async function start(source: Uint8Array<ArrayBuffer> | WebAssembly.Module, turbo = false): Promise<Instance> {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const refused = (cause: unknown): never => {
    throw refusal(cause);
  };
  const module =
    source instanceof WebAssembly.Module ? source : await platform.compile(source, turbo).catch(refused);
  const { instance } = await instantiate(module, { env: { memory } }).catch(refused);
  // The instance's own exports: the loader's wrapped ones would collect arguments into an array at every call.
  const kernels = instance.exports as unknown as Kernels & { write_constants(): void };
  kernels.write_constants();
  return {
    name: 'wasm',
    module,
    kernels,
    elementBytes: 4,
    get buffer() {
      return memory.buffer;
    },
    reserve: (bytes) => grow(memory, bytes),
  };
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
