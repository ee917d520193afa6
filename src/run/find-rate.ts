/** The learning rate of a run that was told to find one. */
import type { Splits } from '../data/folder.js';
import type { Engine } from '../engine/engine.js';
import { DataError } from '../errors.js';
import { findLearningRate } from '../train/learning-rate-finder.js';
import { buildModel, type RunSettings } from './settings.js';

/**
 * Where the loss of the untrained model falls most steeply, to two digits. Throws DataError when it falls nowhere.
 */
export async function findRate(engine: Engine, splits: Splits, settings: RunSettings): Promise<number> {
  const { model, optimizer, loss } = buildModel(splits, settings);
  const train = settings.full ? splits.full : splits.train;
  const { batchSize } = settings;
  const { suggestion } = await findLearningRate(engine, model, train, { loss, optimizer, batchSize });
  if (suggestion !== undefined) return Number(suggestion.toPrecision(2));
  throw new DataError('learning rate', 'the loss falls at no rate; give one, or look at the data');
}
