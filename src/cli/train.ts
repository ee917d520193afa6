/** `lanegrad train`: from a data set to a run folder. */
import type { Command } from 'commander';
import { FormatError, OptionError, show } from '../base/errors.js';
import { existingFolder } from '../base/files/folders.js';
import { byteText } from '../base/settings.js';
import { shellWord } from '../base/shell.js';
import { createEngine, type EngineOptions } from '../create/engine.js';
import { isStreamed, sizeOf } from '../data/any-set.js';
import { describeSkipped } from '../data/images/collect.js';
import type { EngineInfo } from '../engine/engine.js';
import { layerWidths } from '../nn/summary.js';
import { openBase } from '../run/base.js';
import { findRate } from '../run/find-rate.js';
import { RunFolder } from '../run/folder.js';
import { type Run, run } from '../run/run.js';
import type { RunSettings } from '../run/settings.js';
import { readSettings } from '../run/settings.js';
import {
  isNpzPath,
  loadLargeSplits,
  loadSplits,
  type PictureSettings,
  picturesFor,
  refusePictureOptions,
} from '../run/sources.js';
import type { LargeSplits, RunSplits } from '../run/splits.js';
import { summarize } from '../run/summary.js';
import { isTablePath } from '../tables/file.js';
import { loadLargeTable, loadTable } from '../tables/training.js';
import type { Score } from '../train/history.js';
import { commonOptions, engineOptions } from './arguments.js';
import { withConfig } from './config-file.js';
import { describeEngine } from './info.js';
import { count, lossText, Output, percent, printable, table } from './output.js';
import { Progress } from './progress.js';
import { checkRuns, type Runs, readRuns, refuseTrial } from './runs-options.js';
import { Signals } from './signals.js';
import { prepareTableRun, printTable } from './table-train.js';
import { refusedWhenResumed, type TrainOptions, toSettings, trainOptions } from './train-options.js';

export function addTrain(program: Command): void {
  const command = program
    .command('train')
    .summary('train a network; writes model, metrics and a report')
    .description('Trains a network, tests it, and writes a run folder.')
    .argument(
      '[data]',
      'a table (CSV, TSV, JSON lines, Parquet, NPY, NPZ) with --target, or - for one on standard input; mnist; a folder with PNG or ' +
        'JPEG files in a folder for each class, or with IDX files; or an NPZ file as Keras has them, with x_train, y_train, x_test and y_test (default: mnist)',
    );
  for (const option of [...trainOptions(), ...engineOptions(), ...commonOptions()]) command.addOption(option);
  command
    .action(async (data, options, self) => train(...(await withConfig(data, options, self)), self))
    .addHelpText('after', EXAMPLES);
}

const EXAMPLES = `
Examples:
  lanegrad train mnist                               # about 98 % of the test images right
  lanegrad train mnist --preset accurate             # 98.7 %, in a minute
  lanegrad train mnist --preset cnn                  # a convolutional network
  lanegrad train mnist --hidden 300,100 --optimizer adam --schedule cosine --dropout 0.2
  lanegrad train mnist --layers "conv 16 3, pool, conv 32 3, pool, dense 64" --optimizer adam
  lanegrad train iris.csv --target species           # a table: types are found out, and shown
  lanegrad train ./fashion --epochs 50 --early-stopping --out runs/fashion
  lanegrad train iris.csv --target species --folds 5 # cross-validation, and one model of all
  lanegrad train ./flowers --image-size 32x32 --augment "flip, rotate 10"
  lanegrad train --config run.json --epochs 20       # options from a file, and one of them otherwise
  lanegrad train --resume runs/fashion               # after Ctrl-C, a crash, or a power cut
  lanegrad train mnist --full --json | tail -n 1     # a record for programs

Tables have defaults of their own, by their size: relu, Adam at 0.001, and early stopping. What was inferred of each column is printed.
Ctrl-C stops after the step at hand and saves; pressed twice, it stops at once. Either way --resume goes on with the run, and
ends with the same weights, bit for bit.`;

