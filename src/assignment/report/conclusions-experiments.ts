/**
 * What the experiments of question 7 say. As in conclusions.ts, numbers choose the sentences; of two means
 * one is only called better when they are further apart than chance between seeds explains, and a single seed
 * is named as such.
 */

import { count, percent } from '../../report/format.js';
import { apart, ranked, spread, winner } from '../q7-experiments/statistics.js';
import type {
  Comparison,
  CurvePoint,
  ExperimentPlan,
  ExperimentsResult,
  Finalist,
  FinalResult,
  LossBand,
  SeedMinimum,
  Spread,
} from '../q7-experiments/types.js';
import type { Conclusion } from './types.js';
import { differenceText, list, plusMinus, seedsText, spreadPercent, times } from './words.js';

/** What the assignment asks of the final network. */
export const TARGET = 0.98;

export function concludeExperiments(result: ExperimentsResult): Conclusion[] {
  const { plan, curve, minima, band, rates, batches, finalists, final } = result;
  return [
    { subject: 'Training against validation', sentences: concludeCurve(curve, minima) },
    { subject: 'Seeds', sentences: concludeBand(band, curve[curve.length - 1]) },
    { subject: 'Learning rate', sentences: concludeRates(rates, plan) },
    {
      subject: 'Batch size',
      sentences: [...concludeBatches(batches), ...concludeFinalists(finalists, plan)],
    },
    { subject: 'Final accuracy', sentences: concludeFinal(final) },
  ];
}

function concludeCurve(curve: readonly CurvePoint[], minima: readonly SeedMinimum[]): string[] {
  const [first] = curve;
  const last = curve[curve.length - 1];
  const low = curve.reduce((best, point) =>
    point.validationLoss.mean < best.validationLoss.mean ? point : best,
  );
  const past = minima.filter(({ epoch, lastEpoch }) => epoch < lastEpoch);
  const sentences = [
    `With ${seedsText(last.trainLoss.count)} training loss went from ${plusMinus(first.trainLoss, 3)} in epoch ${first.epoch} to ${plusMinus(last.trainLoss, 4)} in epoch ${last.epoch}; validation loss was lowest in the mean, ${plusMinus(low.validationLoss, 4)}, after epoch ${low.epoch}.`,
    `${past.length} of ${seedsText(minima.length)} had the minimum of validation loss before the last epoch${
      past.length > 0 ? `, and ended ${percent(meanRise(past), 1)} above it` : ''
    }${past.length > 1 ? ' in the mean' : ''}.`,
  ];
  const gap = last.validationLoss.mean / last.trainLoss.mean;
  const wider = gap > 1 && apart(last.validationLoss, last.trainLoss) !== 'no';
  if (wider) {
    sentences.push(
      `After epoch ${last.epoch} validation loss, ${plusMinus(last.validationLoss, 4)}, is ${times(gap)} the training loss: the network fits the images that it was trained on better than others, which is overfitting.`,
    );
  }
  if (low.epoch === last.epoch) {
    sentences.push('In the mean validation loss was lowest at the end: more epochs might lower it further.');
  } else if (apart(last.validationLoss, low.validationLoss) === 'no') {
    sentences.push('What the mean of validation loss rose after its minimum is less than seeds explain.');
  } else {
    const rise = last.validationLoss.mean / low.validationLoss.mean - 1;
    const training = last.trainLoss.mean < low.trainLoss.mean ? ' while training loss went on falling' : '';
    sentences.push(
      `From there the mean of validation loss rose by ${percent(rise, 1)}${training}, which is overfitting; ${accuracyMeanwhile(low, last)}.`,
    );
    return sentences;
  }
  if (!wider) sentences.push('It does not exceed training loss: these runs do not show overfitting.');
  return sentences;
}

function meanRise(minima: readonly SeedMinimum[]): number {
  return spread(minima.map(({ loss, lastLoss }) => lastLoss / loss - 1)).mean;
}

function accuracyMeanwhile(
  { validationAccuracy: before }: CurvePoint,
  { validationAccuracy: after }: CurvePoint,
): string {
  const both = `${spreadPercent(before)}, then ${spreadPercent(after)}`;
  const fall = before.mean - after.mean;
  if (fall <= 0) return `accuracy did not fall with it (${both})`;
  return apart(before, after) === 'no'
    ? `accuracy fell by less than seeds explain (${both})`
    : `accuracy fell by ${(100 * fall).toFixed(2)} percentage points as well (${both})`;
}

