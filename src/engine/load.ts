/**
 * Where the compiled kernels come from: a file of this package, or what the caller has at hand. It fetches
 * and looks at bytes; wasm.ts makes instances of them.
 */

import { platform } from '#platform';
import { isArrayBuffer, isUint8Array } from '../base/arrays.js';
import { FileError, FormatError, OptionError, show } from '../base/errors.js';
import type { Bytes, Global, WasmGlobal } from '../base/globals.js';

/** One binary: an address, an answer of a server, its bytes, or a module that was compiled already. */
export type WasmSource =
  | Global<'URL'>
  | string
  | Global<'Response'>
  | ArrayBuffer
  | Bytes
  | WasmGlobal<'Module'>;

/**
 * `simd` multiplies, rounds and adds; `fma` has fused multiply-add (relaxed SIMD). Both exist for shared
 * memory too.
 */
export type Arithmetic = 'simd' | 'fma';
export type BinaryName = Arithmetic | `${Arithmetic}-threads`;

/**
 * A source for each binary that may be used, by the name of its file; a function is called when the binary is
 * wanted.
 */
export type WasmSources = { readonly [name in BinaryName]?: WasmSource | (() => Promise<WasmSource>) };

/** A bundler that left the file behind, or a server that does not have it: there is a way without one. */
const INLINE = '; lanegrad/inline needs no file';

export interface LoadedWasm {
  /** Absent when a module was given. */
  readonly bytes?: Bytes;
  /** Present when it was given, or compiled while it was loading. */
  readonly module?: WasmGlobal<'Module'>;
}

/** Throws FileError when it cannot be had, FormatError when it is not WebAssembly. */
export async function loadWasm(source: WasmSource): Promise<LoadedWasm> {
  if (isModule(source)) return { module: source };
  if (isUint8Array(source)) return checked(source, 'option wasm');
  if (isArrayBuffer(source)) return checked(new Uint8Array(source), 'option wasm');
  if (isResponse(source)) return readResponse(source);
  const url = isUrl(source) ? source : resolve(source);
  const loaded = await platform.loadAsset(url);
  return isUint8Array(loaded) ? checked(loaded, url.href) : readResponse(loaded);
}

/**
 * Compiles while the bytes arrive. Where that is refused (a wrong MIME type, say) the bytes are there all the
 * same.
 */
async function readResponse(response: Response): Promise<LoadedWasm> {
  const where = response.url || 'option wasm';
  if (!response.ok) throw new FileError(where, `the server answered ${response.status}${INLINE}`);
  if (response.bodyUsed)
    throw new OptionError('createEngine', 'option wasm: this Response has been read already');
  const isWasm = response.headers.get('content-type')?.startsWith('application/wasm') ?? false;
  const compiling = isWasm
    ? WebAssembly.compileStreaming?.(response.clone()).catch(() => undefined)
    : undefined;
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    throw new FileError(where, 'the answer broke off', { cause });
  }
  const loaded = checked(bytes, where);
  const module = await compiling;
  return module ? { ...loaded, module } : loaded;
}

function checked(bytes: Uint8Array<ArrayBuffer>, where: string): LoadedWasm {
  const magic = [0, 0x61, 0x73, 0x6d];
  if (magic.every((byte, i) => bytes[i] === byte)) return { bytes };
  throw new FormatError(
    where,
    bytes[0] === 0x3c
      ? `expected WebAssembly, but the server sent a page (it begins with "<")${INLINE}`
      : `expected WebAssembly, which begins with [${magic.join(', ')}], given ${bytes.length} bytes that begin with ${show([...bytes.subarray(0, 4)])}`,
  );
}

function resolve(address: string): URL {
  try {
    return new URL(address, globalThis.location?.href);
  } catch (cause) {
    throw new OptionError('createEngine', `option wasm: ${show(address)} is no address`, { cause });
  }
}

/**
 * By its tag: in Node the global `Response` itself brings in all of fetch, which fails where memory is short.
 */
export function isResponse(value: unknown): value is Global<'Response'> {
  return Object.prototype.toString.call(value) === '[object Response]';
}

/** Test runners with a page's globals have a URL of their own beside that of the runtime. */
export function isUrl(value: unknown): value is Global<'URL'> {
  return Object.prototype.toString.call(value) === '[object URL]';
}

function isModule(value: unknown): value is WebAssembly.Module {
  return Object.prototype.toString.call(value) === '[object WebAssembly.Module]';
}

/** Whether `value` is one binary, whichever that is. */
export function isWasmSource(value: unknown): value is WasmSource {
  return (
    typeof value === 'string' ||
    isUrl(value) ||
    isUint8Array(value) ||
    isArrayBuffer(value) ||
    isResponse(value) ||
    isModule(value)
  );
}
