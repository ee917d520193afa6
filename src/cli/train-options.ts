/** The options of `lanegrad train`, and the settings that they come to. Defaults are the settings' own: see run/settings.ts. */
import { InvalidArgumentError, Option } from 'commander';
import { activations } from '../nn/activations.js';
import type { CheckpointFolderOptions } from '../run/checkpoints.js';
import { type PresetName, presetNames, resolveSettings } from '../run/presets.js';
import { initializerNames, optimizerNames, type RunSettings, scheduleNames } from '../run/settings.js';
import { type MetricName, metricNames } from '../train/metrics/resolve.js';
import {
  atLeastZero,
  type ComputeOptions,
  interval,
  positive,
  rateOrFind,
  share,
  whole,
  widths,
} from './arguments.js';

export interface TrainOptions
  extends ComputeOptions,
    Partial<Omit<RunSettings, 'source' | 'earlyStopping' | 'checkpoint' | 'learningRate'>> {
  preset?: PresetName;
  learningRate?: number | 'find';
  average?: number;
  accumulate?: number;
  /** True when it was given without a number. */
  earlyStopping?: number | true;
  monitor?: string;
  checkpointEvery?: ReturnType<typeof interval>;
  keepLast?: number;
  keepBest?: number;
  resume?: string;
  out?: string;
  quiet?: true;
}

/** Seconds between two checkpoints when nothing else is said: short runs need none, and long ones lose little. */
const CHECKPOINT_SECONDS = 60;

const NETWORK = 'Network:';
const TRAINING = 'Training:';
const REGULARISATION = 'Against learning by heart:';
const STOPPING = 'Measuring, stopping and going on:';
const OUTPUT = 'Output:';

export function trainOptions(): Option[] {
  const defaults = resolveSettings({ source: '' });
  const group = (heading: string, options: Option[]) => options.map((option) => option.helpGroup(heading));
  return [
    ...group(NETWORK, [
      new Option(
        '--preset <name>',
        'settings that go well together; what is said besides has precedence',
      ).choices(presetNames),
      new Option(
        '--hidden <widths>',
        `of the hidden layers, such as 300,100; or none (default: ${defaults.hidden})`,
      ).argParser(widths),
      new Option('--activation <name>', `of the hidden layers (default: ${defaults.activation})`).choices(
        activations,
      ),
      new Option('--batch-norm', 'normalise the outputs of each hidden layer over the batch'),
      new Option(
        '--initializer <name>',
        'of the weights (default: heNormal for relu, else glorotUniform)',
      ).choices(initializerNames),
    ]),
    ...group(TRAINING, [
      new Option('--epochs <n>', `passes over the data (default: ${defaults.epochs})`).argParser(
        whole({ min: 1 }),
      ),
      new Option('--batch-size <n>', `samples a step (default: ${defaults.batchSize})`).argParser(
        whole({ min: 1 }),
      ),
      new Option('--optimizer <name>', 'how weights follow their gradients (default: sgd)').choices(
        optimizerNames,
      ),
      new Option(
        '--learning-rate <rate>',
        'size of a step, or find: where the loss falls most steeply (default: 0.001; sgd: 1 with sigmoid, else 0.1, less with momentum; adagrad: 0.01)',
      ).argParser(rateOrFind),
      new Option('--momentum <share>', 'of sgd and rmsprop, such as 0.9').argParser(share),
      new Option('--nesterov', "Nesterov's form of momentum"),
      new Option(
        '--schedule <name>',
        'how the rate changes: step (a tenth after each third), cosine (down to 0), oneCycle (up and down), plateau ' +
          '(a tenth when validation stops improving) (default: constant)',
      ).choices(scheduleNames),
      new Option('--warm-up <epochs>', 'in which the rate rises to its first value, such as 0.5').argParser(
        positive,
      ),
      new Option('--accumulate <n>', 'batches whose gradients make one step (default: 1)').argParser(
        whole({ min: 1 }),
      ),
      new Option('--clip-norm <norm>', 'largest norm of all gradients together').argParser(positive),
      new Option('--clip-value <size>', 'largest size of a gradient').argParser(positive),
      new Option('--class-weights <how>', 'make up for classes of unequal size').choices(['balanced']),
      new Option('--seed <n>', `of initial weights, order and dropout (default: ${defaults.seed})`).argParser(
        whole(),
      ),
      new Option('--no-shuffle', 'visit the samples in the order of the file'),
      new Option('--full', 'train on the validation samples too, and validate nothing'),
    ]),
    ...group(REGULARISATION, [
      new Option('--dropout <share>', 'of the outputs of hidden layers, such as 0.3').argParser(share),
      new Option('--input-dropout <share>', 'of the inputs, such as 0.1').argParser(share),
      new Option('--weight-decay <rate>', 'of the optimizer (default: 0; adamW: 0.01)').argParser(
        atLeastZero,
      ),
      new Option('--l1 <rate>', 'penalty on the size of weights').argParser(atLeastZero),
      new Option('--l2 <rate>', 'penalty on their squares, halved').argParser(atLeastZero),
      new Option(
        '--label-smoothing <share>',
        'of each label that is spread over all classes, such as 0.1',
      ).argParser(share),
      new Option(
        '--average <decay>',
        'keep a moving average of the weights, such as 0.999, and use that',
      ).argParser(share),
    ]),
    ...group(STOPPING, [
      new Option(
        '--metrics <names>',
        `of validation and test: some of ${metricNames.filter((name) => !REGRESSION.includes(name)).join(',')}`,
      ).argParser(metricList),
      new Option(
        '--early-stopping [epochs]',
        'stop when validation has not improved for so many epochs (5), and keep the best weights',
      ).argParser(whole({ min: 0 })),
      new Option(
        '--monitor <name>',
        'what early stopping and the best checkpoints go by (default: validation.loss)',
      ),
      new Option(
        '--checkpoint-every <interval>',
        `steps such as 500, or 1epoch, 30s, never (default: ${CHECKPOINT_SECONDS}s)`,
      ).argParser(interval),
      new Option('--keep-last <n>', 'checkpoints that are kept (default: 2)').argParser(whole({ min: 1 })),
      new Option(
        '--keep-best <n>',
        'best epochs whose checkpoints are kept too (default: 1, with --checkpoint-every)',
      ).argParser(whole()),
      new Option('--resume <folder>', 'go on with a run that was stopped or killed, as if it never had been'),
    ]),
    ...group(OUTPUT, [
      new Option('--out <folder>', 'the run folder, new or empty (default: a new one in runs)'),
      new Option('--quiet', 'print the result only'),
    ]),
  ];
}

