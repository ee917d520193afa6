/** The model, the loss and the optimizer that the settings of a run describe. */
import { elementsOf } from '../base/arrays.js';
import { OptionError, show } from '../base/errors.js';
import { flagOf, partsOf } from '../base/settings.js';
import { type AnySet, isStreamed, sizeOf } from '../data/any-set.js';
import { channelMoments } from '../data/moments.js';
import { lossOf } from '../nn/loss-config.js';
import { describeLoss, type Loss, lossNames } from '../nn/losses.js';
import { freeze, type Network } from '../nn/model.js';
import { type ChannelMoments, normalization } from '../nn/normalization.js';
import { type Optimizer, optimizerOf, optimizerTakes } from '../nn/optimizers.js';
import { type Schedule, scheduleForRun, warmUp } from '../nn/schedules.js';
import { parametersOf, sequential } from '../nn/sequential.js';
import { tableInputLayers } from '../tables/model.js';
import { outputSizeOf } from '../tables/preparation.js';
import { adaptBase, type Base, checkBaseSettings } from './base.js';
import { buildLayers, optionsTo } from './options.js';
import type { RunSettings } from './settings.js';
import type { LargeSplits } from './splits.js';

/** Values that a model may have: parameters and gradients must fit in an engine's 4 GiB. */
const MAX_PARAMETERS = 2 ** 28;

/**
 * The model to be trained, which may be one that there is, its loss and its optimizer. Throws OptionError for what does not go together, or a
 * model too large.
 */
export function buildModel(
  splits: LargeSplits,
  settings: RunSettings,
  base?: Base,
): { model: Network; optimizer: Optimizer; loss: Loss } {
  const loss = buildLoss(splits, settings);
  // One output tells two classes apart.
  const outputs = loss.link === 'sigmoid' ? 1 : outputsOf(splits);
  checkBaseSettings(settings);
  const model = base ? adaptBase(base, splits, settings, outputs) : newModel(splits, settings, outputs);
  if (settings.freeze) freeze(model, settings.freeze);
  return {
    model,
    optimizer: buildOptimizer(splits, settings),
    loss,
  };
}

function newModel(splits: LargeSplits, settings: RunSettings, outputs: number): Network {
  const { width } = splits.full;
  const image = settings.layers === undefined ? undefined : imageOf(splits.full);
  const layers = [
    ...(settings.normalize ? [normalization(momentsOf(splits, settings))] : []),
    ...(splits.table ? tableInputLayers(splits.table.preparation) : []),
    ...buildLayers(settings, outputs, image),
  ];
  const shape = image ?? width;
  const parameters = parametersOf('model', shape, layers);
  const count = parameters.reduce((total, own) => total + elementsOf(own.shape), 0);
  if (count > MAX_PARAMETERS) {
    throw new OptionError('model', `expected at most ${MAX_PARAMETERS} parameters, given ${count}`);
  }
  return sequential(shape, layers, { seed: settings.seed });
}

/** Height, width and channels of the rows, where they are images. */
function imageOf({ imageShape }: Pick<AnySet, 'imageShape'>): readonly number[] | undefined {
  if (!imageShape) return undefined;
  const [height, width, channels = 1] = imageShape;
  return [height, width, channels];
}

/** Mean and deviation of the channels of what is trained on. */
function momentsOf({ table, full, train }: LargeSplits, settings: RunSettings): ChannelMoments {
  if (table)
    throw new OptionError('--normalize', 'it is for images; the numbers of a table are standardised');
  const set = settings.full ? full : train;
  if (isStreamed(set)) {
    throw new OptionError('--normalize', 'it is for images in memory; these stream, and are scaled by 1/255');
  }
  return channelMoments(set);
}

function outputsOf({ full, table }: LargeSplits): number {
  return table ? outputSizeOf(table.preparation) : full.classes;
}

