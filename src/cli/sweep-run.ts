/** What `lanegrad sweep` and its commands do: they run a study, and print what there is to know of one. */
import type { Command } from 'commander';
import { FormatError, OptionError } from '../base/errors.js';
import { readFileBytes, writeFileAtomic } from '../base/files/atomic.js';
import { shellWord } from '../base/shell.js';
import { commandOfTrial } from '../sweep/command.js';
import type { Shard } from '../sweep/coordinate.js';
import { trialsCsv } from '../sweep/csv.js';
import { mergeShards } from '../sweep/merge.js';
import { descentOf, lineageOf } from '../sweep/population.js';
import { optionsOf, readStudy, type StoredStudy } from '../sweep/read.js';
import { shardFolder } from '../sweep/study.js';
import { resultOf, type SweepOptions, sweep } from '../sweep/sweep.js';
import { count, Output, printable, table } from './output.js';
import { leaveSoon, Signals } from './signals.js';
import { descentLines } from './sweep-descent.js';
import { SweepLine } from './sweep-progress.js';
import type { ServedSweep, ServeFlags } from './sweep-serve.js';
import { short } from './sweep-text.js';

interface RunFlags extends ServeFlags {
  shard?: Shard;
  out?: string;
  trials?: number;
  workers?: number;
  queue?: string;
  quiet?: true;
  json?: true;
}

export async function begin(file: string | undefined, flags: RunFlags, command: Command): Promise<void> {
  if (file === undefined) command.help({ error: true });
  const options = await readOptions(file);
  const folder = flags.out ?? options.folder;
  if (folder === undefined)
    throw new OptionError('--out', "expected the study's folder here, or in the file");
  await run({ ...options, folder } as SweepOptions, flags);
}

export async function goOn(folder: string, flags: RunFlags, command: Command): Promise<void> {
  const all: RunFlags = { ...command.parent?.opts(), ...flags };
  for (const name of ['out', 'shard'] as const) {
    if (all[name] !== undefined) throw new OptionError(`--${name}`, 'expected none with resume');
  }
  await run(optionsOf(await readStudy(folder)) as unknown as SweepOptions, all);
}

async function run(given: SweepOptions, flags: RunFlags): Promise<void> {
  const { trials, workers, queue, shard, quiet, json } = flags;
  checkServed(flags);
  const out = new Output({ json });
  const line = new SweepLine(out, { quiet });
  const signals = new Signals((name) => {
    line.end();
    out.line(`${name}: stopping; what is done is kept`);
  });
  const began = performance.now();
  let served: ServedSweep | undefined;
  try {
    if (flags.serve !== undefined) served = await serve(out, given, flags);
    const result = await sweep({
      ...given,
      ...(trials !== undefined && { trials }),
      ...(workers !== undefined && { workers }),
      ...(queue !== undefined && { queue }),
      ...(shard && { shard }),
      signal: signals.signal,
      onProgress: (progress) => {
        line.show(progress);
        served?.show(progress);
      },
      onTrial: (trial) => line.ended(trial),
      onMessage: (text) => {
        line.end();
        out.line(printable(text));
      },
    });
    line.end();
    const study = await readStudy(result.folder!);
    printResult(out, study, { seconds: (performance.now() - began) / 1000 });
    out.result(describe(study));
    // A shard may have none.
    if (!result.best && !shard) process.exitCode = 1;
  } catch (error) {
    line.end();
    if (!signals.signal.aborted) throw error;
    const again = shard ? 'the same command' : `lanegrad sweep resume ${printable(shellWord(given.folder!))}`;
    out.line(`go on with  ${again}`);
    process.exitCode = signals.exitCode;
    if ((queue ?? given.queue) !== undefined) leaveSoon();
  } finally {
    signals.stop();
    await served?.close();
  }
}

/** Throws OptionError for a host at which nothing is served. */
function checkServed({ serve, host }: ServeFlags): void {
  if (serve === undefined && host !== undefined) throw new OptionError('--host', 'expected --serve besides');
}

async function serve(out: Output, { folder }: SweepOptions, flags: RunFlags): Promise<ServedSweep> {
  const { ServedSweep } = await import('./sweep-serve.js');
  return ServedSweep.open(out, flags.shard ? shardFolder(folder!, flags.shard) : folder!, flags);
}

