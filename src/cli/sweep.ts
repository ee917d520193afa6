/**
 * `lanegrad sweep` and its commands: their words and help. What they do is loaded when one of them runs, so that other
 * commands load nothing of it.
 */
import type { Command } from 'commander';
import { flag, integer, type Kind, type SettingsTable, text } from '../base/settings.js';
import type { Shard } from '../sweep/coordinate.js';
import { commonOptions } from './arguments.js';
import { flagsOf } from './flags.js';

const group = 'Sweep:';

const runTable = {
  trials: { kind: integer({ min: 1 }), about: 'how many there are to be, in all', group },
  workers: {
    kind: integer({ min: 1, max: 64 }),
    about: 'processes of one thread each; the trials are the same for any number',
    group,
    otherwise: 'the usable cores',
  },
  queue: {
    kind: text('<url>'),
    about: 'hand trials out by Redis or Valkey, to workers on any machine: redis://host:6379',
    group,
  },
  quiet: { kind: flag(), about: 'print the result only', group },
} satisfies SettingsTable;

/** `I/N`, with I from 0. */
const part: Kind<Shard> = {
  expected: 'I/N such as 0/8, with I from 0 to below N',
  placeholder: '<I/N>',
  read: () => undefined,
  parse(words) {
    const [, index, of] = /^(\d{1,6})\/(\d{1,6})$/.exec(words) ?? [];
    const found = { index: Number(index), of: Number(of) };
    return found.index < found.of ? found : undefined;
  },
};

const beginTable = {
  shard: {
    kind: part,
    about: 'do one of N parts by itself, and merge them later: for arrays of jobs',
    group,
  },
  out: { kind: text('<folder>'), about: "the study's folder; one that is there goes on", group },
  ...runTable,
} satisfies SettingsTable;

/** Shared by what runs a study and what looks at one. */
const serveTable = {
  serve: {
    kind: integer({ min: 0, max: 65_535 }, '[port]'),
    about: 'show a page in the browser that follows the sweep; another port where this one is taken',
    group,
    otherwise: 'port 8384',
  },
  host: {
    kind: text('<address>'),
    about: 'where it is served; 0.0.0.0 shows it to everybody in the network',
    group,
    otherwise: '127.0.0.1, this machine alone',
  },
} satisfies SettingsTable;

const workerTable = {
  queue: { kind: text('<url>'), about: 'where the trials are handed out: redis://host:6379', group },
  workers: {
    kind: integer({ min: 1, max: 64 }),
    about: 'trials at a time, in processes of one thread each',
    group,
    otherwise: 'the usable cores',
  },
  quiet: { kind: flag(), about: 'print errors only', group },
} satisfies SettingsTable;

type Actions = typeof import('./sweep-run.js');

/** An action of the module that is loaded now. */
// biome-ignore lint/suspicious/noExplicitAny: commander itself says no more of what it hands to an action.
type Action = (...args: any[]) => Promise<void>;

/** An action of the module that is loaded when it is called. */
function later(name: keyof Actions): Action {
  return async (...args) => {
    const actions = await import('./sweep-run.js');
    await (actions[name] as Action)(...args);
  };
}

export function addSweep(program: Command): void {
  const command = program
    .command('sweep')
    .summary('train many times, to find the settings that suit best')
    .description('Runs the study that a file describes, or goes on with it; see docs/guide/sweeps.md.')
    .argument('[file]', 'JSON: objective, space, trials, and how they are chosen')
    .action(later('begin'))
    .addHelpText('after', HELP);
  for (const option of [...flagsOf(beginTable), ...flagsOf(serveTable), ...commonOptions()])
    command.addOption(option);

  const resume = command
    .command('resume')
    .description('Goes on with a study that was stopped or killed, or with more trials.')
    .argument('<folder>', "the study's")
    .action(later('goOn'));
  for (const option of [...flagsOf(runTable), ...flagsOf(serveTable), ...commonOptions()])
    resume.addOption(option);

  const worker = command
    .command('worker')
    .description(
      'Does trials of whatever sweeps come to a queue, until it is stopped; any number, on any machine.',
    )
    .action(async (_: object, own: Command) => {
      const { runWorker } = await import('./sweep-worker.js');
      await runWorker(own.optsWithGlobals());
    });
  for (const option of [...flagsOf(workerTable), ...commonOptions()]) worker.addOption(option);

  const others = [
    ['status', 'showStatus', 'Says how far a study has come, while it runs or after.'],
    ['best', 'showBest', 'Prints the best settings, and the command that trains with them.'],
    ['export', 'exportTrials', 'Writes the trials of a study as a table.'],
    ['merge', 'merge', 'Makes one study of the shards in its folder.'],
  ] as const;
  for (const [name, action, about] of others) {
    const own = command
      .command(name)
      .description(about)
      .argument('<folder>', "the study's")
      .action(later(action));
    if (name === 'export') own.requiredOption('--csv [file]', 'as CSV, to a file or to standard output');
    const flags = name === 'status' ? flagsOf(serveTable) : [];
    for (const option of [...flags, ...commonOptions()]) own.addOption(option);
  }
}

const HELP = `
A file such as:
  {
    "objective": { "data": "mnist", "settings": { "epochs": 9, "optimizer": "adam" } },
    "space": {
      "learningRate": { "kind": "number", "low": 1e-4, "high": 0.1, "log": true },
      "hidden": { "kind": "choice", "values": [[100], [300], [300, 100]] },
      "dropout": { "kind": "number", "low": 0, "high": 0.5 }
    },
    "sampler": "tpe", "pruner": "successiveHalving", "trials": 40, "folder": "runs/first-sweep"
  }

Examples:
  lanegrad sweep sweep.json --workers 4 --serve
  lanegrad sweep resume runs/first-sweep --trials 80
  lanegrad sweep sweep.json --queue redis://host:6379
  lanegrad sweep worker --queue redis://host:6379    # on any machine
  lanegrad sweep sweep.json --shard $SLURM_ARRAY_TASK_ID/8
  lanegrad sweep merge runs/first-sweep              # when all shards are done
  lanegrad sweep status runs/first-sweep
  lanegrad sweep status runs/first-sweep --serve     # while another process runs it
  lanegrad sweep best runs/first-sweep
  lanegrad sweep export runs/first-sweep --csv trials.csv

Ctrl-C stops it, and resume goes on: the same study has the same trials, bit for bit.`;
