/** `lanegrad train --folds` and `--seeds`: several runs of the same settings, and what they come to. */
import { bar, clock } from '../base/platform/progress-line.js';
import { shellWord } from '../base/shell.js';
import type { Engine } from '../engine/engine.js';
import type { RunFolder } from '../run/folder.js';
import type { RunSettings } from '../run/settings.js';
import type { RunSplits } from '../run/splits.js';
import type { RunsObjective } from '../sweep/repeated/objective.js';
import { type RunsProgress, trainRuns } from '../sweep/repeated/train-runs.js';
import type { OneRun, RunsResult, Spread } from '../sweep/repeated/types.js';
import { LiveLine } from './live-line.js';
import { count, lossText, type Output, percent, printable, table } from './output.js';
import type { Runs } from './runs-options.js';
import type { Signals } from './signals.js';
import type { TrainOptions } from './train-options.js';

/**
 * Seconds between two checkpoints of a run, where nothing else is said: a process that is killed saves none.
 */
const CHECKPOINT_SECONDS = 5;

export interface SeveralJob {
  readonly out: Output;
  readonly signals: Signals;
  readonly engine: Engine;
  readonly splits: RunSplits;
  readonly settings: RunSettings;
  readonly options: TrainOptions;
  /** Of runs that go on. */
  readonly folder: RunFolder | undefined;
  readonly runs: Runs;
}

export async function trainSeveral(job: SeveralJob): Promise<void> {
  const { out, signals, engine, splits, options, folder: earlier, runs } = job;
  const { quiet = false, workers } = options;
  const line = new RunsLine(out, runs, quiet);
  if (splits.table && runs.over === 'folds' && !quiet && !earlier) {
    out.line(
      'columns are standardised once, by all rows but those of the test; then the rows are dealt out to folds',
    );
  }
  const { backend, math, turbo } = engine.info;
  const objective: RunsObjective = {
    ...runs,
    settings: earlier ? job.settings : withCheckpoints(job.settings, options),
    engine: { backend, math, turbo },
    ...(options.tensorboard && { tensorboard: true }),
  };
  let folder = earlier;
  try {
    const result = await trainRuns(engine, splits, objective, {
      out: options.out,
      resume: earlier,
      workers,
      signal: signals.signal,
      onBegin: (made) => {
        folder = made;
      },
      onProgress: (progress) => line.show(progress),
      onRun: (run) => line.ended(run),
    });
    line.end();
    printResult(out, result, runs);
    out.result(describe(result, runs, splits, engine));
  } catch (error) {
    line.end();
    if (!signals.signal.aborted) throw error;
    if (folder) out.line(`go on with  lanegrad train --resume ${printable(shellWord(folder.path))}`);
    process.exitCode = signals.exitCode;
  }
}

function withCheckpoints(settings: RunSettings, { checkpointEvery }: TrainOptions): RunSettings {
  const { checkpoint } = settings;
  if (!checkpoint || checkpointEvery !== undefined) return settings;
  return { ...settings, checkpoint: { ...checkpoint, everySeconds: CHECKPOINT_SECONDS } };
}

/** A line for each run that has ended, and on a terminal one below that is redrawn. */
class RunsLine {
  readonly #out: Output;
  readonly #line: LiveLine;
  readonly #runs: Runs;
  readonly #quiet: boolean;

  constructor(out: Output, runs: Runs, quiet: boolean) {
    this.#out = out;
    this.#line = new LiveLine(out);
    this.#runs = runs;
    this.#quiet = quiet;
  }

  show({ ended, total, share, secondsLeft, running }: RunsProgress): void {
    if (this.#quiet || !this.#line.due()) return;
    this.#line.draw([
      `${ended}/${total} ${this.#runs.over}`,
      `${bar(share)} ${Math.floor(100 * share)} %`,
      secondsLeft === undefined ? '' : `${clock(1000 * secondsLeft)} left`,
      running.map(({ name, epoch }) => `${name} at epoch ${epoch}`).join(' · '),
    ]);
  }

  ended({ name, epochs, epoch, measured }: OneRun): void {
    if (this.#quiet) return;
    this.end();
    const weights = epoch === epochs ? '' : `, weights of epoch ${epoch}`;
    this.#out.line([name, ...measuresOf(measured), `${count(epochs)} epochs${weights}`].join('   '));
  }

  /** Erases the line. Twice is fine. */
  end(): void {
    this.#line.end();
  }
}

/** What stands in a run's line. */
function measuresOf(measured: OneRun['measured']): string[] {
  const shown = ['loss', 'accuracy', 'validation.loss', 'validation.accuracy', 'validation.r2'];
  return shown
    .filter((name) => name in measured)
    .map((name) => `${wordsFor(name)} ${valueText(name, measured[name])}`);
}

function wordsFor(name: string): string {
  return name.replace('.', ' ').replace(/\br2\b/, 'R²');
}

function valueText(name: string, value: number): string {
  if (name.endsWith('accuracy')) return percent(value);
  return name.endsWith('loss') ? lossText(value) : String(Number(value.toPrecision(5)));
}

function spreadText(name: string, { mean, deviation }: Spread): string {
  const text = name.endsWith('accuracy') ? percent(deviation) : String(Number(deviation.toPrecision(2)));
  return `${valueText(name, mean)} ± ${text}`;
}

function printResult(out: Output, { runs, spreads, model, test, folder }: RunsResult, { over }: Runs): void {
  const scores = test
    ? [
        `loss ${lossText(test.loss)}`,
        ...(Number.isNaN(test.accuracy) ? [] : [`accuracy ${percent(test.accuracy)}`]),
        ...Object.entries(test.metrics ?? {}).map(
          ([name, value]) => `${wordsFor(name)} ${valueText(name, value)}`,
        ),
      ]
    : [];
  out.line(`mean ± deviation of ${runs.length} ${over}`);
  const means = Object.entries(spreads).map(([name, own]) => [`  ${wordsFor(name)}`, spreadText(name, own)]);
  for (const row of table(means, [0, 1])) out.line(row);
  const rows = [
    ['ensemble', `of ${runs.length} models, ${count(model.parameterCount)} parameters`],
    ...(test ? [['its test', out.bold(scores.join(', '))]] : []),
    ['run folder', printable(folder.path)],
    ['model', printable(folder.modelPath)],
    ['report', printable(folder.reportPath)],
  ];
  for (const row of table(rows, [0, 1])) out.line(row);
}

/** The record that `--json` ends with. */
function describe(
  { runs, spreads, model, test, weightsSha256, folder }: RunsResult,
  { over, count: number }: Runs,
  { full, table: prepared, pictures }: RunSplits,
  engine: Engine,
) {
  return {
    dataset: full.name,
    ...{ over, count: number, runs, spreads },
    parameters: model.parameterCount,
    engine: engine.info,
    test: test
      ? {
          loss: test.loss,
          ...(!Number.isNaN(test.accuracy) && { accuracy: test.accuracy }),
          ...(test.metrics && Object.keys(test.metrics).length > 0 && { metrics: test.metrics }),
        }
      : null,
    interrupted: false,
    weightsSha256,
    runDir: folder.path,
    model: folder.modelPath,
    report: folder.reportPath,
    ...(prepared && { table: prepared.summary }),
    ...(pictures && { skipped: pictures.skipped }),
  };
}
