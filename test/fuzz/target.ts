/** What a fuzz target is, and how what it did is judged. */
import type { Engine } from '../../src/index.js';
import { LanegradError } from '../../src/index.js';
import { CALLERS_ERROR } from './odd.js';
import type { Random } from './random.js';

/** What all cases of one process share. */
export interface World {
  engine: Engine;
  reference: Engine;
  /** A folder that the cases may fill. */
  folder: string;
}

export interface Target {
  readonly name: string;
  /** How often it is tried, relative to the others; 1 by default. */
  readonly weight?: number;
  /** One case. Throws whatever the library throws; a `Wrong` where it gave a wrong answer. */
  run(r: Random, world: World): unknown;
}

/** A result that is not right, or an error where there should be none. */
class Wrong extends Error {}

export function expectThat(holds: boolean, otherwise: () => string): void {
  if (!holds) throw new Wrong(otherwise());
}

/** What `use` gives, where nothing is wrong with what it is given. */
export async function must<T>(what: string, use: () => T): Promise<Awaited<T>> {
  try {
    return await use();
  } catch (error) {
    throw new Wrong(`${what} was refused: ${describe(error)}`, { cause: error });
  }
}

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
