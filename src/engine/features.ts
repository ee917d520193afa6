/**
 * What of WebAssembly this runtime accepts, asked by modules of a few bytes; and whether the bytes of a
 * binary are whole. Together they tell a runtime that lacks an instruction from kernels that are broken.
 * Loaded when a binary was refused.
 */
import { EngineError, KernelError } from '../base/errors.js';
import type { Bytes } from '../base/globals.js';
import type { BinaryName } from './load.js';

type Feature = 'SIMD' | 'relaxed SIMD' | 'shared memory';

/** What a binary is made of. */
const needs: Record<BinaryName, readonly Feature[]> = {
  simd: ['SIMD'],
  fma: ['SIMD', 'relaxed SIMD'],
  'simd-threads': ['SIMD', 'shared memory'],
  'fma-threads': ['SIMD', 'relaxed SIMD', 'shared memory'],
};

// Opcodes: i32.const 0 and i8x16.splat, f32x4.relaxed_madd, atomic.fence, drop.
const SPLAT = [0x41, 0, 0xfd, 0x0f];
const RELAXED_MADD = [0xfd, 0x85, 0x02];
const FENCE = [0xfe, 0x03, 0];
const DROP = 0x1a;
/** The section of memories: one, from 1 to 1 pages, shared. */
const SHARED = [5, 4, 1, 3, 1, 1];

const probes: Record<Feature, Uint8Array<ArrayBuffer>> = {
  SIMD: probe([...SPLAT, DROP]),
  'relaxed SIMD': probe([...SPLAT, ...SPLAT, ...SPLAT, ...RELAXED_MADD, DROP]),
  'shared memory': probe(FENCE, SHARED),
};

/** A module of one function, without arguments and results. */
function probe(body: readonly number[], memory: readonly number[] = []): Uint8Array<ArrayBuffer> {
  const type = [1, 4, 1, 0x60, 0, 0];
  const functions = [3, 2, 1, 0];
  const code = [10, body.length + 4, 1, body.length + 2, 0, ...body, 0x0b];
  return Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...type, ...functions, ...memory, ...code);
}

/**
 * Looks at bytes that this runtime refuses: of one of our binaries, or, without a name, of one that was given
 * and may be any of the four. Throws KernelError where they are broken, and not only of instructions that are
 * missing here.
 */
export async function checkRefused(binary: BinaryName | undefined, bytes: Bytes): Promise<void> {
  const what = binary === undefined ? 'option wasm' : `the ${binary} binary`;
  const missing = missingOf(needs[binary ?? 'fma-threads']);
  if (!isWhole(bytes) || missing.length === 0) throw await broken(what, bytes);
  if (binary !== undefined || missing.includes('SIMD')) return;
  const lacks = `what this runtime lacks (${missing.join(', ')})`;
  throw new KernelError('createEngine', `option wasm needs ${lacks}, or its bytes are broken`);
}

/** Those of `features` that this runtime does not accept. */
function missingOf(features: readonly Feature[]): Feature[] {
  return features.filter((feature) => !WebAssembly.validate(probes[feature]));
}

/**
 * Whether the sections of a module fill its bytes: not when they were cut off, whatever the runtime accepts.
 */
function isWhole(bytes: Uint8Array): boolean {
  let at = 8;
  while (at < bytes.length) {
    at++;
    // The section's length, seven bits a byte.
    let length = 0;
    for (let place = 1; ; place *= 128) {
      const byte = bytes[at++];
      if (byte === undefined || place > 2 ** 28) return false;
      length += (byte & 127) * place;
      if (byte < 128) break;
    }
    at += length;
  }
  return at === bytes.length;
}

/**
 * What to say of bytes that this runtime refuses although it accepts the instructions that they should be
 * made of.
 */
async function broken(what: string, bytes: Bytes): Promise<KernelError> {
  const cause: unknown = await WebAssembly.compile(bytes).then(
    () => undefined,
    (error: unknown) => error,
  );
  const why = cause instanceof Error ? `: ${cause.message}` : '';
  return new KernelError('createEngine', `${what} is broken or incomplete, in ${bytes.length} bytes${why}`, {
    cause,
  });
}

/**
 * What to say when bytes that are valid do not compile: a page's policy is then the likely reason, and has a
 * remedy.
 */
export function refusal(cause: unknown): EngineError {
  const policy = /content.security|unsafe-eval|csp|embedder/i.test(String(cause));
  const remedy = "; allow it by 'wasm-unsafe-eval' in script-src of the page's content security policy";
  return new EngineError(
    'createEngine',
    `this runtime refused to compile the kernels: ${cause}${policy ? remedy : ''}`,
    { cause },
  );
}
