/** A sweep's way to a queue: what its workers are told of the study. Node only. */
import { hostname } from 'node:os';
import { relative } from 'node:path';
import { readFileBytes } from '../../base/files/atomic.js';
import type { Global } from '../../base/globals.js';
import type { Executor } from '../../tasks/executor.js';
import type { Definition } from '../definition.js';
import type { TrainingObjective } from '../objective/train.js';
import type { TrialTask } from '../objective/trial.js';
import { QueueExecutor } from './executor.js';
import { identityHere, type SharedObjective, sha256, studyId } from './protocol.js';

/** An objective that other processes can have too: a training, or the path of a module. */
export type RemoteObjective = { readonly training: TrainingObjective } | { readonly module: string };

export interface RemoteOptions {
  /** Its URL. */
  readonly queue: string;
  readonly objective: RemoteObjective;
  readonly definition: Definition;
  readonly folder: string | undefined;
  readonly workers: number;
  readonly signal: Global<'AbortSignal'> | undefined;
  readonly onMessage: ((text: string) => void) | undefined;
}

/**
 * @throws OptionError for a URL that is none, QueueError when the queue cannot be reached or another coordinator is at
 * work there.
 */
export async function openExecutor(
  where: string,
  { queue, objective, definition, folder, workers, signal, onMessage }: RemoteOptions,
): Promise<Executor<TrialTask>> {
  const identity = await identityHere();
  const shared = await share(objective);
  const { json } = definition;
  const note = {
    study: studyId(json, identity, shared),
    name: folder ?? 'a study without a folder',
    host: hostname(),
    identity,
    objective: shared,
    ...(json.data !== undefined && { data: json.data }),
  };
  return QueueExecutor.open(where, { url: queue, width: workers, note, onMessage, signal });
}

async function share(objective: RemoteObjective): Promise<SharedObjective> {
  if ('training' in objective) return objective;
  const path = objective.module;
  return { module: { path, relative: relative('.', path), sha256: sha256(await readFileBytes(path)) } };
}