interface Job {
  settings: RunSettings;
  /** Of a table, whose settings depend on them. */
  splits?: LargeSplits;
  engine: EngineOptions;
  /** The folder of a run that goes on. */
  folder?: RunFolder;
  /** Of several. */
  runs?: Runs;
}

async function train(given: string | undefined, options: TrainOptions, command: Command): Promise<void> {
  const { json, quiet, out: outFolder } = options;
  const out = new Output({ json });
  const progress = new Progress(out, { quiet });
  let signals: Signals | undefined;
  let splits: LargeSplits | undefined;
  let kept: { folder: RunFolder; epoch: number } | undefined;
  try {
    const { settings, engine: wanted, folder: earlier, ...job } = await prepare(given, options, command);
    const base = await openBase(settings, earlier);
    const pictures = base && { ...picturesFor(base.model), ...settings };
    const inMemory = earlier !== undefined || job.runs !== undefined;
    splits =
      job.splits ?? (await loadData(settings, pictures ?? settings, inMemory, earlier?.path ?? outFolder));
    if (!splits.pictures) refusePictureOptions(settings, settings.source);
    // While data were read there was nothing to save, and a signal ended the process as it does by default:
    // at once, whatever it waited for.
    signals = new Signals((name) => {
      progress.end();
      out.line(`${name}: stopping after this step; once more to stop at once`);
    });
    const engine = await createEngine(job.runs ? { ...wanted, threads: 1 } : wanted);
    if (splits.table && !quiet) printTable(out, splits.table.summary);
    if (splits.streaming) settings.memory = splits.streaming.memory;
    if (!quiet) for (const line of spilledLines(splits, settings)) out.line(line);
    for (const line of skippedLines(splits)) out.line(line);
    if (!quiet) for (const line of pictureLines(splits, settings)) out.line(line);
    progress.brief = splits.table !== undefined;
    if (!quiet) out.line(`${printable(splits.full.name)} on ${describeEngine(engine.info)}`);
    if (options.learningRate === 'find') {
      settings.learningRate = await findRate(engine, splits, settings, base);
      if (!quiet) out.line(`learning rate ${settings.learningRate}, where the loss falls most steeply`);
    }
    if (job.runs && !signals.signal.aborted) {
      const { trainSeveral } = await import('./train-runs.js');
      await trainSeveral({
        out,
        signals,
        engine,
        splits: splits as RunSplits,
        settings,
        options,
        folder: earlier,
        runs: job.runs,
      });
      return;
    }
    if (signals.signal.aborted) {
      out.line('nothing was trained, nothing was written');
      process.exitCode = signals.exitCode;
      return;
    }
    const finished = await run(engine, splits, settings, {
      ...(outFolder !== undefined && { out: outFolder }),
      ...(earlier && { resume: earlier }),
      ...(base && { base }),
      tensorboard: options.tensorboard ?? false,
      signal: signals.signal,
      onTrainBegin: (plan) => {
        const { resumed, epochs } = plan;
        if (earlier && !quiet) {
          const { epoch, step } = resumed ?? { epoch: 1, step: 0 };
          const where = epoch > epochs ? 'all epochs are done' : `in epoch ${epoch} of ${epochs}`;
          out.line(
            step > 0 ? `going on after step ${count(step)}, ${where}` : 'no checkpoint yet: from the start',
          );
        }
        progress.begin(plan);
      },
      onStep: (step) => progress.step(step),
      onEpoch: (record, folder) => {
        kept = { folder, epoch: record.epoch };
        progress.epoch(record);
      },
    });
    progress.end();
    printResult(out, finished);
    out.result({
      ...summarize(finished, settings, engine.info),
      ...(splits.table && { table: splits.table.summary }),
      ...(splits.pictures && { skipped: splits.pictures.skipped }),
    });
    if (finished.interrupted) process.exitCode = signals.exitCode;
  } catch (error) {
    progress.end();
    if (kept) out.line(`the model of epoch ${kept.epoch} is kept in ${printable(kept.folder.modelPath)}`);
    throw error;
  } finally {
    await splits?.streaming?.close();
    signals?.stop();
  }
}

