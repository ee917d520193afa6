/**
 * The table's worker: it reads, prepares, trains, tests and predicts, so that the page stays alive whatever
 * the size of the file. The table never leaves it.
 */
import {
  adam,
  createEngine,
  type Engine,
  evaluate,
  fit,
  predict,
  type Sequential,
  writeModel,
  writeOnnx,
} from 'lanegrad';
import {
  openTable,
  type PreparedTable,
  predictTable,
  prepareTable,
  type Table,
  tableModel,
} from 'lanegrad/tables';
import { tableDefaults } from '../../../../src/tables/defaults.js';
import { regressionMetrics } from '../../../../src/tables/metrics.js';
import { inUnits } from '../../../../src/tables/target.js';
import { serve } from '../../shared/serve.js';
import type {
  Calls,
  ClassTest,
  EpochNews,
  KeptFile,
  NumberTest,
  Opened,
  Prediction,
  Prepared,
  PrepareSettings,
  Source,
  Trained,
  TrainSettings,
} from './protocol.js';
import type { ReportParts } from './report.js';

/** Rows that are shown of a table. */
const PREVIEW = 5;

let engine: Promise<Engine> | undefined;
let table: Table | undefined;
let prepared: PreparedTable | undefined;
let model: Sequential | undefined;
let parts: ReportParts | undefined;
let stopping: AbortController | undefined;

const theEngine = () => {
  engine ??= createEngine();
  return engine;
};

async function open(source: Source): Promise<Opened> {
  prepared = model = parts = undefined;
  table =
    source instanceof File
      ? await openTable(source)
      : await openTable(new TextEncoder().encode(source.text), { name: source.name });
  const { name, format, notes, columns } = table;
  return { name, format, notes, columns, preview: await firstRows(table) };
}

async function firstRows(of: Table): Promise<string[][]> {
  for await (const { rows, columns } of of.chunks({ written: of.columns })) {
    return Array.from({ length: Math.min(rows, PREVIEW) }, (_, row) =>
      columns.map((cells) => {
        if (cells.nested) return '…';
        const number = cells.numbers[row];
        return cells.written?.[row] ?? cells.texts?.[row] ?? (Number.isNaN(number) ? '' : String(number));
      }),
    );
  }
  return [];
}

async function prepare({ target, task, types, dropMissingTarget }: PrepareSettings): Promise<Prepared> {
  prepared = model = parts = undefined;
  prepared = await prepareTable(required(table, 'a table'), {
    ...{ target, types, dropMissingTarget },
    ...(task && { task }),
  });
  const { hidden, dropout, batchSize, epochs, learningRate } = { dropout: 0, ...tableDefaults(prepared) };
  return {
    summary: prepared.summary,
    columns: prepared.preparation.columns,
    suited: { hidden, dropout, batch: batchSize, epochs, rate: learningRate },
  };
}

