/** `lanegrad evaluate` for models that predict a number from a table: errors in the number's own unit. */

import { DataError, LanegradError } from '../base/errors.js';
import type { AnySet } from '../data/any-set.js';
import type { Engine } from '../engine/engine.js';
import type { OpenNetwork } from '../run/open-network.js';
import { weightsSha256 } from '../run/weights.js';
import { regressionMetrics } from '../tables/metrics.js';
import type { PreparedTarget } from '../tables/preparation.js';
import { evaluate } from '../train/evaluate.js';
import type { Evaluation } from '../train/history.js';

import { count, type Output, printable, table } from './output.js';

/** As `evaluate`. What is wrong in a table that streams is said as of one in memory. */
export async function evaluated(...given: Parameters<typeof evaluate>): Promise<Evaluation> {
  try {
    return await evaluate(...given);
  } catch (error) {
    const cause = error instanceof DataError ? error.cause : undefined;
    throw cause instanceof LanegradError ? cause : error;
  }
}

export async function evaluateRegression(
  out: Output,
  engine: Engine,
  { path, model }: OpenNetwork,
  target: Extract<PreparedTarget, { kind: 'regression' }>,
  set: AnySet,
  { source, part, note }: { source: string; part: string; note: string | undefined },
): Promise<void> {
  const metrics = regressionMetrics(target);
  const result = await evaluated(engine, model, set, { loss: 'meanSquaredError', metrics });
  const { r2, rmse, mae } = result.metrics as { r2: number; rmse: number; mae: number };
  const digits = (value: number) => String(Number(value.toPrecision(5)));
  const unit = `in units of ${printable(target.name)}`;
  const rows = [
    Number.isNaN(r2)
      ? ['R²', 'undefined', 'one sample has no variance to explain']
      : ['R²', r2.toFixed(4), 'share of the variance that is explained'],
    ['RMSE', digits(rmse), `root of the mean squared error, ${unit}`],
    ['MAE', digits(mae), `mean absolute error, ${unit}`],
  ];
  out.line(`${printable(path)} on ${printable(source)}, ${part}: ${count(result.size)} samples`);
  if (note !== undefined) out.line(note);
  for (const line of table(rows, [0, 2])) out.line(line);
  out.result({
    model: path,
    dataset: source,
    split: part,
    samples: result.size,
    target: target.name,
    loss: result.loss,
    metrics: { r2, rmse, mae },
    ...(note !== undefined && { note }),
    weightsSha256: await weightsSha256(model),
    engine: engine.info,
  });
}
