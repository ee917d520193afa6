/** Hands a study's trials out to whatever runs them, as many at a time as it takes and the study allows. */
import type { Global } from '../base/globals.js';
import { type Executor, RunError } from '../tasks/executor.js';
import { hash } from './draws.js';
import { reasonOf, type TrialResult, type TrialTask } from './objective/trial.js';
import { populationOf } from './population.js';
import { type Study, trialFolder } from './study.js';
import type { Trial, TrialReport } from './trial.js';

/** One of `of` parts of a study: the trials whose numbers leave the rest `index` when divided by `of`. */
export interface Shard {
  readonly index: number;
  readonly of: number;
}

export interface CoordinateOptions {
  /** In all, those that the study has already among them. */
  readonly trials: number;
  /** Of these trials alone; the others wait for somebody else. */
  readonly shard?: Shard | undefined;
  readonly signal?: Global<'AbortSignal'> | undefined;
  readonly onBegin?: (trial: Trial) => void;
  readonly onReport?: (trial: Trial) => void;
  /** Waited for before anything is done that follows from it. */
  readonly onEnd?: (trial: Trial) => void | Promise<void>;
}

/** Apart from the dimensions of a sequence, which scrambling numbers. */
const TRIAL_SEEDS = 255;

/**
 * Runs the study until it has so many trials, those first that were begun and did not end. A trial that fails is one
 * of them.
 *
 * @throws the signal's reason when it is aborted, and FileError when the journal cannot be written: what is in it
 * stays, and the same study goes on from there.
 */
export async function coordinate(
  study: Study,
  executor: Executor<TrialTask>,
  { trials, shard, signal, onBegin, onReport, onEnd }: CoordinateOptions,
): Promise<void> {
  if (shard) await study.plan(trials);
  const again = study.open.filter(({ number }) => !shard || number % shard.of === shard.index);
  const running = new Map<number, Promise<void>>();
  // The first thing that went wrong with the sweep itself ends it. A trial whose process is lost too often is only one
  // that has failed.
  let failure: { readonly error: unknown } | undefined;
  const fail = (error: unknown) => {
    failure ??= { error };
  };

  const runTrial = async (trial: Trial) => {
    const { number, state: before } = trial;
    if (before === 'waiting') await study.start(number);
    onBegin?.(study.trials[number]);
    const onTask = (report: TrialReport) => {
      study.report(number, report).catch(fail);
      try {
        onReport?.(study.trials[number]);
      } catch (error) {
        // Of whoever looks on: the trial is not to blame.
        fail(error);
      }
    };
    const result = await runTask(study, executor, trial, signal, onTask).catch((error) => {
      // What the sweep itself has stopped has not failed.
      if (failure || signal?.aborted || !(error instanceof RunError)) throw error;
      const { reports } = study.trials[number];
      return { state: 'failed', reason: reasonOf(error), reports, attributes: {} } as const;
    });
    const { state, reason = '' } = result;
    // Open in the journal, it is begun anew when the study goes on.
    if (state === 'stopped') throw new RunError(`trial ${number}`, reason);
    await onEnd?.(await study.end(number, { ...result, state }));
  };
  const start = (trial: Trial) => {
    const done = runTrial(trial)
      .catch(fail)
      .finally(() => running.delete(trial.number));
    running.set(trial.number, done);
  };

  /** The next one that can be begun. */
  const next = async () => {
    const open = again.shift();
    if (open || shard) return open;
    return study.trials.length < trials && study.isNextKnown ? study.begin() : undefined;
  };

  while (!failure) {
    if (signal?.aborted) fail(signal.reason);
    while (!failure && running.size < executor.width) {
      const trial = await next().catch(fail);
      if (!trial) break;
      start(trial);
    }
    if (running.size === 0) break;
    await Promise.race(running.values());
  }
  if (!failure) return;
  if (!signal?.aborted) await executor.close();
  await Promise.all(running.values());
  throw failure.error;
}

async function runTask(
  study: Study,
  executor: Executor<TrialTask>,
  { number, settings, attributes }: Trial,
  signal: Global<'AbortSignal'> | undefined,
  onReport: (report: TrialReport) => void,
): Promise<TrialResult> {
  const { definition, folder } = study;
  const task: TrialTask = {
    number,
    settings,
    seed: hash(definition.seed, number, 0, TRIAL_SEEDS),
    folder: folder && trialFolder(folder, number),
    ...populationOf(study, attributes),
    rule: study.ruleOf(number),
    directions: definition.directions,
  };
  const result = await executor.run(task, `trial ${number}`, {
    onProgress: ({ detail }) => onReport(detail as TrialReport),
    ...(signal && { signal }),
  });
  return result as TrialResult;
}