/** Throws OptionError for a loss that is not for what is to be learned. */
function buildLoss(splits: LargeSplits, settings: RunSettings): Loss {
  const isRegression = splits.table?.preparation.target.kind === 'regression';
  if (isRegression && (settings.labelSmoothing ?? 0) > 0) {
    throw new OptionError('labelSmoothing', 'it is for classes, but the target is a number');
  }
  const parts = partsOf(settings.loss ?? (isRegression ? 'meanSquaredError' : 'softmaxCrossEntropy'));
  // What is 0 may be said of any loss.
  const flags = Object.fromEntries(
    Object.entries(optionsTo('loss', settings)).filter(([, value]) => value !== 0),
  );
  checkOnce('loss', parts, flags);
  const loss = lossOf({ kind: parts.kind, ...flags, ...parts.options });
  const given = `given ${describeLoss(loss)}`;
  if (isRegression !== (loss.link === 'identity')) {
    const what = isRegression ? 'the target is a number' : `${show(splits.full.name)} has classes`;
    const fitting = lossNames.filter((name) => isRegression === (lossOf({ kind: name }).link === 'identity'));
    throw new OptionError('loss', `${what}: expected one of ${fitting.join(', ')}, ${given}`);
  }
  // A table's metadata say that its model has an output for each class.
  if (loss.link === 'sigmoid' && (splits.table || outputsOf(splits) !== 2)) {
    const why = splits.table
      ? 'a model of tables has one output a class'
      : `there are ${outputsOf(splits)} classes`;
    throw new OptionError('loss', `expected softmaxCrossEntropy, as ${why}, ${given}`);
  }
  return loss;
}

function buildOptimizer({ train, full }: LargeSplits, settings: RunSettings): Optimizer {
  const { optimizer = 'sgd', batchSize, accumulateBatches = 1 } = settings;
  const size = sizeOf(settings.full ? full : train);
  const learningRate = buildSchedule(
    settings,
    Math.ceil(size / (Math.min(batchSize, size) * accumulateBatches)),
  );
  const parts = partsOf(optimizer);
  const { kind, options } = parts;
  const flags = optionsTo('optimizer', settings);
  checkOnce('optimizer', parts, flags);
  for (const key of Object.keys(flags)) {
    if (!optimizerTakes(kind, key)) throw new OptionError('optimizer', `${kind} has no option ${key}`);
  }
  const rate = typeof learningRate === 'number' ? learningRate : learningRate.config;
  return optimizerOf({ kind, learningRate: rate, ...flags, ...options });
}

function buildSchedule(settings: RunSettings, stepsPerEpoch: number): number | Schedule {
  const { schedule = 'constant', warmUp: warmUpEpochs = 0, learningRate, epochs } = settings;
  const parts = partsOf(schedule);
  checkOnce('schedule', parts, {});
  const { kind, options } = parts;
  const isPlain = kind === 'constant' && Object.keys(options).length === 0;
  const own = isPlain ? learningRate : scheduleForRun(kind, { learningRate, stepsPerEpoch, epochs }, options);
  if (warmUpEpochs >= epochs) {
    throw new OptionError('warm-up', `expected fewer epochs than ${epochs}, given ${warmUpEpochs}`);
  }
  return warmUpEpochs > 0 ? warmUp({ steps: Math.ceil(warmUpEpochs * stepsPerEpoch), schedule: own }) : own;
}

/**
 * Throws OptionError for an option that was given along with a name, and has a flag of its own by which it
 * was or should be given.
 */
function checkOnce(
  where: string,
  { kind, options }: { readonly kind: string; readonly options: object },
  flags: object,
): void {
  const twice = Object.keys(options).find((key) => /learningRate$/i.test(key) || Object.hasOwn(flags, key));
  if (twice === undefined) return;
  const flag = flagOf(/learningRate$/i.test(twice) ? 'learningRate' : twice);
  throw new OptionError(where, `${kind}: expected ${twice} to be given by ${flag} alone`);
}