/** What is to be done: as the words say, or as the folder of an earlier run does. */
async function prepare(given: string | undefined, options: TrainOptions, command: Command): Promise<Job> {
  const { backend, math, threads, turbo, resume, epochs, spillFolder } = options;
  const isGiven = (name: string) => command.getOptionValueSource(name) === 'cli';
  if (resume === undefined) {
    const source = given ?? 'mnist';
    const runs = checkRuns(source, options, isGiven);
    const engine = { backend, math, threads, turbo };
    // Without a target, an NPZ file is a data set as Keras has them.
    if (options.target !== undefined || (isTablePath(source) && !isNpzPath(source))) {
      const prepared = await prepareTableRun(source, options, await spillFolderOf(options, options.out));
      return { ...prepared, engine, ...runs };
    }
    return { settings: toSettings(source, options), engine, ...runs };
  }
  const others = command.options.map((option) => option.attributeName()).filter(isGiven);
  const refused = others.map(refusedWhenResumed).find((flag) => flag !== undefined);
  if (refused) {
    throw new OptionError(
      '--resume',
      `a run goes on with the settings that it began with; expected no ${refused} besides`,
    );
  }
  const folder = await RunFolder.open(resume);
  await refuseTrial(resume);
  const config = await folder.readConfig();
  const settings = readSettings(config, folder.configPath);
  const before = engineOf(config, folder.configPath);
  const runs = readRuns(config, folder.configPath, isGiven);
  return {
    settings: {
      ...settings,
      // Where the data lie may have changed; that they are the same is checked.
      source: given ?? settings.source,
      ...(epochs !== undefined && { epochs }),
      ...(spillFolder !== undefined && { spillFolder }),
    },
    engine: {
      backend: isGiven('backend') ? backend : before.backend,
      math: isGiven('math') ? math : before.backend === 'reference' ? 'auto' : before.math,
      threads,
      turbo,
    },
    folder,
    ...(settings.table && {
      splits: await loadTableAgain(given ?? settings.source, settings, options, folder.path, runs),
    }),
    ...runs,
  };
}

/** As it was when the run began: what was in memory is so again, whatever else there is by now. */
async function loadTableAgain(
  source: string,
  { table, memory, seed, full }: RunSettings,
  options: TrainOptions,
  out: string,
  { runs }: { readonly runs?: Runs },
): Promise<LargeSplits> {
  if (memory === undefined) return loadTable(source, table!, { seed, full: full || runs?.over === 'folds' });
  const spillFolder = await spillFolderOf(options, out);
  return loadLargeTable(source, table!, { seed, full, memory, spillFolder });
}

async function loadData(
  settings: RunSettings,
  pictures: PictureSettings,
  inMemory: boolean,
  out: string | undefined,
): Promise<LargeSplits> {
  const { source, memory } = settings;
  if (inMemory && memory === undefined) return loadSplits(source, pictures);
  return loadLargeSplits(source, pictures, {
    memory,
    spillFolder: await spillFolderOf(settings, out),
  });
}

/** Where the run folder is, or will be, unless another was named. */
function spillFolderOf({ spillFolder }: { readonly spillFolder?: string }, out = 'runs'): Promise<string> {
  return spillFolder === undefined ? existingFolder(out) : Promise.resolve(spillFolder);
}