function concludeBand({ mean, deviation, seeds, steps, window }: LossBand, last: CurvePoint): string[] {
  const { validationLoss, validationAccuracy } = last;
  if (seeds.length < 2) return ['Only one seed was trained: how far seeds differ was not measured.'];
  const ends = `After epoch ${last.epoch} validation loss is ${plusMinus(validationLoss, 4)} and accuracy ${spreadPercent(validationAccuracy)}: a deviation of ${percent(validationLoss.deviation / validationLoss.mean, 0)} of the loss.`;
  if (mean.length < 10) {
    return [`The runs are too short to say how far ${seeds.length} seeds differ by step.`, ends];
  }
  const tenth = Math.floor(mean.length / 10);
  const average = (values: readonly number[]) => spread(values).mean;
  const share = (from: number, to?: number) => {
    const own = average(deviation.slice(from, to));
    return `${own.toFixed(3)} (${percent(own / average(mean.slice(from, to)), 0)} of the loss)`;
  };
  return [
    `Over ${seeds.length} seeds the standard deviation of the training loss, in means of ${window} steps, is ${share(0, tenth)} in the first tenth of the ${count(steps[steps.length - 1])} steps shown and ${share(-tenth)} in the last.`,
    'The seed decides the order of the images too, so this holds the noise of the batches beside that of the weights.',
    ends,
  ];
}

function concludeRates(rates: readonly Comparison[], { compareEpochs }: ExperimentPlan): string[] {
  const [best, next] = ranked(rates);
  const at = rates.indexOf(best);
  const sentences = [
    `The best learning rate is ${best.learningRate}: validation loss ${lossOf(best)}, accuracy ${accuracyOf(best)}, after ${compareEpochs} epochs with ${seedsText(best.seeds.length)}.`,
    ...runnerUp(best, next, ({ learningRate }) => String(learningRate)),
  ];
  const smallest = rates[0];
  if (at > 0 && clearlyWorse(smallest, best, 'trainLoss')) {
    sentences.push(
      `The smallest, ${smallest.learningRate}, ends the same epochs with a training loss of ${plusMinus(resultOf(smallest).trainLoss, 3)} where the best has ${plusMinus(resultOf(best).trainLoss, 3)}: it is too slow.`,
    );
  }
  const diverged = rates.filter((rate) => rate.diverged > 0);
  if (diverged.length > 0) {
    const named = diverged.map(({ learningRate, diverged: lost, seeds }) =>
      lost === seeds.length ? learningRate : `${learningRate} (${lost} of ${seeds.length} seeds)`,
    );
    sentences.push(`Training diverged with ${list(named)}.`);
  }
  const largest = rates[rates.length - 1];
  if (largest === best) {
    sentences.push('It is the largest that was tried; a larger one might be better still.');
  } else if (largest.diverged === 0 && clearlyWorse(largest, best, 'validationLoss')) {
    sentences.push(
      `Too large a rate is worse again: ${largest.learningRate} ends at a validation loss of ${lossOf(largest)}, accuracy ${accuracyOf(largest)}.`,
    );
  }
  return sentences;
}

function concludeBatches(batches: readonly Comparison[]): string[] {
  const [best, next] = ranked(batches);
  const sentences = [
    `At learning rate ${best.learningRate} the best batch size is ${best.batchSize}: validation loss ${lossOf(best)}, accuracy ${accuracyOf(best)}, with ${seedsText(best.seeds.length)}.`,
    ...runnerUp(best, next, ({ batchSize }) => `batches of ${batchSize}`),
  ];
  const largest = batches[batches.length - 1];
  if (largest !== best && clearlyWorse(largest, best, 'validationLoss')) {
    const loss = resultOf(largest).validationLoss.mean / resultOf(best).validationLoss.mean;
    const steps = largest.batchSize / best.batchSize;
    sentences.push(
      `Batches of ${largest.batchSize} make ${times(steps)} fewer steps in the same epochs and end at ${lossOf(largest)}, ${times(loss)} that loss; no other learning rate was tried with them.`,
    );
  }
  const smallest = batches[0];
  if (smallest !== best && clearlyWorse(smallest, best, 'validationLoss')) {
    sentences.push(
      `Batches of ${smallest.batchSize}, the smallest tried, end at ${lossOf(smallest)}: more steps alone are not better.`,
    );
  }
  return sentences;
}

function concludeFinalists(finalists: readonly Finalist[], { curveEpochs }: ExperimentPlan): string[] {
  if (finalists.length < 2) return [];
  const best = winner(finalists);
  const rest = finalists
    .filter((one) => one !== best)
    .sort((a, b) => b.validationAccuracy.mean - a.validationAccuracy.mean);
  const [next, ...others] = rest;
  const figures = ({ batchSize, epoch, validationAccuracy }: Finalist) =>
    `batches of ${batchSize} with ${spreadPercent(validationAccuracy)} after epoch ${epoch}`;
  return [
    `Of ${curveEpochs} epochs, with ${seedsText(best.seeds.length)}, the best validation accuracy have ${figures(best)}.`,
    `Next are ${figures(next)}, ${differenceText(best.validationAccuracy, next.validationAccuracy)}${others.length > 0 ? `; then ${list(others.map(figures))}` : ''}.`,
  ];
}

