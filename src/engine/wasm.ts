/**
 * The WebAssembly backend: finds a binary, instantiates it with the AssemblyScript loader over a memory that the host
 * owns, and hands out its exports. The only file that knows the loader.
 */
import { instantiate } from '@assemblyscript/loader';
import { platform } from '#platform';
import { EngineError } from '../errors.js';
import type { Backend, Kernels } from './kernels.js';
import { sameBits } from './self-check.js';

/** `simd` multiplies, rounds and adds; `fma` has fused multiply-add (relaxed SIMD). */
export type BinaryName = 'simd' | 'fma';

const PAGE = 65536;
const MAX_PAGES = 65536;

// Literal URLs, so that bundlers find the assets. `build` lies beside both `src` and `dist`.
const urls: Record<BinaryName, URL> = {
  simd: new URL('../../build/simd.wasm', import.meta.url),
  fma: new URL('../../build/fma.wasm', import.meta.url),
};

export interface WasmBackend extends Backend {
  readonly name: 'wasm';
  readonly binary: BinaryName;
  /** Whether the code is re-vectorised to 256 bits. */
  readonly turbo: boolean;
  /** SHA-256 of the binary's bytes. */
  readonly sha256: string;
}

/** The bytes of a binary, and whether this runtime accepts them. */
export async function loadBinary(
  binary: BinaryName,
): Promise<{ bytes: Uint8Array<ArrayBuffer>; valid: boolean }> {
  // Some locked-down browsers have none.
  if (typeof WebAssembly === 'undefined') {
    throw new EngineError('createEngine', 'this runtime has no WebAssembly');
  }
  const bytes = await platform.readAsset(urls[binary]);
  return { bytes, valid: WebAssembly.validate(bytes) };
}

/**
 * Compiles and instantiates one binary. Throws EngineError where its instructions are not supported. Turbo code is compared
 * with plain code first; where their bits differ it is given up with a warning.
 */
export async function createWasmBackend(options: {
  binary: BinaryName;
  turbo?: boolean;
}): Promise<WasmBackend> {
  const { binary, turbo = false } = options;
  const { bytes, valid } = await loadBinary(binary);
  if (!valid) throw new EngineError('createEngine', `this runtime does not accept the ${binary} binary`);
  const sha256 = await platform.sha256(bytes);
  // Assigned to the instance, not spread from it: its buffer is read anew at each use.
  const finish = (instance: Instance, turbo: boolean) => Object.assign(instance, { binary, turbo, sha256 });
  if (!turbo) return finish(await start(bytes), false);
  if (platform.turboUnavailable) {
    throw new EngineError('createEngine', `turbo is not available: ${platform.turboUnavailable}`);
  }
  const fast = await start(bytes, true);
  if (sameBits(fast, await start(bytes))) return finish(await start(fast.module), true);
  platform.warn('turbo code gives other bits than plain code on this machine; going on without it');
  return finish(await start(bytes), false);
}

type Instance = Backend & { readonly name: 'wasm'; readonly module: WebAssembly.Module };

/** One instance with a memory of its own. */
async function start(source: Uint8Array<ArrayBuffer> | WebAssembly.Module, turbo = false): Promise<Instance> {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const refused = (cause: unknown): never => {
    throw new EngineError('createEngine', `this runtime refused to compile the kernels: ${cause}`, { cause });
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
