/**
 * Predictions of a table as CSV: columns that are copied, the prediction, and of classes their probabilities.
 * It opens no file.
 */
import { type CsvWriteOptions, csvLine } from '../formats/csv-write.js';
import { cellText } from './cells.js';
import type { TablePrediction } from './predict.js';
import type { PreparedTarget } from './preparation.js';
import type { Table } from './types.js';

/** What came of the predictions so far. */
export interface PredictionTally {
  rows: number;
  /** Rows whose target is known, and those of them that were right, or the sum of their errors. */
  known: number;
  right: number;
  absolute: number;
  /** By column: cells whose value training did not know, and that were missing. */
  unknown: ReadonlyMap<string, number>;
  missing: ReadonlyMap<string, number>;
}

export function emptyTally(): PredictionTally {
  return { rows: 0, known: 0, right: 0, absolute: 0, unknown: new Map(), missing: new Map() };
}

/** Options of `predictionsCsv`. */
export interface PredictionsCsvOptions extends CsvWriteOptions {
  readonly target: PreparedTarget;
  /**
   * Places of the table's columns that are copied; `predictTable` must be told to give them as they are
   * written.
   */
  readonly copied: readonly number[];
  /** Is kept up to date. */
  readonly tally: PredictionTally;
}

/** The lines, a chunk of the table at a time; the head comes with the first. */
export async function* predictionsCsv(
  predictions: AsyncIterable<TablePrediction>,
  table: Table,
  { target, copied, tally, ...options }: PredictionsCsvOptions,
): AsyncGenerator<string> {
  const names = copied.map((column) => table.columns[column]);
  const classes = target.kind === 'classification' ? target.classes : [];
  // With the first rows, so that a table that cannot be read leaves nothing behind.
  let header = csvLine([...names, 'prediction', ...classes.map((name) => `probability_${name}`)], options);
  for await (const prediction of predictions) {
    const { chunk, predictions: own, names: called, probabilities } = prediction;
    const text: string[] = [header];
    header = '';
    for (let row = 0; row < chunk.rows; row++) {
      const cells = copied.map((column) => cellText(chunk.columns[column], row));
      const answer = called ? called[row] : digits(own[row], 7);
      const shares = classes.map((_, i) => digits(probabilities?.[row * classes.length + i] ?? 0, 6));
      text.push(csvLine([...cells, answer, ...shares], options));
    }
    note(tally, prediction, target);
    yield text.join('');
  }
}

function note(tally: PredictionTally, prediction: TablePrediction, { kind }: PreparedTarget): void {
  const { chunk, predictions, targets } = prediction;
  tally.rows += chunk.rows;
  tally.unknown = prediction.unknown;
  tally.missing = prediction.missing;
  targets?.forEach((answer, row) => {
    if (Number.isNaN(answer)) return;
    tally.known++;
    if (kind === 'regression') tally.absolute += Math.abs(predictions[row] - answer);
    else if (predictions[row] === answer) tally.right++;
  });
}

/** Significant digits, no more than the number has. */
function digits(value: number, most: number): number {
  return Number(value.toPrecision(most));
}
