/** What a fuzz target is, and how what it did is judged. */
import { type Engine, LanegradError } from '../../src/index.js';
import { CALLERS_ERROR } from './odd.js';
import type { Random } from './random.js';

/** What all cases of one process share. */
export interface World {
  engine: Engine;
  reference: Engine;
  /** A folder that the cases may fill. */
  folder: string;
  /** What is to be closed when the last case has run. */
  closing: (() => Promise<void>)[];
}

/** What a case may take: processor seconds, and MiB of memory that were not in use before it. */
export interface Limits {
  readonly seconds: number;
  readonly mebibytes: number;
}

export interface Target {
  readonly name: string;
  /** How often it is tried, relative to the others; 1 by default. */
  readonly weight?: number;
  /** One case. Throws whatever the library throws; a `Wrong` where it gave a wrong answer. */
  run(r: Random, world: World): unknown;
  /** Of a target whose cases are bytes. */
  readonly file?: FileTarget;
  readonly limits?: Limits;
}

/** Bytes to be read. */
export interface Made<Read = unknown> {
  readonly bytes: Uint8Array;
  /** Where the bytes are as they should be: throws `Wrong` unless this is what they say. */
  readonly says?: (read: Read) => void;
}

/**
 * A reader of bytes. All that it does must follow from the bytes, so that a case can be made smaller and kept as a
 * file, whatever becomes of what made it.
 */
export interface FileTarget<Read = unknown> {
  readonly name: string;
  readonly weight?: number;
  /** Of files that are kept, without a dot. */
  readonly extension: string;
  make(r: Random, world: World): Made<Read> | Promise<Made<Read>>;
  /** Reads, and throws `Wrong` for a property that does not hold. */
  read(bytes: Uint8Array<ArrayBuffer>, world: World): Read | Promise<Read>;
}

/** A constant is a bound by the size: larger inputs are not made. */
const MOST_BYTES = 2 ** 17;
const FILE_LIMITS: Limits = { seconds: 1, mebibytes: 320 };

export function fileTarget<Read>(file: FileTarget<Read>): Target {
  const { name, weight, make, read } = file;
  return {
    name,
    ...(weight !== undefined && { weight }),
    file: file as FileTarget,
    limits: FILE_LIMITS,
    async run(r, world) {
      const { bytes: made, says } = await make(r, world);
      if (made.length > MOST_BYTES) return;
      // Of its own memory, as a file is that is kept.
      const bytes = Uint8Array.from(made);
      if (says) says(await must('a file as it should be', () => read(bytes, world)));
      else await read(bytes, world);
    },
  };
}

/** A result that is not right, or an error where there should be none. */
class Wrong extends Error {}

export function wrong(problem: string): never {
  throw new Wrong(problem);
}

export function expectThat(holds: boolean, otherwise: () => string): void {
  if (!holds) wrong(otherwise());
}

/** What `use` gives, where nothing is wrong with what it is given. */
export async function must<T>(what: string, use: () => T): Promise<Awaited<T>> {
  try {
    return await use();
  } catch (error) {
    throw new Wrong(`${what} was refused: ${describe(error)}`, { cause: error });
  }
}

/** What is said of a case that did not end, or took too much. */
export const LIMIT_WORDS = /^(took|hung|the process ended)/;

export type Verdict =
  | { kind: 'right' }
  | { kind: 'refused'; by: string }
  | { kind: 'failed'; problem: string };

/**
 * Runs one case. A named error or a right result passes, and the error of the caller's own getter or proxy.
 */
export async function judge(target: Target, r: Random, world: World): Promise<Verdict> {
  try {
    await target.run(r, world);
    return { kind: 'right' };
  } catch (error) {
    if (isCallers(error)) return { kind: 'refused', by: "the caller's own" };
    if (error instanceof LanegradError) return judgeMessage(error);
    return { kind: 'failed', problem: describe(error) };
  }
}

/**
 * What a getter, a proxy or a callback of ours throws; a class that is called as a callback throws by itself.
 */
function isCallers(error: unknown): boolean {
  return (
    error === CALLERS_ERROR || (error instanceof TypeError && /^Class constructor Own/.test(error.message))
  );
}

/** A message must be one, and short: a caller's 5 MB belong into no log. */
function judgeMessage(error: LanegradError): Verdict {
  const { message, name } = error;
  if (message.length > 5000)
    return { kind: 'failed', problem: `a message of ${message.length} characters: ${message.slice(0, 200)}` };
  if (/\bundefined:|\[object |: undefined$/.test(message))
    return { kind: 'failed', problem: `says nothing: ${message.slice(0, 300)}` };
  return { kind: 'refused', by: name };
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return `threw ${String(error)}`;
  const place = /\n\s+at [^\n]*(?:src|node_modules)\/[^\n]*/.exec(error.stack ?? '')?.[0].trim() ?? '';
  return `${error.constructor.name}: ${error.message.slice(0, 400)} ${place}`;
}
