/** The metrics that a caller lists. */
import type { Answers } from '../data/set.js';
import type { Loss } from '../nn/losses.js';
import type { Metric } from './metrics/metric.js';

/**
 * Whether an output tells classes apart, and the metrics of it that a caller lists, if any. What they are
 * made of is loaded with the first: training alone needs none.
 */
export async function listedMetrics(
  where: string,
  given: unknown,
  { loss, size }: { readonly loss: Loss; readonly size: number },
  { targets }: Answers,
): Promise<{ readonly classifies: boolean; readonly metrics: readonly Metric[] }> {
  const classifies = loss.link !== 'identity' && !targets;
  if (given === undefined) return { classifies, metrics: [] };
  const { resolveMetricsOf } = await import('./metrics/resolve.js');
  return { classifies, metrics: resolveMetricsOf(where, given, { loss, size, classifies }) };
}
