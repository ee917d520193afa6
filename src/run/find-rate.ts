/** The learning rate of a run that was told to find one. */

import { DataError, OptionError } from '../base/errors.js';
import { isStreamed } from '../data/any-set.js';
import type { Engine } from '../engine/engine.js';
import { findLearningRate } from '../train/learning-rate-finder.js';
import type { Base } from './base.js';
import { takeWeights } from './begin.js';
import { buildModel } from './build.js';
import type { RunSettings } from './settings.js';
import type { LargeSplits } from './splits.js';

/**
 * Where the loss of the untrained model falls most steeply, to two digits. Throws DataError when it falls
 * nowhere.
 */
export async function findRate(
  engine: Engine,
  splits: LargeSplits,
  settings: RunSettings,
  base?: Base,
): Promise<number> {
  const { model, optimizer, loss } = buildModel(splits, settings, base);
  if (settings.weightsFrom !== undefined) await takeWeights(model, settings.weightsFrom);
  const train = settings.full ? splits.full : splits.train;
  if (isStreamed(train)) {
    const expected = 'find is for data in memory; expected a rate, found on a --sample of the rows';
    throw new OptionError('--learning-rate', `${expected}, as these stream`);
  }
  const { batchSize } = settings;
  const { suggestion } = await findLearningRate(engine, model, train, { loss, optimizer, batchSize });
  if (suggestion !== undefined) return Number(suggestion.toPrecision(2));
  throw new DataError('learning rate', 'the loss falls at no rate; give one, or look at the data');
}
