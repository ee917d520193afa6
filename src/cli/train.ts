/** `lanegrad train`: from a data set to a run folder. */
import { type Command, Option } from 'commander';
import { createEngine } from '../engine/engine.js';
import { activationCodes } from '../engine/kernels.js';
import type { InitializerName } from '../nn/initializers.js';
import type { RunFolder } from '../run/folder.js';
import { type Run, run } from '../run/run.js';
import { type RunSettings, runDefaults } from '../run/settings.js';
import { summarize } from '../run/summary.js';
import { type ComputeOptions, commonOptions, engineOptions, positive, whole, widths } from './arguments.js';
import { describeEngine } from './info.js';
import { count, lossText, Output, percent, printable, table } from './output.js';
import { Progress } from './progress.js';
import { Signals } from './signals.js';
import { loadSplits } from './sources.js';

interface TrainOptions extends ComputeOptions, Omit<RunSettings, 'source' | 'initializer' | 'full'> {
  initializer?: InitializerName;
  full?: true;
  out?: string;
  quiet?: true;
}

const initializers: InitializerName[] = ['glorotUniform', 'glorotNormal', 'heUniform', 'heNormal', 'zeros'];

export function addTrain(program: Command): void {
  const defaults = runDefaults;
  const command = program
    .command('train')
    .summary('train a network; writes model, metrics and a report')
    .description('Trains a network of dense layers with SGD, tests it, and writes a run folder.')
    .argument('[data]', 'mnist, or a folder with IDX files named as those of MNIST', 'mnist');
  const options = [
    new Option('--hidden <widths>', 'of the hidden layers, such as 300,100; or none')
      .argParser(widths)
      .default([...defaults.hidden], String(defaults.hidden)),
    new Option('--activation <name>', 'of the hidden layers')
      .choices(Object.keys(activationCodes))
      .default(defaults.activation),
    new Option('--learning-rate <rate>', 'step of SGD').argParser(positive).default(defaults.learningRate),
    new Option('--batch-size <n>', 'samples a step').argParser(whole({ min: 1 })).default(defaults.batchSize),
    new Option('--epochs <n>', 'passes over the data').argParser(whole({ min: 1 })).default(defaults.epochs),
    new Option('--seed <n>', 'of initial weights and order').argParser(whole()).default(defaults.seed),
    new Option('--full', 'train on the validation samples too, and validate nothing'),
    new Option(
      '--initializer <name>',
      'of the weights (default: heNormal for relu, else glorotUniform)',
    ).choices(initializers),
    new Option('--no-shuffle', 'visit the samples in the order of the file'),
    ...engineOptions(),
    new Option('--out <folder>', 'the run folder, new or empty (default: a new one in runs)'),
    new Option('--quiet', 'print the result only'),
    ...commonOptions(),
  ];
  for (const option of options) command.addOption(option);
  command.action(train).addHelpText('after', EXAMPLES);
}

const EXAMPLES = `
Examples:
  lanegrad train mnist                               about 98 % of the test images right
  lanegrad train mnist --hidden 300,100 --activation relu --learning-rate 0.1
  lanegrad train ./fashion --epochs 20 --out runs/fashion
  lanegrad train mnist --full --json | tail -n 1     a record for programs

Ctrl-C stops after the step at hand and saves; pressed twice, it stops at once.`;

async function train(source: string, options: TrainOptions): Promise<void> {
  const {
    backend,
    math,
    threads,
    turbo,
    json,
    quiet,
    out: outFolder,
    debug: _,
    full = false,
    ...rest
  } = options;
  const settings: RunSettings = { source, full, ...rest };
  const out = new Output({ json });
  const progress = new Progress(out, { quiet });
  const signals = new Signals((name) => {
    progress.end();
    out.line(`${name}: stopping after this step; once more to stop at once`);
  });
  let kept: { folder: RunFolder; epoch: number } | undefined;
  try {
    const splits = await loadSplits(source);
    const engine = await createEngine({ backend, math, threads, turbo });
    if (!quiet) out.line(`${printable(splits.full.name)} on ${describeEngine(engine.info)}`);
    if (signals.signal.aborted) {
      out.line('nothing was trained, nothing was written');
      process.exitCode = signals.exitCode;
      return;
    }
    const finished = await run(engine, splits, settings, {
      ...(outFolder !== undefined && { out: outFolder }),
      signal: signals.signal,
      onTrainBegin: (plan) => progress.begin(plan),
      onStep: (step) => progress.step(step),
      onEpoch: (record, folder) => {
        kept = { folder, epoch: record.epoch };
        progress.epoch(record);
      },
    });
    progress.end();
    printResult(out, finished);
    out.result(summarize(finished, settings, engine.info));
    if (finished.interrupted) process.exitCode = signals.exitCode;
  } catch (error) {
    progress.end();
    if (kept) out.line(`the model of epoch ${kept.epoch} is kept in ${printable(kept.folder.modelPath)}`);
    throw error;
  } finally {
    signals.stop();
  }
}

function printResult(out: Output, { folder, model, history, test, interrupted }: Run): void {
  const { steps, seconds } = history;
  if (interrupted) out.line(`interrupted after step ${count(steps)}; the model has the weights of that step`);
  const rows = [
    ['network', `${model.sizes.join('-')}, ${count(model.parameterCount)} parameters`],
    ['trained', `${count(steps)} steps in ${seconds.toFixed(1)} s`],
    ...(test ? [['test', out.bold(`loss ${lossText(test.loss)}, accuracy ${percent(test.accuracy)}`)]] : []),
    ['run folder', printable(folder.path)],
    ['model', printable(folder.modelPath)],
    ['report', printable(folder.reportPath)],
  ];
  for (const line of table(rows, [0, 1])) out.line(line);
}
