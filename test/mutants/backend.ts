/**
 * Stands in for src/engine/wasm.ts when the tool bundles the tests: backends whose kernels are those of
 * whichever binary is tried. What was created while the tests were collected gets the kernels of the next
 * binary in place.
 */
import { kernelNames, setupName } from '../../src/engine/generated/kernels.js';
import { type Backend, type Kernels, RESERVED_BYTES } from '../../src/engine/kernels.js';
import { BUDGET } from './assemble.js';

const PAGE = 65536;
/** What may have been written is cleared before the next binary, so that no mutant sees what another left. */
const CLEARED = 8 * 2 ** 20;

interface Slot {
  readonly memory: WebAssembly.Memory;
  readonly kernels: Kernels;
  budget: WebAssembly.Global;
  /** Whether a loop turned since it was cleared. */
  used: boolean;
  exports: WebAssembly.Exports;
  marks: WebAssembly.Global[] | undefined;
}

let current: WebAssembly.Module | undefined;
let slots: Slot[] = [];
let kept = 0;
let limit = 2 ** 31 - 1;

function start(slot: Slot): void {
  const { memory, kernels } = slot;
  const { exports } = new WebAssembly.Instance(current!, { env: { memory } });
  slot.exports = exports;
  slot.marks = undefined;
  slot.budget = exports[BUDGET] as WebAssembly.Global;
  slot.budget.value = limit;
  const own = kernelNames.map((name, i) => [name, exports[`k${i.toString(36)}`]]);
  Object.assign(kernels, Object.fromEntries(own));
  (exports[setupName] as () => void)();
}

/** Every backend computes with this binary from now on. */
export function use(module: WebAssembly.Module): void {
  current = module;
  slots.length = kept;
  noteUse();
  for (const slot of slots) {
    const { buffer } = slot.memory;
    if (slot.used) new Uint8Array(buffer, 0, Math.min(CLEARED, buffer.byteLength)).fill(0);
    slot.used = false;
    start(slot);
  }
}

function noteUse(): void {
  for (const slot of slots) slot.used ||= slot.budget.value !== limit;
}

/** All that exist by now stay. */
export function keep(): void {
  kept = slots.length;
}

/** Allows as many turns of loops, in each backend, from now on. */
export function allow(turns: number): void {
  noteUse();
  limit = turns;
  for (const { budget } of slots) budget.value = turns;
}

/** Turns that were taken since `allow`, in the backend that took most. */
export function taken(): number {
  return Math.max(...slots.map(({ budget }) => limit - budget.value));
}

/** Forgets what a test created. */
export function forget(): void {
  slots.length = kept;
}

/** Sets all marks back; whether each was set, in any backend. */
export function marks(names: readonly string[]): boolean[] {
  const set: boolean[] = Array(names.length).fill(false);
  for (const slot of slots) {
    slot.marks ??= names.map((name) => slot.exports[name] as WebAssembly.Global);
    slot.marks.forEach((mark, i) => {
      if (!mark.value) return;
      mark.value = 0;
      set[i] = true;
    });
  }
  return set;
}

interface Options {
  readonly binary: string;
  readonly threads?: number;
  readonly turbo?: boolean;
}

/** Of the binary that is tried. What asks for another one gets the same, and all of these share it. */
export async function createWasmBackend({ binary, threads = 1, turbo }: Options): Promise<Backend> {
  if (binary === 'simd' && threads === 1 && !turbo) return create();
  other ??= create();
  return other;
}

let other: Backend | undefined;

function create(): Backend {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const slot = { memory, kernels: {}, used: true } as unknown as Slot;
  start(slot);
  slots = [...slots, slot];
  return {
    name: 'wasm',
    kernels: slot.kernels,
    elementBytes: 4,
    get buffer() {
      return memory.buffer;
    },
    reserve(bytes) {
      const missing = Math.ceil(bytes / PAGE) - memory.buffer.byteLength / PAGE;
      if (missing > 0) memory.grow(missing);
    },
    reservedBytes: RESERVED_BYTES,
    dispose() {},
  };
}

// What src/create wants besides; no test of kernels makes an engine by it.
export const binaryNames = ['simd', 'fma', 'simd-threads', 'fma-threads'];
export { absent as countThreads, absent as loadBinary, absent as notKernels, absent as refused };

function absent(): never {
  throw new Error('engines are made of createWasmBackend here');
}