async function train(settings: TrainSettings): Promise<Trained> {
  const { train: set, validation, test, preparation, summary } = required(prepared, 'a prepared table');
  const { target } = preparation;
  const { hidden, dropout, rate, batch, epochs, seed } = settings;
  const ready = await theEngine();
  model = tableModel(preparation, { hidden, dropout, seed });
  stopping = new AbortController();
  const loss = target.kind === 'classification' ? 'softmaxCrossEntropy' : 'meanSquaredError';
  const metrics = target.kind === 'regression' ? regressionMetrics(target) : (['f1'] as const);
  const { patience } = {
    patience: 0,
    ...tableDefaults({ train: set, ...(validation && { validation }) }).earlyStopping,
  };
  const history = await fit(ready, model, set, {
    ...{ loss, batchSize: batch, epochs, seed, signal: stopping.signal },
    optimizer: adam({ learningRate: rate }),
    ...(validation && { validation, metrics, earlyStopping: { patience } }),
    onEpoch({ epoch, loss, validation: measured }) {
      const score = measured && (target.kind === 'regression' ? measured.metrics?.r2 : measured.accuracy);
      tell({ epoch, loss, validationLoss: measured?.loss ?? null, score: score ?? null });
    },
  });
  const measured = test && (await evaluate(ready, model, test, { loss, metrics }));
  let result: ClassTest | NumberTest | undefined;
  if (measured && target.kind === 'classification') {
    const rows = measured.confusion.map((row) => row.reduce((sum, count) => sum + count, 0));
    result = {
      kind: 'classification',
      ...{ size: measured.size, accuracy: measured.accuracy, loss: measured.loss },
      f1: measured.metrics?.f1 ?? Number.NaN,
      baseline: Math.max(...rows) / measured.size,
      ...{ classes: target.classes, confusion: measured.confusion },
    };
  } else if (measured && test?.targets && target.kind === 'regression') {
    const { r2 = Number.NaN, rmse = Number.NaN, mae = Number.NaN } = measured.metrics ?? {};
    result = {
      kind: 'regression',
      ...{ size: measured.size, r2, rmse, mae },
      actual: inUnits(target, test.targets),
      predicted: inUnits(target, predict(ready, model, test.inputs, { loss })),
    };
  }
  parts = { engine: ready, model, history, summary, settings: { ...settings, loss }, measured, test, result };
  const { seconds } = history;
  return {
    epochs: history.epochs.length,
    outcome: history.outcome,
    bestEpoch: history.best?.restored ? history.best.epoch : undefined,
    seconds,
    parameters: model.parameterCount,
    rowsPerSecond:
      (history.epochs.length * set.size) / history.epochs.reduce((sum, one) => sum + one.seconds, 0),
    test: result,
    info: ready.info,
  };
}

/** A row as it is typed in: as a file of one row, which is read as the table was. */
async function predictRow(row: Readonly<Record<string, string>>): Promise<Prediction> {
  const { preparation } = required(prepared, 'a prepared table');
  const trained = required(model, 'a trained model');
  const delimiter = preparation.reading?.delimiter ?? ',';
  const cell = (text: string) =>
    /["\r\n]/.test(text) || text.includes(delimiter) ? `"${text.replaceAll('"', '""')}"` : text;
  const lines = [Object.keys(row), Object.values(row)].map((cells) => cells.map(cell).join(delimiter));
  const bytes = new TextEncoder().encode(`${lines.join('\n')}\n`);
  const one = await openTable(bytes, { name: 'your row', like: preparation, delimiter, header: true });
  for await (const { predictions, probabilities, unknown, missing } of predictTable(
    await theEngine(),
    trained,
    preparation,
    one,
  )) {
    const { target } = preparation;
    const found = (counts: ReadonlyMap<string, number>) =>
      [...counts].flatMap(([name, n]) => (n > 0 ? [name] : []));
    const classes = target.kind === 'classification' ? target.classes : [];
    const shares = classes.map((name, i) => ({ name, share: probabilities?.[i] ?? 0 }));
    return {
      answer: classes[predictions[0]] ?? String(Number(predictions[0].toPrecision(6))),
      probabilities: shares.sort((a, b) => b.share - a.share),
      unknown: found(unknown),
      missing: found(missing),
    };
  }
  throw new Error('your row: it is empty');
}

async function file(kind: KeptFile): Promise<Uint8Array | string> {
  const { preparation } = required(prepared, 'a prepared table');
  const trained = required(model, 'a trained model');
  const { target } = preparation;
  const metadata = {
    table: preparation,
    ...(target.kind === 'classification' && { classNames: target.classes }),
  };
  if (kind === 'model') return writeModel(trained, metadata);
  if (kind === 'onnx') return writeOnnx(trained, { metadata, rawInputs: true });
  return (await import('./report.js')).writeReport(required(parts, 'a trained model'));
}

function required<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`there is no ${what.replace(/^an? /, '')} yet`);
  return value;
}

let tell: (news: EpochNews) => void;

/** Begins to answer. */
export function work(): void {
  tell = serve<Calls, EpochNews>({
    open,
    prepare,
    train,
    stop: () => {
      stopping?.abort();
      return undefined;
    },
    predict: predictRow,
    file,
  });
}
