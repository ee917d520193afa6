/** The assignment's tasks as trials: what a process of the sweeps' pool does of it. Node only. */

import type { SweepTrial } from '../sweep/objective/trial.js';
import { RunError } from '../tasks/executor.js';
import { RESULT, TASK, type TrialSetting, Workbench } from './tasks.js';

let bench: Workbench | undefined;

export default function objective(trial: SweepTrial): Promise<number> {
  bench ??= new Workbench((trial.settings[TASK] as unknown as TrialSetting).data);
  return doTask(bench, trial);
}

/**
 * Does a task, whose result is an attribute of the trial; the value is the last loss of a training, and of anything
 * else the seconds that it took. A training that diverged is a failed trial, with a result all the same.
 */
export async function doTask(bench: Workbench, trial: SweepTrial): Promise<number> {
  const { data: _, ...task } = trial.settings[TASK] as unknown as TrialSetting;
  const began = performance.now();
  let told = 0;
  const result = await bench.run(task, {
    ...(trial.signal && { signal: trial.signal }),
    onProgress: ({ done, total, detail }) => {
      if (typeof detail === 'number') {
        trial.report(done, detail);
        return;
      }
      const percent = Math.floor((100 * done) / total);
      // A line of the journal each; and while speed is measured, the disk had better rest.
      if (task.kind === 'speed' || percent < told + 5) return;
      told = percent;
      trial.report(percent, done / total);
    },
  });
  trial.set(RESULT, result);
  if (!('windows' in result)) return (performance.now() - began) / 1000;
  if (result.diverged !== undefined) throw new RunError('fit', result.diverged);
  const last = result.epochs[result.epochs.length - 1];
  return (last.validation ?? last).loss;
}
