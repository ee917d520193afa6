/** `lanegrad evaluate`: a saved model measured on a data set. */
import { type Command, Option } from 'commander';
import { createEngine } from '../engine/engine.js';
import { weightsSha256 } from '../run/weights.js';
import { evaluate } from '../train/evaluate.js';
import { type ComputeOptions, commonOptions, engineOptions } from './arguments.js';
import { count, lossText, Output, percent, printable, table } from './output.js';
import { className, loadSplits, openModel, scaledFor } from './sources.js';

interface EvaluateOptions extends ComputeOptions {
  split: 'test' | 'validation' | 'train' | 'full';
}

export function addEvaluate(program: Command): void {
  const command = program
    .command('evaluate')
    .summary('measure a saved model')
    .description('Prints loss, accuracy and the recall of each class.')
    .argument('<model>', 'a model file, or a run folder')
    .argument('[data]', 'mnist, or a folder with IDX files', 'mnist')
    .addOption(
      new Option('--split <name>', 'part of the data')
        .choices(['test', 'validation', 'train', 'full'])
        .default('test'),
    );
  for (const option of [...engineOptions(), ...commonOptions()]) command.addOption(option);
  command.action(evaluateModel).addHelpText('after', EXAMPLES);
}

const EXAMPLES = `
Examples:
  lanegrad evaluate runs/20250131-120000-mnist-784-300-10
  lanegrad evaluate model.safetensors ./fashion --split validation
  lanegrad evaluate model.safetensors --json`;

async function evaluateModel(given: string, source: string, options: EvaluateOptions): Promise<void> {
  const { backend, math, threads, turbo, split, json } = options;
  const out = new Output({ json });
  const { path, model, metadata } = await openModel(given);
  const set = scaledFor(metadata, (await loadSplits(source))[split]);
  const engine = await createEngine({ backend, math, threads, turbo });
  const { size, loss, accuracy, confusion } = await evaluate(engine, model, set);
  const classes = confusion.map((row, index) => {
    const samples = row.reduce((total, n) => total + n, 0);
    const name = className(index, metadata, set);
    return { name, samples, correct: row[index], recall: samples > 0 ? row[index] / samples : null };
  });

  out.line(`${printable(path)} on ${printable(source)}, ${split}: ${count(size)} samples`);
  out.line(out.bold(`loss ${lossText(loss)}, accuracy ${percent(accuracy)}`));
  out.line();
  const rows = classes.map(({ name, samples, correct, recall }) => [
    printable(name),
    count(samples),
    count(correct),
    recall === null ? '-' : percent(recall),
  ]);
  for (const line of table([['class', 'samples', 'right', 'recall'], ...rows])) out.line(line);
  out.result({
    model: path,
    dataset: source,
    split,
    samples: size,
    loss,
    accuracy,
    classes,
    confusion,
    weightsSha256: await weightsSha256(model),
    engine: engine.info,
  });
}
