/** What the experiments of question 7 say. As in conclusions.ts, numbers choose the sentences. */
import type { Conclusion } from './conclusions.js';
import { list, percentText, places, spreadPercent, times } from './conclusions-words.js';
import { ranked, winner } from './experiments-statistics.js';
import type {
  Comparison,
  CurvePoint,
  ExperimentsResult,
  Finalist,
  FinalResult,
  LossBand,
} from './experiments-types.js';

/** What the assignment asks of the final network. */
export const TARGET = 0.98;

export function concludeExperiments(result: ExperimentsResult): Conclusion[] {
  return [
    { subject: 'Training against validation', sentences: concludeCurve(result.curve) },
    { subject: 'Seeds', sentences: concludeBand(result.band) },
    { subject: 'Learning rate', sentences: concludeRates(result.rates) },
    {
      subject: 'Batch size',
      sentences: [...concludeBatches(result.batches), ...concludeFinalists(result.finalists)],
    },
    { subject: 'Final accuracy', sentences: concludeFinal(result.final) },
  ];
}

function concludeCurve(curve: readonly CurvePoint[]): string[] {
  const last = curve[curve.length - 1];
  const low = curve.reduce((best, point) =>
    point.validationLoss.mean < best.validationLoss.mean ? point : best,
  );
  const sentences = [
    `Training loss fell from ${places(curve[0].trainLoss.mean, 3)} in the first epoch to ${places(last.trainLoss.mean, 4)} in epoch ${last.epoch}; validation loss was lowest, ${places(low.validationLoss.mean, 4)}, after epoch ${low.epoch}.`,
  ];
  const rise = last.validationLoss.mean / low.validationLoss.mean - 1;
  if (low.epoch === last.epoch) {
    sentences.push('It was still falling at the end: these runs do not show overfitting.');
  } else if (rise > 0.02) {
    const accuracy = last.validationAccuracy.mean - low.validationAccuracy.mean;
    const meanwhile =
      accuracy < 0
        ? `accuracy fell by ${(-100 * accuracy).toFixed(2)} percentage points as well`
        : `accuracy did not fall with it (${percentText(low.validationAccuracy.mean, 2)}, then ${percentText(last.validationAccuracy.mean, 2)}): wrong answers became more confident rather than more frequent`;
    sentences.push(
      `From there validation loss rose by ${percentText(rise)} while training loss went on falling, which is overfitting; ${meanwhile}.`,
    );
  } else {
    sentences.push(
      `It then stayed within ${percentText(Math.max(rise, 0))} of that: there is little overfitting.`,
    );
  }
  return sentences;
}

function concludeBand({ mean, deviation, seeds, steps, window }: LossBand): string[] {
  if (mean.length < 10) return [`The runs are too short to say how far ${seeds.length} seeds differ.`];
  const tenth = Math.floor(mean.length / 10);
  const average = (values: readonly number[]) =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const [early, late] = [deviation.slice(0, tenth), deviation.slice(-tenth)].map(average);
  const relative = late / average(mean.slice(-tenth));
  const course = early > late ? `falls from ${places(early, 3)}` : `does not fall: from ${places(early, 3)}`;
  return [
    `Over ${seeds.length} seeds the standard deviation of the loss (means of ${window} steps) ${course} in the first tenth of the ${steps[steps.length - 1].toLocaleString('en-US')} steps shown to ${places(late, 3)} in the last, which is ${percentText(relative, 0)} of the loss there.`,
    relative < 0.5
      ? 'The course of training depends little on the seed.'
      : 'So late in training, single stretches of steps say more about their samples than about the settings.',
  ];
}

function concludeRates(rates: readonly Comparison[]): string[] {
  const [best] = ranked(rates);
  const at = rates.indexOf(best);
  const sentences = [
    `The best learning rate is ${best.learningRate}: validation loss ${lossOf(best)}, accuracy ${accuracyOf(best)}.`,
  ];
  const smallest = rates[0];
  if (at > 0 && smallest.result) {
    sentences.push(
      `The smallest, ${smallest.learningRate}, reaches ${accuracyOf(smallest)} in the same number of epochs: it is too slow.`,
    );
  }
  const diverged = rates.filter((rate) => rate.diverged > 0);
  if (diverged.length > 0) {
    sentences.push(`Training diverged with ${list(diverged.map(({ learningRate }) => learningRate))}.`);
  }
  const largest = rates[rates.length - 1];
  if (at === rates.length - 1) {
    sentences.push('It is the largest that was tried; a larger one might be better still.');
  } else if (largest.result) {
    sentences.push(
      `Too large a rate is worse again: ${largest.learningRate} ends at ${accuracyOf(largest)}.`,
    );
  }
  return sentences;
}