/** Paths of modules are relative to the working directory, as those of data are. */
async function readOptions(file: string): Promise<Partial<SweepOptions>> {
  const bytes = await readFileBytes(file);
  let options: unknown;
  try {
    options = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new FormatError(file, `not JSON: ${(cause as Error).message}`, { cause });
  }
  if (typeof options === 'object' && options !== null && !Array.isArray(options)) return options;
  throw new FormatError(file, 'expected an object with objective, space and trials');
}

export async function showStatus(folder: string, flags: ServeFlags, command: Command): Promise<void> {
  const out = new Output(command.optsWithGlobals());
  const { serve, host } = { ...command.parent?.opts<ServeFlags>(), ...flags };
  checkServed({ ...(serve !== undefined && { serve }), ...(host !== undefined && { host }) });
  if (serve !== undefined) {
    const { watchStudy } = await import('./sweep-serve.js');
    return watchStudy(out, folder, { serve, ...(host !== undefined && { host }) });
  }
  const study = await readStudy(folder);
  printResult(out, study);
  out.result(describe(study));
}

export async function showBest(folder: string, _: object, command: Command): Promise<void> {
  const out = new Output(command.optsWithGlobals());
  const study = await readStudy(folder);
  const { best, front } = resultOf(study.trials, study);
  if (!best) throw new OptionError(folder, 'no trial is complete yet; expected at least one');
  const shown = study.directions.length > 1 ? front : [best];
  for (const trial of shown) {
    out.line(out.bold(`trial ${trial.number}: ${trial.values!.map((value) => short(value)).join(', ')}`));
    for (const row of table(
      Object.entries(trial.settings).map(([name, value]) => [`  ${name}`, JSON.stringify(value)]),
      [0, 1],
    ))
      out.line(row);
    const command = commandOfTrial(study.definition, trial);
    if (command) out.line(command);
    if (lineageOf(trial)) for (const row of descentLines(study, trial)) out.line(row);
  }
  out.result(describe(study));
}

export async function exportTrials(folder: string, { csv }: { csv: string | true }): Promise<void> {
  const text = trialsCsv((await readStudy(folder)).trials);
  if (csv === true) process.stdout.write(text);
  else await writeFileAtomic(csv, text);
}

export async function merge(folder: string, _: object, command: Command): Promise<void> {
  const out = new Output(command.optsWithGlobals());
  const study = await mergeShards(folder);
  printResult(out, study);
  out.result(describe(study));
}

function printResult(out: Output, study: StoredStudy, { seconds }: { seconds?: number } = {}): void {
  const { trials, size, path } = study;
  const { best, front } = resultOf(trials, study);
  const counts = (['complete', 'pruned', 'failed', 'running', 'waiting'] as const)
    .map((state) => [state, trials.filter((trial) => trial.state === state).length] as const)
    .filter(([, number]) => number > 0)
    .map(([state, number]) => `${count(number)} ${state}`);
  const failed = trials.find(({ state }) => state === 'failed');
  const several = study.directions.length > 1;
  const command = best && commandOfTrial(study.definition, best);
  const rows = [
    ['trials', `${count(trials.length)} of ${count(size)}: ${counts.join(', ') || 'none yet'}`],
    ...(seconds === undefined ? [] : [['time', `${seconds.toFixed(1)} s`]]),
    ...(failed ? [['failed', `trial ${failed.number}: ${printable(failed.reason ?? '')}`]] : []),
    ...(several
      ? [['front', front.map(({ number }) => `trial ${number}`).join(', ')]]
      : [['best', best ? out.bold(`${short(best.values![0])}, trial ${best.number}`) : 'none is complete']]),
    ...(best && !several
      ? Object.entries(best.settings).map(([name, value]) => [
          '',
          `${printable(name)} ${printable(JSON.stringify(value))}`,
        ])
      : []),
    ...(command && !several ? [['train so', printable(command)]] : []),
    ['folder', printable(path)],
  ];
  for (const row of table(rows, [0, 1])) out.line(row);
}

function describe({ name, path, size, directions, trials, definition }: StoredStudy) {
  const { best, front } = resultOf(trials, { directions });
  const command = best && commandOfTrial(definition, best);
  return {
    ...{ name, folder: path, size, directions },
    best: best ?? null,
    ...(command && { command }),
    ...(best && lineageOf(best) && { descent: descentOf(trials, best).map(({ number }) => number) }),
    ...(directions.length > 1 && { front }),
    trials,
  };
}
