/** The data of a run, of a table or not, and what is measured on them. */

import type { Fit } from '../base/image-shape.js';
import type { AnySet } from '../data/any-set.js';
import type { Dataset } from '../data/dataset.js';
import type { SkippedFile } from '../data/images/collect.js';
import type { Streaming } from '../data/streaming.js';
import { regressionMetrics } from '../tables/metrics.js';
import type { PreparationResult } from '../tables/training.js';
import type { Metric } from '../train/metrics/metric.js';
import { type MetricName, resolveMetrics } from '../train/metrics/resolve.js';

/** The data of a run, of sets in memory unless it is said otherwise. What `loadIdxFolder` gives is such, too. */
export interface RunSplits<Set extends AnySet = Dataset> {
  readonly train: Set;
  /** Tables may be too short for one, and for a test. */
  readonly validation?: Set;
  readonly test?: Set;
  /** What `--full` trains on; its name is the run's. */
  readonly full: Set;
  readonly table?: PreparationResult;
  readonly pictures?: PictureFolder;
  /** Where the sets stream. */
  readonly streaming?: Streaming;
}

/** The data of a run that may be larger than memory. */
export type LargeSplits = RunSplits<AnySet>;

/** What is to be known of a folder of pictures when its model is used. */
export interface PictureFolder {
  /** Files that were left out. */
  readonly skipped: readonly SkippedFile[];
  /** By which its parts were chosen. */
  readonly seed: number;
  /** How pictures of another size were brought to one. */
  readonly fit?: Fit;
}

/**
 * What is measured on validation and test: as asked, and of a regression the usual errors, in the target's
 * own unit.
 */
export function runMetrics(
  { table }: Pick<RunSplits, 'table'>,
  { metrics }: { readonly metrics?: readonly MetricName[] },
): Metric[] {
  const target = table?.preparation.target;
  if (target?.kind !== 'regression') return resolveMetrics('train', metrics ?? [], 'classification');
  return regressionMetrics(target, metrics);
}