function concludeBatches(batches: readonly Comparison[]): string[] {
  const [best] = ranked(batches);
  const sentences = [
    `At learning rate ${best.learningRate} the best batch size is ${best.batchSize}: validation loss ${lossOf(best)}, accuracy ${accuracyOf(best)}.`,
  ];
  const largest = batches[batches.length - 1];
  if (largest !== best && largest.result && best.result) {
    const loss = largest.result.validationLoss.mean / best.result.validationLoss.mean;
    const steps = largest.batchSize / best.batchSize;
    sentences.push(
      `Batches of ${largest.batchSize} make ${times(steps)} fewer steps in the same epochs and end with ${times(loss)} the validation loss.`,
    );
  }
  const smallest = batches[0];
  if (smallest !== best && smallest.result) {
    sentences.push(
      `Batches of ${smallest.batchSize}, the smallest tried, end at ${lossOf(smallest)}: more steps alone are not better.`,
    );
  }
  const timed = batches.filter(({ result }) => result);
  const [fast, slow] = [...timed]
    .sort((a, b) => secondsOf(a) - secondsOf(b))
    .flatMap((one, i, all) => (i === 0 || i === all.length - 1 ? [one] : []));
  if (fast && slow) {
    sentences.push(
      `An epoch takes longest with batches of ${slow.batchSize}, ${times(secondsOf(slow) / secondsOf(fast))} as long as with ${fast.batchSize}.`,
    );
  }
  return sentences;
}

function concludeFinalists(finalists: readonly Finalist[]): string[] {
  if (finalists.length < 2) return [];
  const best = winner(finalists);
  const [first] = finalists;
  const figures = ({ epoch, validationAccuracy }: Finalist) =>
    `${percentText(validationAccuracy.mean, 2)} after epoch ${epoch}`;
  const rest = finalists.filter((one) => one !== best);
  const others = list(rest.map((one) => `batches of ${one.batchSize} ${figures(one)}`));
  const course = best === first ? 'the order stays' : 'the order turns';
  const next = Math.max(...rest.map(({ validationAccuracy }) => validationAccuracy.mean));
  const close = best.validationAccuracy.mean - next < best.validationAccuracy.deviation;
  return [
    `In long runs ${course}: batches of ${best.batchSize} reach a validation accuracy of ${figures(best)}, ${others}.`,
    ...(close ? ['The first two are closer to each other than seeds of one setting are.'] : []),
  ];
}

function concludeFinal({ accuracy, seeds, trainSize, test }: FinalResult): string[] {
  const goal = percentText(TARGET);
  const verdict =
    accuracy.mean >= TARGET ? `which meets the goal of ${goal}` : `which misses the goal of ${goal}`;
  const recalls = test.confusion.map((row, label) => ({
    label,
    share: row[label] / row.reduce((sum, value) => sum + value, 0),
  }));
  const hardest = recalls.reduce((worst, other) => (other.share < worst.share ? other : worst));
  const mistakes = test.confusion
    .flatMap((row, actual) => row.map((count, predicted) => ({ actual, predicted, count })))
    .filter(({ actual, predicted }) => actual !== predicted)
    .sort((a, b) => b.count - a.count);
  const sentences = [
    `Trained on ${trainSize.toLocaleString('en-US')} images, the network reads ${spreadPercent(accuracy)} of the test images correctly (${seeds.length} seeds), ${verdict}.`,
    `The hardest class is ${hardest.label}, of which ${percentText(hardest.share)} are recognised.`,
  ];
  if (mistakes[0]?.count > 0) {
    const [{ actual, predicted, count }] = mistakes;
    sentences.push(
      `Its most frequent mistake is to read ${actual} as ${predicted}, ${count === 1 ? 'once' : `${count} times`}.`,
    );
  }
  return sentences;
}

function secondsOf({ result }: Comparison): number {
  return result?.seconds.mean ?? Number.NaN;
}

function lossOf({ result }: Comparison): string {
  return result ? places(result.validationLoss.mean, 4) : 'none';
}

function accuracyOf({ result }: Comparison): string {
  return result ? percentText(result.validationAccuracy.mean, 2) : 'none';
}
