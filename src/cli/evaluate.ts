/** `lanegrad evaluate`: a saved model measured on a data set. */
import { type Command, Option } from 'commander';
import { OptionError, show } from '../base/errors.js';
import type { Choice } from '../base/settings.js';
import { createEngine } from '../create/engine.js';
import type { AnySet } from '../data/any-set.js';
import type { Dataset } from '../data/dataset.js';
import type { LossName } from '../nn/losses.js';
import type { Network } from '../nn/model.js';
import type { OpenNetwork } from '../run/open-network.js';
import { loadSplits } from '../run/sources.js';
import type { PictureFolder, RunSplits } from '../run/splits.js';
import { weightsSha256 } from '../run/weights.js';
import { largeTableDataset } from '../tables/dataset.js';
import { openTableInput } from '../tables/file.js';
import { formOf, rowsFit } from '../tables/stream-table.js';
import { type ComputeOptions, commonOptions, engineOptions } from './arguments.js';
import { count, lossText, Output, percent, printable, table } from './output.js';
import {
  className,
  lossOption,
  openModel,
  picturesOf,
  refuseTable,
  requireOnePort,
  scaledFor,
  sourceFor,
  tableSource,
} from './sources.js';
import { evaluated, evaluateRegression } from './table-evaluate.js';
import { type ReadingOptions, readingFlags, toReading } from './table-options.js';

interface EvaluateOptions extends ComputeOptions, ReadingOptions {
  split: 'test' | 'validation' | 'train' | 'full';
  loss?: Choice<LossName>;
}

export function addEvaluate(program: Command): void {
  const command = program
    .command('evaluate')
    .summary('measure a saved model')
    .description(
      'Prints loss, accuracy, F1 and area under the ROC curve, and precision and recall of each class; or the errors of a regression.',
    )
    .argument('<model>', 'a model file, or a run folder')
    .argument(
      '[data]',
      'mnist, a folder with pictures by class or with IDX files, an NPZ file as Keras has them, or for a model of tables a table, or - for one on standard input (default: what the run was trained on, or mnist)',
    )
    .addOption(
      new Option('--split <name>', 'part of the data; of a table all rows, unless it is given')
        .choices(['test', 'validation', 'train', 'full'])
        .default('test'),
    );
  for (const option of [lossOption(), ...readingFlags(), ...engineOptions(), ...commonOptions()])
    command.addOption(option);
  command.action(evaluateModel).addHelpText('after', EXAMPLES);
}

const EXAMPLES = `
Examples:
  lanegrad evaluate runs/20250131-120000-mnist-784-300-10
  lanegrad evaluate model.safetensors ./fashion --split validation
  lanegrad evaluate runs/iris iris.csv --split test
  lanegrad evaluate model.safetensors --json`;

async function evaluateModel(
  given: string,
  data: string | undefined,
  options: EvaluateOptions,
  command: Command,
): Promise<void> {
  const { backend, math, threads, turbo, split, json } = options;
  const out = new Output({ json });
  const opened = await openModel(given, options.loss);
  requireOnePort(opened);
  const { path, model, metadata } = opened;
  const source = await sourceFor(opened, data);
  if (!metadata.table) await refuseTable(source);
  // The parts of a table are the model's own business: without being asked for one, all rows are measured.
  const part = metadata.table && command.getOptionValueSource('split') !== 'cli' ? 'full' : split;
  const splits = metadata.table ? undefined : await loadSplits(source, picturesOf(opened));
  const form = metadata.table && formOf(metadata.table);
  const set: AnySet = metadata.table
    ? await largeTableDataset(
        await openTableInput(await tableSource(source), { like: metadata.table, ...toReading(options) }),
        metadata.table,
        part === 'full' ? undefined : part,
        (rows) => rowsFit(rows, form!),
      )
    : scaledFor(metadata, partOf(splits!, split, source));
  const own = data === undefined && metadata.table !== undefined;
  const note = own && part === 'full' ? SEEN_ROWS : splits?.pictures && unknownSplit(opened, splits.pictures);
  const engine = await createEngine({ backend, math, threads, turbo });
  if (metadata.table?.target.kind === 'regression') {
    return evaluateRegression(out, engine, opened, metadata.table.target, set, { source, part, note });
  }
  const score = await evaluated(engine, model, set, {
    loss: model.loss ?? lossOfLabels(model),
    metrics: ['precision', 'recall', 'f1', 'rocAuc'],
  });
  const { size, loss, accuracy, metrics, confusion } = score;
  const classes = confusion.map((row, index) => {
    const samples = row.reduce((total, n) => total + n, 0);
    const predicted = confusion.reduce((total, other) => total + other[index], 0);
    const correct = row[index];
    return {
      name: className(index, metadata, set),
      samples,
      correct,
      precision: predicted > 0 ? correct / predicted : null,
      recall: samples > 0 ? correct / samples : null,
    };
  });

  out.line(`${printable(path)} on ${printable(source)}, ${part}: ${count(size)} samples`);
  if (note !== undefined) out.line(note);
  out.line(out.bold(`loss ${lossText(loss)}, accuracy ${percent(accuracy)}`));
  const { f1, rocAuc } = metrics as { f1: number; rocAuc: number };
  out.line(`F1 ${f1.toFixed(4)}, area under the ROC curve ${Number.isNaN(rocAuc) ? '-' : rocAuc.toFixed(4)}`);
  out.line();
  const share = (value: number | null) => (value === null ? '-' : percent(value));
  const rows = classes.map(({ name, samples, correct, precision, recall }) => [
    printable(name),
    count(samples),
    count(correct),
    share(precision),
    share(recall),
  ]);
  for (const line of table([['class', 'samples', 'right', 'precision', 'recall'], ...rows])) out.line(line);
  out.result({
    model: path,
    dataset: source,
    split: part,
    samples: size,
    loss,
    accuracy,
    metrics,
    classes,
    confusion,
    ...(note !== undefined && { note }),
    weightsSha256: await weightsSha256(model),
    engine: engine.info,
  });
}

const SEEN_ROWS =
  'note: the rows that the model was trained on are among them; --split test leaves those that were not';

/**
 * Pictures are split anew by a seed. Where the model's file does not say by which, as of one that a script
 * saved without it, nobody knows which of them were trained on.
 */
function unknownSplit({ metadata }: OpenNetwork, { seed }: PictureFolder): string | undefined {
  if (metadata.input?.splitSeed !== undefined) return undefined;
  return (
    `note: the model does not say how its pictures were split: these are of a split by seed ${seed}, and some ` +
    'may be ones that it was trained on (the metadata of saveModel can say it: input.splitSeed)'
  );
}

/** Throws OptionError for a part that there is not, as of pictures of which none were kept. */
function partOf(splits: RunSplits, split: EvaluateOptions['split'], source: string): Dataset {
  const set = splits[split];
  if (set) return set;
  throw new OptionError('--split', `${show(source)} has no part of that name, given ${split}`);
}

/**
 * Of a model that does not know its loss: the only one that compares so many outputs with the labels of
 * classes.
 */
function lossOfLabels({ outputSize }: Network): LossName {
  return outputSize === 1 ? 'binaryCrossEntropy' : 'softmaxCrossEntropy';
}
