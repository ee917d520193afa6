/** `lanegrad predict` for models of tables: a table in, its predictions out as CSV, row by row. */

import { OptionError, show } from '../base/errors.js';
import { writeFileAtomic } from '../base/files/atomic.js';
import { didYouMean } from '../base/options.js';
import { createEngine } from '../create/engine.js';
import type { OpenNetwork } from '../run/open-network.js';
import { openTableInput } from '../tables/file.js';
import { predictTable } from '../tables/predict.js';
import { emptyTally, type PredictionTally, predictionsCsv } from '../tables/predictions-csv.js';
import type { PreparedTarget, TablePreparation } from '../tables/preparation.js';
import type { Table } from '../tables/types.js';
import type { ComputeOptions } from './arguments.js';
import { count, Output, percent, printable, printableLines } from './output.js';
import { type ReadingOptions, toReading } from './table-options.js';

export interface TablePredictOptions extends ComputeOptions, ReadingOptions {
  out?: string;
  /** Columns of the table. */
  copy?: string[];
  escapeFormulas?: true;
}

/** What stands for it in place of a file. */
const STANDARD_OUTPUT = '-';

/** Writes CSV to a file, or to standard output; what is to be said of it goes where the CSV does not. */
export async function predictTableFile(
  { path, model }: OpenNetwork,
  preparation: TablePreparation,
  source: string,
  options: TablePredictOptions,
): Promise<void> {
  const { backend, math, threads, turbo, json } = options;
  const file = options.out === STANDARD_OUTPUT ? undefined : options.out;
  if (json && file === undefined) {
    throw new OptionError('--out', 'expected a file for the predictions, as --json takes standard output');
  }
  const out = new Output({ json: json === true || file === undefined });
  const table = await openTableInput(source, { like: preparation, ...toReading(options) });
  const copied = (options.copy ?? []).map((name) => columnOf(table, name));
  const engine = await createEngine({ backend, math, threads, turbo });
  const { target } = preparation;
  const tally = emptyTally();
  const predictions = predictTable(engine, model, preparation, table, { written: options.copy ?? [] });
  const { escapeFormulas = false } = options;
  const lines = predictionsCsv(predictions, table, { target, copied, tally, escapeFormulas });
  if (file === undefined) {
    for await (const text of lines) {
      // Who reads may have seen enough.
      if (process.stdout.destroyed || process.stdout.errored) return;
      // Programs get the bytes as they are, a terminal what it can show.
      if (!process.stdout.write(process.stdout.isTTY ? printableLines(text) : text)) await drained();
    }
  } else {
    await writeFileAtomic(file, lines);
  }
  for (const line of describe(tally, target)) out.line(line);
  if (file !== undefined) out.line(`predictions  ${printable(file)}`);
  if (!json) return;
  out.result({
    model: path,
    input: source,
    output: file,
    rows: tally.rows,
    target: target.name,
    task: target.kind,
    ...(tally.known > 0 &&
      (target.kind === 'classification'
        ? { accuracy: tally.right / tally.known }
        : { mae: tally.absolute / tally.known })),
    unknownCategories: Object.fromEntries(tally.unknown),
    missing: Object.fromEntries(tally.missing),
    engine: engine.info,
  });
}

function describe(
  { rows, known, right, absolute, unknown, missing }: PredictionTally,
  target: PreparedTarget,
): string[] {
  const lines = [`rows         ${count(rows)}`];
  if (known > 0) {
    const score =
      target.kind === 'classification'
        ? `${percent(right / known)} right`
        : `mean absolute error ${Number((absolute / known).toPrecision(5))}`;
    lines.push(`compared     ${score}, of ${count(known)} rows with ${printable(target.name)}`);
  }
  for (const [name, cells] of unknown) {
    lines.push(
      `unknown      ${printable(name)}: ${count(cells)} values that training did not see, or seldom`,
    );
  }
  for (const [name, cells] of missing) lines.push(`missing      ${printable(name)}: ${count(cells)} values`);
  return lines;
}

function columnOf(table: Table, name: string): number {
  const index = table.columns.indexOf(name);
  if (index >= 0) return index;
  const hint = didYouMean(name, table.columns);
  throw new OptionError('--copy', `the table has no column ${show(name)}${hint}`);
}

/** Whoever reads may also have gone: then nothing drains any more. */
async function drained(): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = () => {
      for (const event of ['drain', 'close', 'error']) process.stdout.off(event, done);
      resolve();
    };
    for (const event of ['drain', 'close', 'error']) process.stdout.on(event, done);
  });
}
