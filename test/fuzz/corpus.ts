/**
 * The corpus: cases that were found, made smaller, each a file in the folder of its target. Of a target of bytes it is
 * the bytes; of another the numbers that were drawn. `expected.json` says what is right for each: what is read, or the
 * error. A case without that is one that a person has yet to look at, and fails the tests.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LanegradError } from '../../src/index.js';
import { type Outcome, type Plan, runCase, withWorld } from './cases.js';
import { brief } from './files/same.js';
import { Random } from './random.js';
import { shrink } from './shrink.js';
import { LIMIT_WORDS, type Target, type World } from './target.js';
import { chooser, targetCalled } from './targets/index.js';

const CORPUS = fileURLToPath(new URL('corpus/', import.meta.url));

/** Of cases that are numbers which were drawn. */
const DRAWN = 'draws.json';

export interface Kept {
  readonly target: string;
  /** Within the corpus. */
  readonly path: string;
}

/** What should come: `right`, with what was read where it is bytes; or an error of this class, with words of it. */
export interface Expected {
  readonly right?: string;
  readonly refused?: string;
  readonly says?: string;
  /** What went wrong once. */
  readonly was: string;
}

/** A target's folder. */
const folderOf = (target: string): string => target.replace(/[^\w]+/g, '-').replace(/^-|-$/g, '');

export function keptCases(): Kept[] {
  const folders = readdirSync(CORPUS, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return folders.flatMap(({ name }) => {
    const target = readFileSync(join(CORPUS, name, 'target'), 'utf8').trim();
    const files = readdirSync(join(CORPUS, name)).filter((file) => file !== 'target');
    return files.map((file) => ({ target, path: `${name}/${file}` }));
  });
}

export function expectations(): Record<string, Expected> {
  return JSON.parse(readFileSync(join(CORPUS, 'expected.json'), 'utf8')) as Record<string, Expected>;
}

/** Runs a kept case, and says what came as `expected.json` has it. */
export async function replay({ target: name, path }: Kept, world: World): Promise<Omit<Expected, 'was'>> {
  const target = targetCalled(name);
  if (!target) throw new Error(`${path}: there is no target called ${name}`);
  const bytes = Uint8Array.from(readFileSync(join(CORPUS, path)));
  let read: unknown;
  try {
    if (target.file && !path.endsWith(DRAWN)) read = await target.file.read(bytes, world);
    else await target.run(Random.of(JSON.parse(Buffer.from(bytes).toString()) as number[]), world);
  } catch (error) {
    if (!(error instanceof LanegradError)) throw error;
    return { refused: error.name, says: error.message };
  }
  return target.file ? { right: brief(read) } : { right: '' };
}

/** Makes the case of an outcome that failed smaller, and writes it. Resolves with the file's path. */
export async function keep(outcome: Outcome, plan: Plan, folder = CORPUS): Promise<string> {
  const { index, verdict } = outcome;
  const problem = verdict.kind === 'failed' ? verdict.problem : '';
  return withWorld(async (world) => {
    const r = new Random(plan.seed, index);
    const target = chooser(plan.target)(r);
    const { file } = target;
    const name = `${plan.seed}-${index}`;
    const own = join(folder, folderOf(target.name));
    mkdirSync(own, { recursive: true });
    writeFileSync(join(own, 'target'), `${target.name}\n`);
    if (file) {
      const { bytes } = await file.make(r, world);
      const kept = await smaller([...bytes], problem, (candidate) => {
        const run: Target['run'] = (_, shared) => file.read(Uint8Array.from(candidate), shared);
        return runCase({ ...target, run }, new Random(0), world);
      });
      const path = join(own, `${name}.${file.extension}`);
      writeFileSync(path, Uint8Array.from(kept));
      return path;
    }
    const draws = await drawsOf(target, r.record(), problem, world);
    const kept = await smaller(draws, problem, (candidate) => runCase(target, Random.of(candidate), world));
    const path = join(own, `${name}.${DRAWN}`);
    writeFileSync(path, `${JSON.stringify(kept)}\n`);
    return path;
  });
}

/** Whether it did not end, or ended the process: then it is not tried again, and kept as it is. */
const endsBadly = (problem: string): boolean => LIMIT_WORDS.test(problem);

/** As little of the case as still goes wrong in the same way when it runs. */
async function smaller(
  given: readonly number[],
  problem: string,
  run: (candidate: readonly number[]) => ReturnType<typeof runCase>,
): Promise<readonly number[]> {
  if (endsBadly(problem)) return given;
  const fails = async (candidate: readonly number[]) => {
    const { verdict } = await run(candidate);
    return verdict.kind === 'failed' && kindOf(verdict.problem) === kindOf(problem);
  };
  // Where the bytes were right, that they are refused is what went wrong: there is nothing to make smaller.
  return (await fails(given)) ? shrink(given, fails) : given;
}

/** What a case draws; more than that where it cannot be run to learn it. */
async function drawsOf(target: Target, r: Random, problem: string, world: World): Promise<readonly number[]> {
  if (endsBadly(problem)) r.list(2000, () => r.next());
  else await runCase(target, r, world);
  return r.drawn ?? [];
}

/** One kind of failure: the same words but for numbers and texts. */
export function kindOf(problem: string): string {
  return problem.replace(/\d+(\.\d+)?|"[^"]*"/g, '#').slice(0, 120);
}