/** What computed the run so far. */
function engineOf(
  { engine }: Readonly<Record<string, unknown>>,
  path: string,
): Pick<EngineInfo, 'backend' | 'math'> {
  const { backend, math } = (engine ?? {}) as Partial<EngineInfo>;
  const isBackend = backend === 'wasm' || backend === 'reference';
  const isMath = math === 'strict' || math === 'fma';
  if (isBackend && isMath) return { backend, math };
  throw new FormatError(
    path,
    `engine: expected the backend and math that the run began with, given ${show(engine)}`,
  );
}

/** That the data stream, and what follows from it. */
function spilledLines({ streaming, train }: LargeSplits, { shuffle }: RunSettings): string[] {
  if (!streaming || !isStreamed(train)) return [];
  const { bytes, place, memory } = streaming;
  const where = `${byteText(bytes)} in ${printable(place)}`;
  const window = count(Math.min(train.window, sizeOf(train)));
  const order = shuffle ? `, ${window} are shuffled together` : '';
  return [`the rows stream from ${where}; with ${byteText(memory)} of memory${order}`];
}

/** Which files of a folder were left out. */
function skippedLines({ pictures }: LargeSplits): string[] {
  if (!pictures || pictures.skipped.length === 0) return [];
  const { skipped } = pictures;
  return [
    `left out ${count(skipped.length)} files that are no pictures, or broken:`,
    ...describeSkipped(skipped).map((line) => `  ${printable(line)}`),
  ];
}

/** How many pictures of a folder there are, of which classes, and how they are split. */
function pictureLines({ pictures, ...parts }: LargeSplits, { full: isWhole }: RunSettings): string[] {
  if (!pictures) return [];
  const { full, train, validation, test } = parts;
  const names = full.classNames ?? [];
  const shown = names.slice(0, 8).map(printable).join(', ');
  const more = names.length > 8 ? ', …' : '';
  // With --full, what would validate is trained on.
  const trained = isWhole ? { train: full } : { train, validation };
  const sizes = Object.entries({ ...trained, test }).flatMap(([name, set]) =>
    set ? [`${count(sizeOf(set))} ${name}`] : [],
  );
  const all = sizeOf(full) + (test ? sizeOf(test) : 0);
  return [
    `pictures  ${count(all)} of ${full.classes} classes: ${shown}${more}`,
    `split     ${sizes.join(', ')}, by seed ${pictures.seed}`,
  ];
}

function printResult(out: Output, { folder, model, history, test, interrupted }: Run): void {
  const { steps, seconds, best, outcome, epochs } = history;
  if (interrupted) out.line(`interrupted after step ${count(steps)}; the model has the weights of that step`);
  if (outcome === 'stoppedEarly') out.line(`stopped early, after epoch ${epochs.length}`);
  const extra = Object.entries(test?.metrics ?? {}).map(([name, value]) => `${name} ${numberText(value)}`);
  const rows = [
    ['network', `${layerWidths(model).join('-')}, ${count(model.parameterCount)} parameters`],
    ['trained', `${count(steps)} steps in ${seconds.toFixed(1)} s`],
    ...(best?.restored
      ? [['weights', `of epoch ${best.epoch}, the best: ${best.monitor} ${lossText(best.value)}`]]
      : []),
    ...(test ? [['test', out.bold(scoreText(test))]] : []),
    ...(extra.length > 0 ? [['', extra.join(', ')]] : []),
    ['run folder', printable(folder.path)],
    ['model', printable(folder.modelPath)],
    ['report', printable(folder.reportPath)],
    ...(interrupted ? [['go on with', `lanegrad train --resume ${printable(shellWord(folder.path))}`]] : []),
  ];
  for (const line of table(rows, [0, 1])) out.line(line);
}

/** Of a regression there is no accuracy. */
function scoreText({ loss, accuracy }: Score): string {
  return `loss ${lossText(loss)}${Number.isNaN(accuracy) ? '' : `, accuracy ${percent(accuracy)}`}`;
}

/** Five digits: errors are in the unit of what is predicted, and may be of any size. */
function numberText(value: number): string {
  return String(Number(value.toPrecision(5)));
}
