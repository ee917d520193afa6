/**
 * What the results say, in sentences. Every sentence is chosen by comparing numbers: with other results there
 * are other sentences, and none is written that the data does not bear out.
 */

import { count, percent } from '../../report/format.js';
import type {
  BatchedResult,
  FormsResult,
  GradientTable,
  SpeedResult,
  SyntheticResult,
  TensorResult,
} from '../types.js';
import { concludeExperiments } from './conclusions-experiments.js';
import type { ComputedParts, Conclusion } from './types.js';
import { list, times } from './words.js';

/** Draws the conclusions from the results, in words and numbers. */
export function conclude(parts: ComputedParts & { readonly table: GradientTable }): Conclusion[] {
  return [
    { subject: 'The gradient table', sentences: concludeTable(parts.table) },
    { subject: 'Synthetic data', sentences: concludeSynthetic(parts.synthetic) },
    { subject: 'Tensors and batches', sentences: concludeForms(parts.tensor, parts.batched, parts.forms) },
    { subject: 'Speed', sentences: concludeSpeed(parts.speed) },
    ...concludeExperiments(parts.experiments),
  ];
}

function concludeTable({ entries, originalErrors }: GradientTable): string[] {
  const compared = entries.filter(({ original }) => original);
  const agreeing = compared.filter(({ agrees }) => agrees).length;
  const first = `Of the ${compared.length} rows of the original table ${agreeing} agree with the computed values, to the digits that they give.`;
  if (originalErrors.length === 0) return [first];
  return [first, `The original is wrong in ${list(originalErrors)}.`];
}

function concludeSynthetic({ runs, classOneShare, validationSize }: SyntheticResult): string[] {
  const always = Math.max(classOneShare, 1 - classOneShare);
  const ends = runs.map((run) => ({ run, end: run.epochs[run.epochs.length - 1] }));
  const sentences = ends.map(({ run, end }) => {
    const course = run.falling
      ? 'the loss fell in every epoch'
      : `the loss rose after ${run.rises} of ${run.epochs.length - 1} epochs`;
    return `With learning rate ${run.learningRate} ${course}, to ${end.loss.toFixed(3)}; ${percent(end.validation.accuracy, 1)} of the validation points are right.`;
  });
  sentences.push(`The commoner class alone has ${percent(always, 1)} of the training points.`);
  if (ends.length < 2) return sentences;
  const [best, second] = ends
    .map(({ run, end }) => ({ rate: run.learningRate, accuracy: end.validation.accuracy }))
    .sort((a, b) => b.accuracy - a.accuracy);
  const gap = best.accuracy - second.accuracy;
  // Two standard errors of the difference of two shares of so many points.
  const variance = [best, second].reduce((sum, { accuracy }) => sum + accuracy * (1 - accuracy), 0);
  const chance = 2 * Math.sqrt(variance / validationSize);
  sentences.push(
    gap > chance
      ? `${best.rate} ends ahead by ${(100 * gap).toFixed(1)} percentage points, more than ${count(validationSize)} validation points leave to chance; each rate had one seed.`
      : `The best two are ${(100 * gap).toFixed(1)} percentage points apart, no more than ${count(validationSize)} validation points leave to chance; each rate had one seed.`,
  );
  return sentences;
}

/** Rounding of float32 at 1. */
const FLOAT32 = 2 ** -24;

function concludeForms(tensor: TensorResult, batched: BatchedResult, forms: FormsResult): string[] {
  const { maxDeviation, images } = tensor.fused;
  const ratio = maxDeviation / FLOAT32;
  const verdict =
    ratio <= 16
      ? 'which is float32 rounding'
      : `which is ${times(ratio)} the rounding of float32, and too much`;
  const { maxRelative, tolerance, withinRounding } = batched;
  const worst = Math.max(maxRelative.perSample, maxRelative.asMatrix, maxRelative.example);
  return [
    `On ${images} images the softmax gradient through the Jacobian differs from y − t by at most ${maxDeviation.toExponential(1)}, ${verdict}.`,
    withinRounding
      ? `The batched gradients equal the average of the single-image ones within ${worst.toExponential(1)} relative (allowed: ${tolerance.toExponential(1)}), and the batched network gives the numbers of question 3.`
      : `The batched gradients differ from the single-image ones by ${worst.toExponential(1)} relative, more than the ${tolerance.toExponential(1)} that rounding explains.`,
    forms.agree
      ? `All ${forms.forms.length} implementations, trained on the same samples, agree in the loss of each of ${forms.steps} steps to ${forms.maxRelativeDifference.toExponential(1)} relative.`
      : `The implementations drift apart: at step ${forms.worstStep} their losses differ by ${forms.maxRelativeDifference.toExponential(1)} relative, more than ${forms.tolerance.toExponential(0)}.`,
  ];
}

function concludeSpeed({ rows, rounds }: SpeedResult): string[] {
  const sorted = [...rows].sort((a, b) => b.samplesPerSecond.median - a.samplesPerSecond.median);
  const [fastest] = sorted;
  const slowest = sorted[sorted.length - 1];
  const ratio = fastest.samplesPerSecond.median / slowest.samplesPerSecond.median;
  const { median, min, max } = fastest.samplesPerSecond;
  const sentences = [
    `On this machine the form with the highest median (${fastest.label}) trains ${count(median)} samples a second (${count(min)} to ${count(max)} in ${rounds} rounds), ${times(ratio)} as many as that with the lowest (${slowest.label}).`,
  ];
  const best = (form: string) => sorted.find((row) => row.form === form)?.samplesPerSecond;
  const [single, batched] = [best('tensor'), best('batched')];
  if (single && batched) {
    sentences.push(
      batched.min > single.max
        ? `A batch at a time is ${times(batched.median / single.median)} as fast as one image at a time, each in its best version.`
        : 'A batch at a time was not faster in every round than one image at a time.',
    );
  }
  const scalar = best('scalar');
  const slower = rows.filter(({ samplesPerSecond }) => scalar && samplesPerSecond.max < scalar.min);
  if (slower.length > 0) {
    sentences.push(`Slower than plain loops in every round: ${list(slower.map(({ label }) => label))}.`);
  }
  return sentences;
}
