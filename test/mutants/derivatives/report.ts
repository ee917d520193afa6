/**
 * Stryker's report, read: how many mutants of each file the tests kill, and which survive.
 *
 * An entry of `equivalents.json` names mutants that no test can kill, as nothing that can be seen depends on
 * them, and says why. They count neither as killed nor as surviving.
 */
import { readFileSync } from 'node:fs';

interface Position {
  readonly line: number;
  readonly column: number;
}

export interface Mutant {
  readonly replacement: string;
  readonly location: { readonly start: Position; readonly end: Position };
  readonly status: string;
}

export interface Report {
  readonly files: Readonly<Record<string, { readonly source: string; readonly mutants: readonly Mutant[] }>>;
}

interface Equivalent {
  readonly file: string;
  /** The line that it begins in, without the spaces around. */
  readonly line: string;
  /** What becomes of which text; several where the reason is the same. */
  readonly changes: readonly (readonly [from: string, to: string])[];
  readonly reason: string;
}

const read = <T>(path: URL | string): T => JSON.parse(readFileSync(path, 'utf8')) as T;

/** Whether tests kill it, or what it does never ends. */
export const isDead = ({ status }: Pick<Mutant, 'status'>) => status === 'Killed' || status === 'Timeout';

/** How many spaces and lines stand between two words does not matter. */
const plain = (text: string) => text.replace(/\s+/g, ' ').trim();

/** What a mutant replaces. */
function textAt(lines: readonly string[], { start, end }: Mutant['location']): string {
  const own = lines.slice(start.line - 1, end.line);
  own[own.length - 1] = own[own.length - 1].slice(0, end.column - 1);
  own[0] = own[0].slice(start.column - 1);
  return plain(own.join('\n'));
}

function show(cells: readonly (string | number)[]): void {
  const [name, ...rest] = cells;
  console.log(`${String(name).padEnd(36)}${rest.map((cell) => String(cell).padStart(12)).join('')}`);
}

function showCounts(name: string, killed: number, survived: number, equivalent: number): void {
  const all = killed + survived;
  show([name, all, killed, survived, equivalent, all === 0 ? '' : `${((100 * killed) / all).toFixed(1)} %`]);
}

/**
 * Prints a table with a line for each file, and the survivors. Returns what is wrong: a share of killed mutants
 * below `wanted`, and entries of the list that no mutant matches any more, or that a test kills.
 */
export function checkReport(path: string, wanted: number): string[] {
  const { files } = read<Report>(path);
  const equivalents = read<Equivalent[]>(new URL('equivalents.json', import.meta.url));
  const stale = new Map<string, string>();
  for (const { file, line, changes } of equivalents) {
    for (const [from, to] of changes) {
      const key = [file, line, from, to].map(plain).join('\n');
      if (files[file]) stale.set(key, `${file}: ${line}\n    ${from} -> ${to}`);
    }
  }
  const known = new Set(stale.keys());
  const survivors: string[] = [];
  let [allKilled, allEquivalent] = [0, 0];
  show(['file', 'mutants', 'killed', 'survived', 'equivalent', 'score']);
  for (const [file, { source, mutants }] of Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const lines = source.split('\n');
    const before = survivors.length;
    let [killed, equivalent] = [0, 0];
    for (const { replacement, location, status } of mutants) {
      // Ignored are those that change what is computed when a file is loaded: names and the like.
      if (status === 'Ignored') continue;
      const [line, from] = [lines[location.start.line - 1], textAt(lines, location)];
      const key = [file, line, from, replacement].map(plain).join('\n');
      stale.delete(key);
      const dead = isDead({ status });
      if (dead) killed++;
      if (dead && known.has(key)) stale.set(key, `${file}: ${plain(line)}\n    ${from}, which a test kills`);
      if (dead) continue;
      if (known.has(key)) equivalent++;
      else {
        const { line: number, column } = location.start;
        survivors.push(
          `${file}:${number}:${column} ${status}: ${plain(line)}\n    ${from}\n -> ${plain(replacement)}`,
        );
      }
    }
    showCounts(file, killed, survivors.length - before, equivalent);
    allKilled += killed;
    allEquivalent += equivalent;
  }
  showCounts('all', allKilled, survivors.length, allEquivalent);
  for (const survivor of survivors) console.log(survivor);
  const share = allKilled / (allKilled + survivors.length);
  return [
    ...(share >= wanted ? [] : [`${(100 * share).toFixed(1)} % are killed, expected ${100 * wanted} %`]),
    ...[...stale.values()].map((entry) => `equivalents.json names what is no longer so: ${entry}`),
  ];
}
