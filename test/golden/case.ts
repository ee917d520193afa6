/**
 * One call of a kernel, with the same bits everywhere: its arguments by the names of the signature in
 * src/ops, laid out in a memory, and a hash of everything that the call wrote. It needs no test runner.
 */
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { readSignatures } from '../../assembly/signatures.mjs';
import type { Backend, Kernels } from '../../src/engine/kernels.js';

/** What a case runs on: a backend, or whatever has kernels and their memory. */
export type Computer = Pick<Backend, 'kernels' | 'buffer' | 'reserve' | 'reservedBytes'>;

export type Values = Float32Array | Int32Array | Uint32Array | Uint16Array | Uint8Array;

/** Elements that the call writes, and how many of them from the first on count. */
interface Room {
  readonly room: number;
  readonly counts: number;
}

export const room = (places: number, counts = places): Room => ({ room: places, counts });

/** A number, what a pointer points to, or the name of another argument: the pointer of that one. */
export type Argument = number | Values | Room | string;
export type Arguments = Readonly<Record<string, Argument>>;

export interface Call {
  readonly kernel: keyof Kernels;
  /** What is not here is absent: 0. Of scratch space the call gets what products need. */
  readonly args: Arguments;
}

export interface GoldenCase extends Call {
  /** The class of the shape. */
  readonly shape: string;
  /** Calls whose results this one needs. Their arguments may be named by it, and its own by them. */
  readonly before?: readonly Call[];
}

/** An argument of a signature. */
interface Argued {
  readonly arg: string;
  /** Of a pointer. */
  readonly role?: string;
  readonly to?: string;
}

interface Signature {
  readonly name: keyof Kernels;
  readonly args: readonly Argued[];
  readonly returns: string;
  /** Whether threads cut it. */
  readonly isCut: boolean;
}

const { operations } = await readSignatures(fileURLToPath(new URL('../../', import.meta.url)));

export const signatures: ReadonlyMap<keyof Kernels, Signature> = new Map(
  operations
    .flatMap((operation) => operation.signatures)
    .filter(({ part }) => !part)
    .map(({ name, args, returns, cost, job }) => [
      name as keyof Kernels,
      { name: name as keyof Kernels, args, returns, isCut: job || cost !== undefined },
    ]),
);

export const keyOf = ({ kernel, shape }: GoldenCase): string => `${kernel}, ${shape}`;

/** Of an element by the signature's word for it. */
const BYTES: Readonly<Record<string, number>> = { u8: 1, u16: 2, f64: 8 };
/** Bytes behind each array that nobody may touch: they are part of the hash. */
const GUARD = 64;

interface Place {
  readonly pointer: number;
  /** Of what counts. */
  readonly bytes: number;
  /** Where the guard begins, from the pointer on. */
  readonly end: number;
  readonly isFloat: boolean;
}

/** Runs the case; the hash of what it wrote and returned, in which every NaN is the same. */
export function hashOf(computer: Computer, given: GoldenCase): string {
  const { kernels } = computer;
  const calls = [...(given.before ?? []), given];
  const work = align(computer.reservedBytes);
  const places = layOut(computer, calls, work + kernels.workspace_size());
  let returned: number | undefined;
  for (const { kernel, args } of calls) {
    const numbers = signatures.get(kernel)!.args.map(({ arg, role }) => {
      const value = args[arg];
      if (value === undefined) return role === 'scratch' ? work : 0;
      if (typeof value === 'number') return value;
      return (places.get(typeof value === 'string' ? value : arg) ?? missing(given, arg)).pointer;
    });
    returned = (kernels[kernel] as (...args: number[]) => number | undefined)(...numbers);
  }
  const hash = createHash('sha256');
  for (const { arg, role } of signatures.get(given.kernel)!.args) {
    const value = given.args[arg];
    if ((role !== 'out' && role !== 'inout') || value === undefined || value === 0) continue;
    hash.update(bytesOf(computer, places.get(typeof value === 'string' ? value : arg)!));
  }
  if (returned !== undefined) hash.update(Float64Array.of(returned));
  return hash.digest('hex').slice(0, 12);
}

function missing(given: GoldenCase, arg: string): never {
  throw new Error(`${keyOf(given)}: there is no ${arg}`);
}

const align = (bytes: number) => Math.ceil(bytes / 64) * 64;

/** Every array at a pointer that is no multiple of a vector's size; outputs hold NaN. */
function layOut(computer: Computer, calls: readonly Call[], from: number): Map<string, Place> {
  const arrays: { name: string; values?: Values; bytes: number; end: number; isFloat: boolean }[] = [];
  for (const { kernel, args } of calls) {
    for (const { arg, to = 'f32' } of signatures.get(kernel)!.args) {
      const value = args[arg];
      if (value === undefined || typeof value === 'number' || typeof value === 'string') continue;
      const size = BYTES[to] ?? 4;
      const isFloat = to === 'f32';
      if ('room' in value) {
        arrays.push({ name: arg, bytes: size * value.counts, end: size * value.room, isFloat });
      } else {
        const { byteLength } = value;
        arrays.push({ name: arg, values: value, bytes: byteLength, end: byteLength, isFloat });
      }
    }
  }
  const size = arrays.reduce((total, { end }) => total + align(end) + 2 * GUARD, align(from));
  computer.reserve(size);
  const memory = new Uint8Array(computer.buffer);
  memory.fill(0xff, align(from), size);
  const places = new Map<string, Place>();
  let cursor = align(from);
  for (const { name, values, ...own } of arrays) {
    const pointer = cursor + 4;
    if (values) memory.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), pointer);
    places.set(name, { pointer, ...own });
    cursor += align(own.end) + 2 * GUARD;
  }
  return places;
}

/** What counts of an array, and the guard behind it. */
function bytesOf(computer: Computer, { pointer, bytes, end, isFloat }: Place): Uint8Array {
  const copy = (from: number, count: number) => new Uint8Array(computer.buffer, from, count).slice();
  const [own, guard] = [copy(pointer, bytes), copy(pointer + end, GUARD)];
  // Which of its bit patterns a NaN has is not laid down.
  if (isFloat) {
    const words = new Uint32Array(own.buffer);
    for (let i = 0; i < words.length; i++) if ((words[i] & 0x7fffffff) > 0x7f800000) words[i] = 0x7fc00000;
  }
  return Buffer.concat([own, guard]);
}
