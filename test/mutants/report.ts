/** What a run shows: a table by family, then each survivor with its line. */
import type { Fate, Result } from './campaign.js';
import { equivalence } from './equivalent.js';

export interface Row extends Record<Fate, number> {
  readonly family: string;
  /** All but those that are listed as equivalent. */
  mutants: number;
  equivalent: number;
  /** Killed by comparisons, guards, traps and endless loops; with recorded hashes besides. */
  share: number;
  withHashes: number;
}

const fates: readonly Fate[] = ['comparison', 'guard', 'trap', 'endless', 'hash', 'survived', 'unreached'];

function row(family: string, results: readonly Result[]): Row {
  const counts = Object.fromEntries(fates.map((fate) => [fate, 0])) as Record<Fate, number>;
  let equivalent = 0;
  for (const { fate, mutant } of results) {
    if (isAlive(fate) && equivalence(mutant) !== undefined) equivalent++;
    else counts[fate]++;
  }
  const mutants = results.length - equivalent;
  const killed = counts.comparison + counts.guard + counts.trap + counts.endless;
  const of = (n: number) => (mutants === 0 ? 1 : n / mutants);
  return { family, mutants, ...counts, equivalent, share: of(killed), withHashes: of(killed + counts.hash) };
}

/** Whether no comparison noticed. */
export function isAlive(fate: Fate): boolean {
  return fate === 'hash' || fate === 'survived' || fate === 'unreached';
}

export function summary(results: readonly Result[]): Row[] {
  const families = [...new Set(results.map(({ mutant }) => mutant.family))].sort();
  const rows = families.map((family) =>
    row(
      family,
      results.filter(({ mutant }) => mutant.family === family),
    ),
  );
  return [...rows, row('all', results)];
}

export function report(table: readonly Row[], results: readonly Result[], quiet: boolean): string {
  const heads = ['mutants', ...fates, 'equivalent'] as const;
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const lines = [
    ['family', ...heads, 'killed', 'with hashes'],
    ...table.map((own) => [
      own.family,
      ...heads.map((head) => String(own[head])),
      percent(own.share),
      percent(own.withHashes),
    ]),
  ];
  const widths = lines[0].map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  const shown = lines.map((line) =>
    line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '),
  );
  if (quiet) return shown.join('\n');
  const alive = results.filter(({ fate, mutant }) => isAlive(fate) && equivalence(mutant) === undefined);
  const survivors = alive.map(
    ({ fate, mutant: { file, line, column, kernel, before, after, text } }) =>
      `${file}:${line}:${column} in ${kernel}: ${before} -> ${after} (${fate})\n    ${text}`,
  );
  return [...shown, '', ...survivors].join('\n');
}
