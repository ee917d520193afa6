/** What two readings must have in common, and what of a reading is kept beside a file. */
import { createHash } from 'node:crypto';
import { expectThat, must, wrong } from '../target.js';

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** The same bytes in the middle of others, at an odd place. */
export function unaligned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(bytes.length + 7).fill(0xa5);
  larger.set(bytes, 3);
  return larger.subarray(3, 3 + bytes.length);
}

/**
 * JSON of anything that is read. NaN, infinities, the sign of zero and whole numbers of any size are told apart; maps
 * and typed arrays are lists.
 */
function textOf(value: unknown): string {
  return (
    JSON.stringify(value, (_, own: unknown) => {
      if (typeof own === 'bigint') return `${own}n`;
      if (typeof own === 'function') return 'a function';
      if (typeof own === 'number' && (!Number.isFinite(own) || Object.is(own, -0)))
        return Object.is(own, -0) ? '-0' : String(own);
      if (own instanceof Map) return { map: [...(own as Map<unknown, unknown>)] };
      if (own instanceof Error) return `${own.name}: ${own.message}`;
      if (ArrayBuffer.isView(own)) return { [own.constructor.name]: Array.from(own as Float32Array) };
      return own;
    }) ?? 'undefined'
  );
}

export function sameAgain(what: string, given: unknown, expected: unknown): void {
  const [a, b] = [textOf(given), textOf(expected)];
  if (a === b) return;
  const at = [...b].findIndex((letter, i) => a[i] !== letter);
  const part = (text: string) => text.slice(Math.max(0, at - 60), at + 60);
  wrong(`${what} gives another result: ${part(a)} where it was ${part(b)}`);
}

/**
 * What was read must be written as a file that reads the same and is written the same again. `of` is what of it is
 * compared.
 */
export async function comesBack<Read>(
  read: Read,
  write: (read: Read) => Uint8Array,
  readAgain: (file: Uint8Array) => unknown,
  of: (read: Read) => unknown = (own) => own,
): Promise<void> {
  const written = await must('what was read, to be written', () => write(read));
  const again = (await must('its own file', () => readAgain(written))) as Read;
  sameAgain('its own file', of(again), of(read));
  expectThat(equalBytes(write(again), written), () => 'its own file is written otherwise again');
}

/** What was read, as it stands beside a file that is kept: short as it is, or by its hash. */
export function brief(value: unknown): string {
  const text = textOf(value);
  return text.length <= 160
    ? text
    : `${text.length} letters ${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
}