function concludeFinal({ accuracy, accuracies, seeds, trainSize, tests }: FinalResult): string[] {
  const goal = percent(TARGET, 1);
  const meeting = accuracies.filter((value) => value >= TARGET).length;
  const verdict =
    accuracy.mean >= TARGET ? `which meets the goal of ${goal}` : `which misses the goal of ${goal}`;
  return [
    `Trained on ${count(trainSize)} images, the network reads ${spreadPercent(accuracy)} of the test images correctly (mean of ${seedsText(seeds.length)}), ${verdict}; ${meeting} of ${seedsText(seeds.length)} ${meeting === 1 ? 'meets' : 'meet'} it.`,
    ...concludeMistakes(tests.map(({ confusion }) => confusion)),
  ];
}

/** Of all seeds together: the class with the lowest recall, and the most frequent mistake. */
function concludeMistakes(confusions: readonly FinalResult['tests'][number]['confusion'][]): string[] {
  const [{ length: classes }] = confusions;
  const labels = Array.from({ length: classes }, (_, label) => label);
  const recall = (confusion: (typeof confusions)[number], label: number) =>
    confusion[label][label] / confusion[label].reduce((sum, value) => sum + value, 0);
  const recalls = labels.map((label) => ({
    label,
    share: spread(confusions.map((confusion) => recall(confusion, label))),
  }));
  const [hardest, next] = recalls
    // A class without images has no recall.
    .filter(({ share }) => Number.isFinite(share.mean))
    .sort((a, b) => a.share.mean - b.share.mean);
  const seeds = confusions.length;
  const mistakes = labels
    .flatMap((actual) =>
      labels.map((predicted) => ({
        actual,
        predicted,
        counts: confusions.map((confusion) => confusion[actual][predicted]),
      })),
    )
    .filter(({ actual, predicted }) => actual !== predicted)
    .map((mistake) => ({ ...mistake, sum: mistake.counts.reduce((sum, value) => sum + value, 0) }))
    .sort((a, b) => b.sum - a.sum);
  const sentences: string[] = [];
  if (hardest && next) {
    const lowest = confusions.filter((confusion) =>
      recalls.every(({ label }) => !(recall(confusion, label) < recall(confusion, hardest.label))),
    ).length;
    sentences.push(
      `Over ${seedsText(seeds)} class ${hardest.label} has the lowest recall, ${spreadPercent(hardest.share)}${seeds > 1 ? `, and is the lowest with ${lowest} of them` : ''}; class ${next.label} with ${spreadPercent(next.share)} is ${differenceOfRecalls(hardest.share, next.share)}.`,
    );
  }
  const [worst] = mistakes;
  if (worst?.sum > 0) {
    const each = seeds > 1 ? ` (${list(worst.counts)} times)` : '';
    sentences.push(
      `The most frequent mistake over ${seedsText(seeds)} is to read ${worst.actual} as ${worst.predicted}, ${worst.sum === 1 ? 'once' : `${worst.sum} times`}${each}.`,
    );
  }
  return sentences;
}

function differenceOfRecalls(lowest: Spread, next: Spread): string {
  switch (apart(lowest, next)) {
    case 'yes':
      return 'next';
    case 'no':
      return 'so near that seeds explain the difference';
    case 'unknown':
      return 'next, with no other seed to confirm it';
  }
}

/** The second best and what its distance is worth. */
function runnerUp(
  best: Comparison,
  next: Comparison | undefined,
  name: (comparison: Comparison) => string,
): string[] {
  if (!next) return [];
  const difference = differenceText(resultOf(best).validationLoss, resultOf(next).validationLoss);
  return [`Next is ${name(next)} with ${lossOf(next)}, ${difference}.`];
}

/** Whether its loss is the higher, and not by less than seeds explain. */
function clearlyWorse(one: Comparison, best: Comparison, name: 'trainLoss' | 'validationLoss'): boolean {
  if (!one.result || !best.result) return false;
  const [own, other] = [one.result[name], best.result[name]];
  return own.mean > other.mean && apart(own, other) !== 'no';
}

/** Of a setting that did not diverge with every seed. */
function resultOf({ result }: Comparison): NonNullable<Comparison['result']> {
  if (result) return result;
  throw new RangeError('a setting that diverged has no result');
}

function lossOf(comparison: Comparison): string {
  return plusMinus(resultOf(comparison).validationLoss, 4);
}

function accuracyOf(comparison: Comparison): string {
  return spreadPercent(resultOf(comparison).validationAccuracy);
}
