/** What `fit` needs where images are augmented: the loss of mixed answers, and what changes the images. */
import { OptionError, show } from '../../base/errors.js';
import type { Dataset } from '../../data/set.js';
import { type Loss, softmaxCrossEntropy } from '../../nn/losses.js';
import { Augmenter } from './augmenter.js';
import { type AugmentConfig, readAugment } from './options.js';

/** Labels as probabilities of each class, [labels, classes], which can be mixed. */
export type SoftLabels = (labels: ArrayLike<number>, classes: number) => Float32Array;

export interface Augmentation {
  readonly config: AugmentConfig;
  readonly images: Augmenter;
  /** The loss of mixed answers, where there are any. */
  readonly loss?: Loss;
  readonly soft?: SoftLabels;
}

/**
 * Undefined where nothing is to be changed. Throws OptionError for what is out of range, a set that is not of
 * images, and a loss whose answers cannot be mixed.
 */
export function readAugmentation(
  where: string,
  given: unknown,
  { train, loss, seed }: { readonly train: Dataset; readonly loss: Loss; readonly seed: number },
): Augmentation | undefined {
  const config = readAugment(where, given);
  if (Object.keys(config).every((key) => key === 'fill')) return undefined;
  const images = new Augmenter(where, train, config, seed);
  return { config, images, ...(config.mixup !== undefined && mixed(where, loss, train)) };
}

/** Cross-entropy of labels as that of probabilities; targets are numbers already, and are mixed as they are. */
function mixed(where: string, loss: Loss, { targets }: Dataset): Pick<Augmentation, 'loss' | 'soft'> {
  if (loss.parts || loss.compute) {
    const given = loss.parts ? 'a loss for each of several outputs' : 'a loss of your own';
    throw new OptionError(where, `option augment: mixup is for one of the usual losses, given ${given}`);
  }
  if (targets || loss.answers === 'targets') return {};
  const { labelSmoothing = 0, classWeights } = loss.config as {
    labelSmoothing?: number;
    classWeights?: unknown;
  };
  if (classWeights) {
    throw new OptionError(where, 'option augment: mixup does not go with class weights');
  }
  if (loss.kind !== 'softmaxCrossEntropy') {
    throw new OptionError(where, `option augment: mixup cannot mix the labels of ${show(loss.kind)}`);
  }
  const soft: SoftLabels = (labels, width) => softened(labels, width, labelSmoothing);
  return { loss: softmaxCrossEntropy({ answers: 'probabilities' }), soft };
}

/** `smoothing` is the share of a label that is spread evenly over all classes. */
function softened(labels: ArrayLike<number>, classes: number, smoothing: number): Float32Array {
  const values = new Float32Array(labels.length * classes).fill(smoothing / classes);
  for (let row = 0; row < labels.length; row++) values[row * classes + labels[row]] += 1 - smoothing;
  return values;
}
