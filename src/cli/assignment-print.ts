/** The assignment's results as text for people. */

import type { Comparison, ExperimentsResult } from '../assignment/q7-experiments/types.js';
import { conclude } from '../assignment/report/conclusions.js';
import { concludeExperiments } from '../assignment/report/conclusions-experiments.js';
import { plainDerivations } from '../assignment/report/plain.js';
import type { AssignmentReport, Conclusion } from '../assignment/report/types.js';
import { plusMinus } from '../assignment/report/words.js';
import type {
  BatchedResult,
  Derivation,
  FormsResult,
  SpeedResult,
  SyntheticResult,
  TensorResult,
} from '../assignment/types.js';
import { columnsOf, count, lossText, type Output, percent, printable, table } from './output.js';

/** Cells of the longest bar. */
const BAR = 40;
/** Text is easier to read in lines that are not too long. */
const MOST_COLUMNS = 110;

export function printDerivations(out: Output, all: readonly Derivation[]): void {
  for (const line of plainDerivations(all, columns(out))) out.line(line);
  out.line('Typeset: in the report of `lanegrad assignment all`, and in docs/derivations.md of the source.');
}

export function printSynthetic(out: Output, { runs, layers, trainSize }: SyntheticResult): void {
  out.line(`network ${layers.join('-')}, ${count(trainSize)} points, one at a time`);
  const largest = Math.max(...runs.flatMap(({ epochs }) => epochs.map(({ loss }) => loss)));
  for (const { learningRate, epochs, falling, rises } of runs) {
    out.line();
    out.line(out.bold(`learning rate ${learningRate}`));
    const rows = epochs.map(({ epoch, loss, validation }) => [
      `epoch ${epoch}`,
      lossText(loss),
      percent(validation.accuracy),
      '█'.repeat(Math.round((BAR * loss) / largest)) || '▏',
    ]);
    for (const line of table([['', 'loss', 'validation', ''], ...rows], [0, 3])) out.line(line);
    out.line(
      falling
        ? 'the loss fell in every epoch'
        : `the loss rose after ${rises} of ${epochs.length - 1} epochs`,
    );
  }
}

export function printTensor(out: Output, result: TensorResult): void {
  const { layers, images, learningRate, before, after, fused, samplesPerSecond } = result;
  const rows = [
    ['network', `${layers.join('-')}, one image at a time`],
    ['trained', `${count(images)} images at learning rate ${learningRate}`],
    ['loss', `${lossText(before.loss)} before, ${lossText(after.loss)} after (validation)`],
    ['accuracy', `${percent(before.accuracy)} before, ${percent(after.accuracy)} after`],
    [
      'Jacobian',
      `differs from y - t by at most ${fused.maxDeviation.toExponential(1)} on ${count(fused.images)} images`,
    ],
    ['speed', `${count(samplesPerSecond)} samples/s; other parts that ran meanwhile slow it down`],
  ];
  for (const line of table(rows, [0, 1])) out.line(line);
}

export function printBatched(
  out: Output,
  { perSample, asMatrix, example, maxRelative, tolerance, withinRounding, training }: BatchedResult,
  forms: FormsResult,
  speed: SpeedResult,
): void {
  const difference = (value: number) => value.toExponential(1);
  const named = [
    ['average of single images', perSample],
    ['batch as one matrix', asMatrix],
    ['example of question 3', example],
  ] as const;
  const rows = named.flatMap(([title, all]) =>
    all.map(({ name, shape, relative }) => [title, name, shape.join('x'), difference(relative)]),
  );
  for (const line of table([['compared with', 'tensor', 'shape', 'difference'], ...rows], [0, 1]))
    out.line(line);
  const worst = Math.max(maxRelative.perSample, maxRelative.asMatrix, maxRelative.example);
  out.line(
    `${withinRounding ? 'all within' : out.red('NOT within')} rounding: at most ${difference(worst)}, allowed ${difference(tolerance)}`,
  );
  const { before, after } = training;
  out.line(
    `${count(training.images)} images in batches of ${training.batchSize}: validation accuracy ${percent(before.accuracy)} before, ${percent(after.accuracy)} after`,
  );
  out.line();
  out.line(
    `${forms.agree ? 'all forms agree' : out.red('the forms do NOT agree')} over ${forms.steps} steps: losses at most ${difference(forms.maxRelativeDifference)} apart, allowed ${difference(forms.tolerance)}`,
  );
  out.line();
  const speeds = speed.rows.map(({ label, samplesPerSecond, timesScalar }) => [
    label,
    count(samplesPerSecond.median),
    timesScalar.toFixed(timesScalar < 10 ? 2 : 0),
  ]);
  for (const line of table([['form', 'samples/s', 'times scalar'], ...speeds])) out.line(line);
}

export function printExperiments(out: Output, result: ExperimentsResult): void {
  printComparisons(out, 'learning rate', result.rates, ({ learningRate }) => learningRate);
  printComparisons(out, 'batch size', result.batches, ({ batchSize }) => batchSize);
  printConclusions(out, concludeExperiments(result));
}

export function printAll(
  out: Output,
  report: AssignmentReport,
  { computed, found, seconds, path }: { computed: number; found: number; seconds: number; path: string },
): void {
  printConclusions(out, conclude(report));
  const { mean, deviation, count: seeds } = report.experiments.final.accuracy;
  const work = computed > 0 ? `${computed} runs in ${seconds.toFixed(0)} s` : 'nothing was left to do';
  const rows = [
    [
      'test accuracy',
      out.bold(
        `${percent(mean)}, ${seeds > 1 ? `deviation ${percent(deviation)} over ${seeds} seeds` : 'one seed'}`,
      ),
    ],
    ['done', found > 0 ? `${work}, ${found} were there` : work],
    ['report', printable(path)],
  ];
  for (const line of table(rows, [0, 1])) out.line(line);
}

function printComparisons(
  out: Output,
  label: string,
  all: readonly Comparison[],
  value: (comparison: Comparison) => number,
): void {
  const rows = all.map((comparison) => {
    const { result, diverged, seeds } = comparison;
    const cells = result
      ? [
          plusMinus(result.trainLoss, 4),
          plusMinus(result.validationLoss, 4),
          plusMinus(result.validationAccuracy, 2, 100),
        ]
      : ['-', '-', '-'];
    return [
      String(value(comparison)),
      ...cells,
      diverged > 0 ? `${diverged} of ${seeds.length} diverged` : '',
    ];
  });
  const head = [label, 'training loss', 'validation loss', 'validation accuracy, %', ''];
  for (const line of table([head, ...rows])) out.line(line);
  out.line();
}

function printConclusions(out: Output, conclusions: readonly Conclusion[]): void {
  for (const { subject, sentences } of conclusions) {
    out.line(out.bold(subject));
    let line = ' ';
    for (const word of sentences.join(' ').split(' ')) {
      if (line.length + 1 + word.length > columns(out)) {
        out.line(line);
        line = ' ';
      }
      line += ` ${word}`;
    }
    out.line(line);
    out.line();
  }
}

function columns(out: Output): number {
  return Math.min(columnsOf(out.human), MOST_COLUMNS);
}
