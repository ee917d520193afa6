/**
 * A model of tables asked about the rows of another table, chunk by chunk, so that the table may be larger
 * than memory. It applies the preparation that the model was trained with, and writes no file.
 */

import { OptionReader } from '../base/options.js';
import type { Engine } from '../engine/engine.js';
import { CompiledModel } from '../nn/compile.js';
import { checkInputs } from '../nn/inputs.js';
import type { Network } from '../nn/model.js';
import { checkEngine, checkModel } from '../train/check.js';
import { checkRows, checkWeights } from '../train/finite.js';
import { Turn } from '../train/turn.js';
import { checkTable, chunksOf } from './chunks.js';
import { Encoder } from './encode.js';
import { checkTask } from './model-file.js';
import { placeIn } from './place.js';
import { readPreparation, type TablePreparation, writtenColumns } from './preparation.js';
import { inUnits, targetReader } from './target.js';
import type { Table, TableChunk } from './types.js';

/** Rows computed at once. */
const ROWS = 256;

/** What `predictTable` is asked beyond predictions. */
export interface PredictTableOptions {
  /**
   * Columns whose cells are wanted as they are written, in `written` of the chunk's columns: to be copied
   * beside predictions.
   */
  written?: readonly string[];
}

/** What a model says of some rows of a table. */
export interface TablePrediction {
  /** The rows as they stand in the table; valid until the next prediction is asked for. */
  readonly chunk: TableChunk;
  /** The class by number, or the predicted number in the target's own unit: [rows]. */
  readonly predictions: Float64Array;
  /** [rows], what the classes of `predictions` are called; absent for a regression. */
  readonly names?: readonly string[];
  /** [rows, classes]; absent for a regression. */
  readonly probabilities?: Float32Array;
  /**
   * [rows], the target as it stands in the table, NaN where it is missing; absent when the table has no such
   * column.
   */
  readonly targets?: Float64Array;
  /** By column: cells so far whose value training did not know, and that were missing. */
  readonly unknown: ReadonlyMap<string, number>;
  readonly missing: ReadonlyMap<string, number>;
}

function readCopied(
  where: string,
  { columns }: Table,
  options: PredictTableOptions | undefined,
): readonly string[] {
  const reader = new OptionReader(where, options);
  const isNames = (value: unknown): value is readonly string[] =>
    Array.isArray(value) && value.every((name) => columns.includes(name));
  const written = reader.optional('written', 'names of columns of the table', isNames) ?? [];
  reader.end();
  return written;
}

/**
 * Predicts the rows of `table` in order. Its columns may stand in another order, and others between them.
 *
 * The table has to be opened with the preparation's `cells`, if it has such: the decimal mark and the marks
 * of missing values.
 *
 * @throws OptionError for a preparation that is not the model's, a model that was trained for another kind of
 *   target, and options that are unknown.
 * @throws DataError, with row and column, for a column that is missing and a cell that is not of its type. A
 *   category that training did not know is no error: it is counted. A target of another class is one, where
 *   the column is there.
 */
export async function* predictTable(
  engine: Engine,
  model: Network,
  preparation: TablePreparation,
  table: Table,
  options?: PredictTableOptions,
): AsyncGenerator<TablePrediction> {
  const where = 'predictTable';
  checkEngine(where, engine);
  checkModel(where, model);
  const read = readPreparation(`${where}, preparation`, preparation, model);
  const { target } = read;
  if (model.loss) checkTask(where, model.loss, read);
  checkTable(where, table);
  const encoder = new Encoder(table, preparation);
  const written = [...writtenColumns(read), ...readCopied(where, table, options)];
  const readTarget = table.columns.includes(target.name) ? targetReader(table, target) : undefined;
  const { outputSize } = model;
  const loss = target.kind === 'classification' ? 'softmaxCrossEntropy' : 'meanSquaredError';
  const compiled = new CompiledModel(engine, model, { maxRows: ROWS, loss });
  const turn = new Turn();
  try {
    checkWeights(where, compiled);
    for await (const chunk of chunksOf(where, table, { written })) {
      const { rows } = chunk;
      const inputs = new Float32Array(rows * encoder.width);
      encoder.encode(chunk, {
        to: inputs,
        starts: Int32Array.from({ length: rows }, (_, i) => i * encoder.width),
      });
      // A file may promise more categories than its embedding has.
      checkInputs(where, model, inputs, encoder.width, 1, 0);
      const targets =
        readTarget && Float64Array.from({ length: rows }, (_, index) => readTarget(chunk, index));
      const predictions = new Float64Array(rows);
      const probabilities =
        target.kind === 'classification' ? new Float32Array(rows * outputSize) : undefined;
      for (let start = 0; start < rows; start += ROWS) {
        const plan = compiled.plan(Math.min(ROWS, rows - start));
        plan.inputs.write(inputs.subarray(start * encoder.width, (start + plan.rows) * encoder.width));
        plan.loaded();
        plan.forward();
        const first = start;
        checkRows(where, plan, (row) => ({
          row: chunk.firstRow + first + row,
          words: placeIn(chunk, first + row),
        }));
        if (target.kind === 'classification') {
          plan.classify();
          predictions.set(plan.predictions.read(), start);
          probabilities?.set(plan.probabilities.read(), start * outputSize);
        } else {
          predictions.set(inUnits(target, plan.outputs.read()), start);
        }
        if (turn.due()) await turn.take();
      }
      engine.settle();
      yield {
        chunk,
        predictions,
        ...(target.kind === 'classification' && {
          names: Array.from(predictions, (place) => target.classes[place]),
        }),
        ...(probabilities && { probabilities }),
        ...(targets && { targets }),
        unknown: encoder.unknown,
        missing: encoder.missing,
      };
    }
  } finally {
    engine.settle();
    compiled.dispose();
  }
}
