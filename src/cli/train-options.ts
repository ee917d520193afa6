/**
 * The options of `lanegrad train`: those of its run (run/options.ts) and its table (tables/options.ts), and
 * here those that are about the command alone; and the settings that they come to.
 */
import type { Option } from 'commander';
import {
  flag,
  flagOf,
  integer,
  oneOf,
  type Setting,
  type SettingsTable,
  type SettingValues,
  text,
} from '../base/settings.js';
import type { CheckpointFolderOptions } from '../run/checkpoints.js';
import { groups, type RunOptionValues, runOptions } from '../run/options.js';
import { type Preset, presetNames, presetWith, resolveSettings } from '../run/presets.js';
import type { RunSettings } from '../run/settings.js';
import { tableOptions } from '../tables/options.js';
import { type ComputeOptions, commonTable, engineTable, interval } from './arguments.js';
import { flagsOf, givenOf } from './flags.js';
import type { TableOptions } from './table-options.js';

interface CommandOption extends Setting {
  /** A run that goes on may be given it. */
  readonly resumable?: true;
}

/**
 * Seconds between two checkpoints when nothing else is said: short runs need none, and long ones lose little.
 */
const CHECKPOINT_SECONDS = 60;

const { network, measuring, output } = groups;

const commandOptions = {
  preset: {
    kind: oneOf(presetNames),
    about: 'settings that go well together; what is said besides has precedence',
    group: network,
  },
  config: {
    kind: text('<file>'),
    about: 'options from a JSON file, or the config.json of a run; what is said besides has precedence',
    group: network,
  },
  earlyStopping: {
    kind: integer({ min: 0 }, '[epochs]'),
    about:
      'stop when validation has not improved for so many epochs (5 where no number is given), and keep the best weights; ' +
      'without it a table has 30, 15 or 3, by its rows',
    group: measuring,
  },
  monitor: {
    kind: text('<name>'),
    about: 'what early stopping and the best checkpoints go by',
    group: measuring,
    otherwise: 'validation.loss',
  },
  checkpointEvery: {
    kind: interval(),
    about: 'steps such as 500, or 1epoch, 30s, never',
    group: measuring,
    otherwise: `${CHECKPOINT_SECONDS}s`,
  },
  keepLast: {
    kind: integer({ min: 1 }),
    about: 'checkpoints that are kept',
    group: measuring,
    otherwise: '2',
  },
  keepBest: {
    kind: integer({ min: 0 }),
    about: 'best epochs whose checkpoints are kept too',
    group: measuring,
    otherwise: '1, with --checkpoint-every',
  },
  folds: {
    kind: integer({ min: 2, max: 1000 }),
    about: 'train once for each of so many folds, which validates; the model is the ensemble of all',
    group: measuring,
  },
  seeds: {
    kind: integer({ min: 2, max: 1000 }),
    about: 'train with so many seeds, from --seed on; the model is the ensemble of all',
    group: measuring,
  },
  workers: {
    kind: integer({ min: 1, max: 64 }),
    about:
      'folds or seeds that train at a time, a process of one thread each; the result is the same for any number',
    group: measuring,
    otherwise: 'the usable cores',
    resumable: true,
  },
  resume: {
    kind: text('<folder>'),
    about: 'go on with a run that was stopped or killed, as if it never had been',
    group: measuring,
    resumable: true,
  },
  out: {
    kind: text('<folder>'),
    about: 'the run folder, new or empty',
    group: output,
    otherwise: 'a new one in runs',
  },
  tensorboard: {
    kind: flag(),
    about: 'write an event file for TensorBoard into the run folder',
    group: output,
    resumable: true,
  },
  quiet: { kind: flag(), about: 'print the result only', group: output, resumable: true },
} satisfies Record<string, CommandOption>;

type CommandValues = SettingValues<typeof commandOptions>;

export interface TrainOptions
  extends ComputeOptions,
    TableOptions,
    Partial<Omit<RunOptionValues, 'learningRate'>>,
    Omit<CommandValues, 'earlyStopping'> {
  learningRate?: number | 'find';
  /** True when it was given without a number. */
  earlyStopping?: number | true;
  /** What the file says that `--config` names; all there is to say where it is resolved. */
  configured?: { readonly settings: Preset; readonly isResolved: boolean };
}

const { preset, config, ...others } = commandOptions;

/** All options but those of every command, by the headings of help. */
export const trainTable: SettingsTable = Object.fromEntries(
  Object.entries<Setting>({ config, preset, ...runOptions, ...tableOptions, ...others }).sort(
    ([, a], [, b]) => place(a) - place(b),
  ),
);

function place({ group }: Setting): number {
  return (Object.values(groups) as string[]).indexOf(group);
}

export function trainOptions(): Option[] {
  return flagsOf(trainTable);
}

/**
 * The flag of an option that a run that goes on cannot be given, as the others are in its folder; undefined
 * for one that it can.
 */
export function refusedWhenResumed(name: string): string | undefined {
  const all: Readonly<Record<string, CommandOption>> = { ...commandOptions, ...runOptions };
  if (Object.hasOwn(commonTable, name) || Object.hasOwn(engineTable, name)) return undefined;
  return all[name]?.resumable ? undefined : flagOf(name);
}

/** What the options come to, for a new run; where no preset is asked for, on top of `base`. */
export function toSettings(source: string, options: TrainOptions, base?: Preset): RunSettings {
  const { preset, earlyStopping, monitor, checkpointEvery, keepLast, keepBest, configured } = options;
  const beneath = configured?.isResolved ? {} : (preset ?? base);
  const under = configured ? presetWith(beneath ?? {}, configured.settings) : beneath;
  const { learningRate, ...given } = givenOf(runOptions, options) as Partial<RunOptionValues>;
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
      // One that is to be found needs model and data; until then it is as if it had not been given.
      ...(typeof learningRate === 'number' && { learningRate }),
      ...(earlyStopping !== undefined && {
        earlyStopping: { ...(earlyStopping !== true && { patience: earlyStopping }), ...monitored },
      }),
      ...(earlyStopping === undefined &&
        configured?.settings.earlyStopping && {
          earlyStopping: { ...configured.settings.earlyStopping, ...monitored },
        }),
      ...(checkpoint && { checkpoint }),
    },
    under,
  );
}
