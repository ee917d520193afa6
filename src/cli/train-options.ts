/** The options of `lanegrad train`, and the settings that they come to. Defaults are the settings' own: see run/settings.ts. */
import { InvalidArgumentError, Option } from 'commander';
import { activations } from '../nn/activations.js';
import type { CheckpointFolderOptions } from '../run/checkpoints.js';
import { initializerNames, type RunSettings, runDefaults } from '../run/settings.js';
import { type MetricName, metricNames } from '../train/metrics/resolve.js';
import { type ComputeOptions, interval, positive, whole, widths } from './arguments.js';
import { type TableOptions, tableOptions } from './table-options.js';

export interface TrainOptions
  extends ComputeOptions,
    TableOptions,
    Partial<Omit<RunSettings, 'full' | 'earlyStopping' | 'table'>> {
  full?: true;
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
const STOPPING = 'Stopping and going on:';
const OUTPUT = 'Output:';

export function trainOptions(): Option[] {
  const defaults = runDefaults;
  const group = (heading: string, options: Option[]) => options.map((option) => option.helpGroup(heading));
  return [
    ...group(NETWORK, [
      new Option(
        '--hidden <widths>',
        `of the hidden layers, such as 300,100; or none (default: ${defaults.hidden})`,
      ).argParser(widths),
      new Option('--activation <name>', `of the hidden layers (default: ${defaults.activation})`).choices(
        activations,
      ),
      new Option(
        '--initializer <name>',
        'of the weights (default: heNormal for relu, else glorotUniform)',
      ).choices(initializerNames),
    ]),
    ...group(TRAINING, [
      new Option('--learning-rate <rate>', `step of SGD (default: ${defaults.learningRate})`).argParser(
        positive,
      ),
      new Option('--batch-size <n>', `samples a step (default: ${defaults.batchSize})`).argParser(
        whole({ min: 1 }),
      ),
      new Option('--epochs <n>', `passes over the data (default: ${defaults.epochs})`).argParser(
        whole({ min: 1 }),
      ),
      new Option('--seed <n>', `of initial weights and order (default: ${defaults.seed})`).argParser(whole()),
      new Option('--full', 'train on the validation samples too, and validate nothing'),
      new Option('--no-shuffle', 'visit the samples in the order of the file'),
      new Option(
        '--metrics <names>',
        `of validation and test, such as f1,rocAuc: ${metricNames.join(', ')}`,
      ).argParser(metricList),
    ]),
    ...tableOptions(),
    ...group(STOPPING, [
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

/** Settings of which each has a default. */
type RunDefaults = Pick<RunSettings, keyof typeof runDefaults> & Partial<RunSettings>;

/** What the options come to, for a new run. */
export function toSettings(
  source: string,
  options: Omit<TrainOptions, keyof TableOptions>,
  defaults: RunDefaults = runDefaults,
): RunSettings {
  const {
    backend: _b,
    math: _m,
    turbo: _t,
    json: _j,
    debug: _d,
    quiet: _q,
    out: _o,
    resume: _r,
    earlyStopping,
    monitor,
    checkpointEvery,
    keepLast,
    keepBest,
    full = false,
    shuffle = true,
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
  return {
    ...defaults,
    ...given,
    source,
    full,
    shuffle,
    ...(earlyStopping !== undefined && {
      earlyStopping: { ...(earlyStopping !== true && { patience: earlyStopping }), ...monitored },
    }),
    ...(checkpoint && { checkpoint }),
  };
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
