/**
 * lanegrad/tables: CSV, JSON lines, Parquet, NPY and NPZ as data sets, in Node and browsers. Files by path
 * are in `lanegrad/node`.
 *
 * @module lanegrad/tables
 */

export type { CellOptions } from './tables/cells.js';
export type { CsvOptions } from './tables/csv-reading.js';
export { tableDataset, tableStream } from './tables/dataset.js';
export type { DateOrder } from './tables/dates.js';
export type { ColumnType, Task } from './tables/decide.js';
export { targetMetrics } from './tables/metrics.js';
export { type TableModelOptions, tableModel } from './tables/model.js';
export { type OpenTableOptions, openTable, type TableInput } from './tables/open.js';
export { type PredictTableOptions, predictTable, type TablePrediction } from './tables/predict.js';
export type {
  BooleanColumn,
  CategoryColumn,
  DateColumn,
  DroppedColumn,
  NumberColumn,
  PreparedColumn,
  PreparedTarget,
  TablePreparation,
} from './tables/preparation.js';
export { type PreparedTable, type PrepareOptions, prepareTable } from './tables/prepare.js';
export type { Part, Split } from './tables/split.js';
export type { ClassSummary, ColumnSummary, TableSummary } from './tables/summary.js';
export type {
  ByteSource,
  ChunkOptions,
  ColumnCells,
  CsvReading,
  NestedCell,
  Table,
  TableChunk,
  TableFormat,
} from './tables/types.js';
