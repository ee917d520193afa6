/** Which tests reach which mutants, and what becomes of each mutant. */
import type { Assembler } from './assemble.js';
import type { Mutant } from './mutants.js';
import type { Thread } from './pool.js';
import type { Reached, Verdict } from './worker.js';

/** What ended a mutant; `hash` where only a recorded fingerprint of bits told it from the kernels. */
export type Fate = 'comparison' | 'guard' | 'trap' | 'endless' | 'hash' | 'survived' | 'unreached';

export interface Result {
  readonly mutant: Mutant;
  readonly fate: Fate;
  /** The test that failed. */
  readonly test?: string;
}

/**
 * Tests whose expected values are recorded hashes: they notice any change, a right one too, so what they
 * alone notice is counted apart. One test of bits.test.ts compares with a loop instead.
 */
function isHash(name: string): boolean {
  return (
    /\/(bits|bits-layers|golden)\.(test\.)?ts/.test(name) && !name.includes('multiplies, rounds and adds')
  );
}

/** What each test reaches, each thread having a share of them. */
export async function reach(threads: readonly Thread[]): Promise<Reached[]> {
  const parts = threads.length;
  const shares = await Promise.all(
    threads.map((thread, part) => thread.ask<Reached[]>({ kind: 'reach', part, parts })),
  );
  const reached = shares.flatMap((share) => share ?? []);
  if (shares.includes(undefined)) throw new Error('a thread did not come to the end of the tests');
  const failing = reached.find(({ failure }) => failure !== undefined);
  if (failing) throw new Error(`${failing.name} fails without any mutant: ${failing.failure}`);
  return reached.sort((a, b) => a.test - b.test);
}

/** Runs all mutants, or those that are begun by `end` of performance.now, and tells of each as it is known. */
export async function campaign(
  threads: readonly Thread[],
  mutants: readonly Mutant[],
  { blocks }: Assembler,
  reached: readonly Reached[],
  tell: (result: Result) => void,
  end = Infinity,
): Promise<void> {
  const order = new Order();
  const byBlock = new Map<number, Reached[]>();
  for (const test of reached) {
    for (const block of test.blocks) byBlock.set(block, [...(byBlock.get(block) ?? []), test]);
  }
  const names = new Map(reached.map(({ test, name }) => [test, name]));
  const queue = [...mutants];
  const judge = async (thread: Thread, mutant: Mutant): Promise<Result> => {
    const { func, index, bytes, kernel } = mutant;
    const tests = byBlock.get(blocks[func][index]) ?? [];
    if (tests.length === 0) return { mutant, fate: 'unreached' };
    for (const hashes of [false, true]) {
      const tried = order.of(
        kernel,
        tests.filter(({ name }) => isHash(name) === hashes),
      );
      const verdict = await thread.ask<Verdict>({
        kind: 'mutant',
        place: { func, index, bytes },
        tests: tried.map(({ test, turns }) => ({ test, turns })),
      });
      if (!verdict) return { mutant, fate: 'endless' };
      order.learn(kernel, tried.slice(0, verdict.ran), verdict.test);
      if (verdict.message === undefined) continue;
      const test = names.get(verdict.test!) ?? 'set-up';
      return { mutant, fate: hashes ? 'hash' : fateOf(verdict.message), test };
    }
    return { mutant, fate: 'survived' };
  };
  await Promise.all(
    threads.map(async (thread) => {
      while (queue.length > 0 && performance.now() < end) tell(await judge(thread, queue.shift()!));
    }),
  );
}

function fateOf(message: string): Fate {
  if (message === 'unreachable') return 'endless';
  if (/out of bounds|divide by zero|unrepresentable|call stack/i.test(message)) return 'trap';
  return message.includes(' was written') ? 'guard' : 'comparison';
}

/** Begins with the tests that killed most mutants of this kernel in the least time. */
class Order {
  readonly #tally = new Map<string, { tried: number; kills: number }>();

  of(kernel: string, tests: readonly Reached[]): Reached[] {
    const worth = new Map(
      tests.map((test) => {
        const { tried, kills } = this.#of(kernel, test.test);
        return [test, (kills + 0.5) / (tried + 1) / (test.ms + 0.3)];
      }),
    );
    return [...tests].sort((a, b) => worth.get(b)! - worth.get(a)!);
  }

  learn(kernel: string, tests: readonly Reached[], killer: number | undefined): void {
    for (const { test } of tests) {
      const tally = this.#of(kernel, test);
      tally.tried++;
      if (test === killer) tally.kills++;
    }
  }

  #of(kernel: string, test: number): { tried: number; kills: number } {
    const key = `${kernel} ${test}`;
    if (!this.#tally.has(key)) this.#tally.set(key, { tried: 0, kills: 0 });
    return this.#tally.get(key)!;
  }
}
