/** One thread of the tool: holds the tests, and runs those that it is told over the binary that it is told. */
import { parentPort, workerData } from 'node:worker_threads';
import fc from 'fast-check';
import { Assembler, MARK, type Place } from './assemble.js';
import { allow, forget, keep, marks, taken, use } from './backend.js';
import { decode } from './decode.js';
import { cases, collect } from './suite.js';

/** What a test does with the binary that is as it should be. */
export interface Reached {
  readonly test: number;
  readonly name: string;
  readonly turns: number;
  readonly ms: number;
  readonly blocks: readonly number[];
  /** Why it fails, if it does. */
  readonly failure?: string;
}

export type Task =
  | { readonly kind: 'reach'; readonly part: number; readonly parts: number }
  | { readonly kind: 'mutant'; readonly place: Place; readonly tests: readonly Wanted[] };

export interface Wanted {
  readonly test: number;
  readonly turns: number;
}

/** The first test that failed, and how. */
export interface Verdict {
  readonly test?: number;
  readonly message?: string;
  readonly ran: number;
}

/** An endless loop is told from a long one by this many times the turns that the test takes. */
const PATIENCE = 10;
const SPARE = 100_000;

// A counterexample need not be small to kill.
fc.configureGlobal({ seed: 1, endOnFailure: true });

export async function serve(files: readonly (readonly [string, () => Promise<unknown>])[]): Promise<void> {
  const binary = decode(workerData.bytes);
  const plain = new Assembler(binary);
  use(new WebAssembly.Module(plain.module() as BufferSource));
  for (const [file, load] of files) await collect(file, load);
  keep();
  parentPort!.on('message', async (task: Task) => {
    if (task.kind === 'reach') await reach(new Assembler(binary, { marked: true }), task.part, task.parts);
    else parentPort!.postMessage(await verdict(plain, task));
  });
  parentPort!.postMessage('ready');
}

async function reach(marked: Assembler, part: number, parts: number): Promise<void> {
  use(new WebAssembly.Module(marked.module() as BufferSource));
  const names = Array.from({ length: marked.marks }, (_, i) => MARK + i);
  const found: Reached[] = [];
  const set = (all: readonly boolean[]) => all.flatMap((own, i) => (own ? [i] : []));
  // The constants that the set-up writes are there for every test.
  const before = set(marks(names));
  for (let test = part; test < cases.length; test += parts) {
    const { name } = cases[test];
    allow(2 ** 31 - 1);
    const began = performance.now();
    const failure = await failureOf(test);
    const ms = performance.now() - began;
    const turns = taken();
    const own = set(marks(names));
    const blocks = own.length > 0 ? [...new Set([...before, ...own])] : own;
    found.push({ test, name, turns, ms, blocks, ...(failure !== undefined && { failure }) });
    forget();
  }
  parentPort!.postMessage(found);
}

async function verdict(plain: Assembler, { place, tests }: Task & { kind: 'mutant' }): Promise<Verdict> {
  try {
    use(new WebAssembly.Module(plain.module(place) as BufferSource));
  } catch (error) {
    // The set-up itself trapped; a module that is not valid is a fault of this tool.
    if (error instanceof WebAssembly.CompileError) throw error;
    return { test: -1, message: String(error), ran: 0 };
  }
  let ran = 0;
  for (const { test, turns } of tests) {
    allow(Math.min(2 ** 31 - 1, turns * PATIENCE + SPARE));
    const message = await failureOf(test);
    forget();
    ran++;
    if (message !== undefined) return { test, message, ran };
  }
  return { ran };
}

async function failureOf(test: number): Promise<string | undefined> {
  try {
    await cases[test].run();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message.slice(0, 300) : String(error);
  }
}
