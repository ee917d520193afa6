/** A process of a sweep's pool: does one trial after the other, on one thread. Node only. */
import { serve } from '../tasks/worker.js';
import { loadObjective } from './objective/module.js';
import { Trainer, type TrainingObjective } from './objective/train.js';
import { doTrial, type ObjectiveFunction, type TrialTask } from './objective/trial.js';
import { type RunsObjective, RunsTrainer } from './repeated/objective.js';

/** What the processes are told at first. */
export type WorkerSetup =
  | { readonly module: string }
  | { readonly training: TrainingObjective }
  | { readonly runs: RunsObjective };

serve<TrialTask, WorkerSetup>((setup) => {
  let objective: Promise<ObjectiveFunction> | undefined;
  return async (task, { onProgress }) => {
    objective ??= prepare(setup);
    let done = 0;
    return doTrial(await objective, task, {
      onReport: (detail) => onProgress?.({ what: 'reports', done: ++done, total: 0, detail }),
    });
  };
});

async function prepare(setup: WorkerSetup): Promise<ObjectiveFunction> {
  if ('module' in setup) return loadObjective(setup.module);
  const trainer = 'runs' in setup ? new RunsTrainer(setup.runs) : new Trainer(setup.training);
  return (trial) => trainer.train(trial);
}
