/**
 * What the tests of kernels import as vitest when the tool bundles them: it keeps their tests to be run
 * again and again, for one binary after the other. The matchers are vitest's own.
 */
import { chai, JestAsymmetricMatchers, JestChaiExpect, JestExtend } from '@vitest/expect';

chai.use(JestExtend);
chai.use(JestChaiExpect);
chai.use(JestAsymmetricMatchers);
export const expect = chai.expect;

export interface Case {
  /** File and titles. */
  readonly name: string;
  run(): unknown;
}

export const cases: Case[] = [];
const titles: string[] = [];

/** The mutants are of one binary, so tests of what else computes do not count. */
const others = /\b(reference|fma|threads|turbo)\b/;

export function describe(title: string, define: () => void): void {
  if (others.test(title)) return;
  titles.push(title);
  define();
  titles.pop();
}

export function test(title: string, ...rest: unknown[]): void {
  const run = rest.find((part): part is () => unknown => typeof part === 'function');
  if (run) cases.push({ name: [...titles, title].join(' > '), run });
}

type Row<T> = (title: string, body: (...row: T[]) => unknown) => void;

function each(define: (title: string, body: () => unknown) => void) {
  return <T>(table: readonly (T | readonly T[])[]): Row<T> =>
    (title, body) => {
      table.forEach((row, i) => {
        const values = Array.isArray(row) ? row : [row];
        define(`${filled(title, values)} #${i}`, () => body(...(values as T[])));
      });
    };
}

/** The places of values in a title; for objects those that it names by $. */
function filled(title: string, values: readonly unknown[]): string {
  let next = 0;
  const named = title.replace(/\$(\w+)/g, (_, key) => String((values[0] as Record<string, unknown>)?.[key]));
  return named.replace(/%[sidfjo]/g, () => String(values[next++]));
}

describe.each = each(describe as (title: string, body: () => unknown) => void);
test.each = each(test);

/** Tests of kernels clean up nothing that matters here: the process ends by itself. */
export const afterAll = (): void => {};

/** A file's tests, named by it. */
export async function collect(file: string, load: () => Promise<unknown>): Promise<void> {
  titles.push(file);
  await load();
  titles.pop();
}