const REGRESSION: readonly string[] = ['mae', 'mse', 'rmse', 'r2'];

/** What the options come to, for a new run. */
export function toSettings(source: string, options: TrainOptions): RunSettings {
  const {
    backend: _b,
    math: _m,
    threads: _n,
    turbo: _t,
    json: _j,
    debug: _d,
    quiet: _q,
    out: _o,
    resume: _r,
    preset,
    // One that is to be found needs model and data; until then it is as if it had not been given.
    learningRate,
    average,
    accumulate,
    earlyStopping,
    monitor,
    checkpointEvery,
    keepLast,
    keepBest,
    ...given
  } = options;
  const monitored = monitor !== undefined && { monitor };
  const checkpoint: Omit<CheckpointFolderOptions, 'folder'> | undefined =
    checkpointEvery === 'never'
      ? undefined
      : {
          ...(checkpointEvery ?? { everySeconds: CHECKPOINT_SECONDS }),
          ...(keepLast !== undefined && { keepLast }),
          // A run that nobody asked checkpoints of leaves none unless it is long.
          keepBest: keepBest ?? (checkpointEvery ? 1 : 0),
          ...monitored,
        };
  return resolveSettings(
    {
      ...given,
      source,
      ...(typeof learningRate === 'number' && { learningRate }),
      ...(average !== undefined && { averageDecay: average }),
      ...(accumulate !== undefined && { accumulateBatches: accumulate }),
      ...(earlyStopping !== undefined && {
        earlyStopping: { ...(earlyStopping !== true && { patience: earlyStopping }), ...monitored },
      }),
      ...(checkpoint && { checkpoint }),
    },
    preset,
  );
}

/** Options that a run that goes on may be given: the others are in its folder. */
export const resumable: readonly string[] = [
  'resume',
  'epochs',
  'json',
  'debug',
  'quiet',
  'backend',
  'math',
  'turbo',
  'threads',
];

function metricList(text: string): MetricName[] {
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !(metricNames as string[]).includes(name));
  if (unknown === undefined) return names as MetricName[];
  throw new InvalidArgumentError(`Expected names such as f1,rocAuc, of ${metricNames.join(', ')}.`);
}
