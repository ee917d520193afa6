/**
 * `--folds` and `--seeds` of `lanegrad train`: which runs there are to be. What trains them is loaded only
 * where there are several.
 */
import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { FormatError, OptionError, show } from '../base/errors.js';
import { STANDARD_INPUT } from '../base/files/pipe.js';
import { flagOf } from '../base/settings.js';
import type { RunsObjective } from '../sweep/repeated/objective.js';
import type { TrainOptions } from './train-options.js';

/** Which runs there are to be. */
export type Runs = Pick<RunsObjective, 'over' | 'count'>;

/** What `--folds` and `--seeds` ask for. Throws OptionError for options that do not go with them. */
export function checkRuns(
  source: string,
  options: TrainOptions,
  isGiven: (name: string) => boolean,
): { runs?: Runs } {
  const { folds, seeds, full, workers, validation } = options;
  if (folds === undefined && seeds === undefined) {
    if (workers === undefined) return {};
    throw new OptionError(
      '--workers',
      'expected --folds or --seeds besides: one run is one process; see --threads',
    );
  }
  if (options.memory !== undefined) {
    const expected = 'several trainings hold their data in memory; expected none besides --folds or --seeds';
    throw new OptionError('--memory', expected);
  }
  const runs: Runs = folds === undefined ? { over: 'seeds', count: seeds! } : { over: 'folds', count: folds };
  const flag = flagOf(runs.over);
  if (folds !== undefined && seeds !== undefined) throw new OptionError(flag, 'expected no --seeds besides');
  if (full) throw new OptionError(flag, 'expected no --full besides: it leaves nothing to validate by');
  if (folds !== undefined && validation !== undefined) {
    throw new OptionError(flag, 'expected no --validation besides: each fold validates');
  }
  checkThreads(flag, isGiven);
  if (source === STANDARD_INPUT) {
    throw new OptionError(flag, 'expected a file, which several processes can read, given standard input');
  }
  return { runs };
}

/** What the folder of earlier runs asks for. */
export function readRuns(
  { runs }: Readonly<Record<string, unknown>>,
  path: string,
  isGiven: (name: string) => boolean,
): { runs?: Runs } {
  if (runs === undefined) {
    if (isGiven('workers'))
      throw new OptionError('--workers', 'the folder is of one run, which is one process');
    return {};
  }
  const { over, count: number } = (runs ?? {}) as Partial<Runs>;
  if ((over !== 'folds' && over !== 'seeds') || !Number.isSafeInteger(number) || number! < 2) {
    throw new FormatError(path, `runs: expected folds or seeds and their number, given ${show(runs)}`);
  }
  const refused = (['epochs', 'tensorboard'] as const).find(isGiven);
  if (refused) {
    throw new OptionError(flagOf(refused), `the ${over} go on as they began; expected none with --resume`);
  }
  checkThreads(flagOf(over), isGiven);
  return { runs: { over, count: number! } };
}

function checkThreads(flag: string, isGiven: (name: string) => boolean): void {
  if (!isGiven('threads')) return;
  throw new OptionError(flag, 'expected no --threads besides: each run has one; --workers run at a time');
}

/**
 * Throws OptionError for the folder of a trial, or of its fold or seed: its study knows what it came to, with
 * data that a training by itself would not have.
 */
export async function refuseTrial(path: string): Promise<void> {
  const own = resolve(path);
  for (const trial of [own, dirname(own)]) {
    if (!/^\d{5,}$/.test(basename(trial)) || basename(dirname(trial)) !== 'trials') continue;
    const study = dirname(dirname(trial));
    const isStudy = await stat(join(study, 'journal.log')).then(
      (found) => found.isFile(),
      () => false,
    );
    if (!isStudy) continue;
    throw new OptionError(
      '--resume',
      `${path} is of a trial of the study in ${study}; expected the folder of a run, or lanegrad sweep resume`,
    );
  }
}
