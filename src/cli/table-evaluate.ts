/** `lanegrad evaluate` for models of tables: measured on a table whose answers are known. */
import type { Engine } from '../engine/engine.js';
import { weightsSha256 } from '../run/weights.js';
import { tableDataset } from '../tables/dataset.js';
import { openTableFile } from '../tables/file.js';
import type { TablePreparation } from '../tables/preparation.js';
import type { Part } from '../tables/split.js';
import { evaluate } from '../train/evaluate.js';
import type { Evaluation } from '../train/history.js';
import { regressionMetrics } from '../train/table-metrics.js';
import { count, lossText, type Output, percent, printable, table } from './output.js';
import type { OpenModel } from './sources.js';

/** With `part`, only the rows that the split of training put there. */
export async function evaluateTable(
  out: Output,
  engine: Engine,
  { path, model }: OpenModel,
  preparation: TablePreparation,
  source: string,
  part: Part | undefined,
): Promise<void> {
  const set = await tableDataset(await openTableFile(source), preparation, part);
  const { target } = preparation;
  const record = { model: path, dataset: source, split: part ?? 'full', samples: set.size };
  const end = { weightsSha256: await weightsSha256(model), engine: engine.info };
  out.line(`${printable(path)} on ${printable(source)}, ${part ?? 'all rows'}: ${count(set.size)} rows`);
  if (target.kind === 'regression') {
    const result = await evaluate(engine, model, set, {
      loss: 'meanSquaredError',
      metrics: regressionMetrics(target),
    });
    const { loss, metrics = {} } = result;
    for (const line of table(metricRows(result, target.name), [0, 2])) out.line(line);
    out.result({ ...record, task: 'regression', target: target.name, loss, ...metrics, ...end });
    return;
  }
  const metrics = target.classes.length === 2 ? (['f1', 'rocAuc'] as const) : (['f1'] as const);
  const result = await evaluate(engine, model, set, { metrics });
  const { loss, accuracy, confusion } = result;
  out.line(out.bold(`loss ${lossText(loss)}, accuracy ${percent(accuracy)}`));
  const extra = Object.entries(result.metrics ?? {}).map(([name, value]) => `${name} ${value.toFixed(4)}`);
  if (extra.length > 0) out.line(extra.join(', '));
  out.line();
  const classes = target.classes.map((name, index) => {
    const samples = confusion[index].reduce((total, n) => total + n, 0);
    const correct = confusion[index][index];
    return { name, samples, correct, recall: samples > 0 ? correct / samples : null };
  });
  const rows = classes.map(({ name, samples, correct, recall }) => [
    printable(name),
    count(samples),
    count(correct),
    recall === null ? '-' : percent(recall),
  ]);
  for (const line of table([['class', 'rows', 'right', 'recall'], ...rows])) out.line(line);
  out.result({
    ...record,
    task: 'classification',
    target: target.name,
    loss,
    accuracy,
    ...result.metrics,
    classes,
    confusion,
    ...end,
  });
}

/** Errors in the target's own unit. */
export function metricRows({ metrics = {} }: Evaluation, target: string): string[][] {
  const { r2, rmse, mae } = metrics;
  const unit = `in units of ${printable(target)}`;
  return [
    ['R²', r2.toFixed(4), 'share of the variance that is explained'],
    ['RMSE', String(Number(rmse.toPrecision(5))), `root of the mean squared error, ${unit}`],
    ['MAE', String(Number(mae.toPrecision(5))), `mean absolute error, ${unit}`],
  ];
}
