/**
 * The WebAssembly backend: finds a binary, instantiates it with the AssemblyScript loader over a memory that the host
 * owns, and hands out its exports. The only file that knows the loader.
 */
import { instantiate } from '@assemblyscript/loader';
import { platform } from '#platform';
import { EngineError } from '../errors.js';
import type { Backend, Kernels } from './kernels.js';

export type BinaryName = 'simd';

const PAGE = 65536;
const MAX_PAGES = 65536;

// Literal URLs, so that bundlers find the assets. `build` lies beside both `src` and `dist`.
const urls: Record<BinaryName, URL> = {
  simd: new URL('../../build/simd.wasm', import.meta.url),
};

export interface WasmBackend extends Backend {
  readonly name: 'wasm';
  readonly binary: BinaryName;
  /** SHA-256 of the binary's bytes. */
  readonly sha256: string;
}

/** Compiles and instantiates one binary. Throws EngineError where its instructions are not supported. */
export async function createWasmBackend(options: { binary: BinaryName }): Promise<WasmBackend> {
  const { binary } = options;
  const bytes = await platform.readAsset(urls[binary]);
  if (!WebAssembly.validate(bytes)) {
    throw new EngineError('createEngine', `this runtime does not accept the ${binary} binary`);
  }
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { instance } = await instantiate(bytes, { env: { memory } });
  // The instance's own exports: the loader's wrapped ones would collect arguments into an array at every call.
  const kernels = instance.exports as unknown as Kernels & { write_constants(): void };
  kernels.write_constants();
  return {
    name: 'wasm',
    binary,
    sha256: await platform.sha256(bytes),
    kernels,
    elementBytes: 4,
    get buffer() {
      return memory.buffer;
    },
    reserve(size) {
      const missing = Math.ceil(size / PAGE) - memory.buffer.byteLength / PAGE;
      if (missing <= 0) return;
      if (Math.ceil(size / PAGE) > MAX_PAGES) {
        throw new EngineError('memory', `expected at most 4 GiB, given ${size} bytes to hold`);
      }
      try {
        memory.grow(missing);
      } catch (cause) {
        throw new EngineError('memory', `the runtime refused to grow to ${size} bytes`, { cause });
      }
    },
  };
}
