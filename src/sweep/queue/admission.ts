/** Whether a worker may work at a study: only where its trials come to the same bits as anywhere else. Node only. */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DataError } from '../../base/errors.js';
import { readFileBytes } from '../../base/files/atomic.js';
import { canonicalJson } from '../../base/json.js';
import { loadObjective } from '../objective/module.js';
import { Trainer } from '../objective/train.js';
import type { WorkerSetup } from '../worker.js';
import { QueueError } from './error.js';
import { type Identity, type SharedObjective, type StudyNote, sha256 } from './protocol.js';

/**
 * What the worker's processes are told.
 *
 * @throws QueueError for a study of another version of lanegrad, DataError when data or module are not those of the
 * coordinator, and what reading them throws.
 */
export async function admit(note: StudyNote, here: Identity, queue: string): Promise<WorkerSetup> {
  const { identity, objective, data } = note;
  if (identity.version !== here.version) {
    throw new QueueError(
      queue,
      `the study there is of lanegrad ${identity.version}; expected the same version here, which has ${here.version}`,
    );
  }
  if (canonicalJson(identity.engine) !== canonicalJson(here.engine)) {
    throw new QueueError(
      queue,
      `the study there computes with ${JSON.stringify(identity.engine)}; expected the same here, which has ${JSON.stringify(here.engine)}`,
    );
  }
  if ('module' in objective) return { module: await findModule(objective.module) };
  const { training } = objective;
  const own = (await new Trainer(training).describe()).sha256;
  if (own !== data) {
    throw new DataError(
      training.data,
      `expected the data that the coordinator has, SHA-256 ${data}, given others here: ${own}`,
    );
  }
  return { training };
}

type Module = Extract<SharedObjective, { module: unknown }>['module'];

/** The URL of the module here: at the same place within the working directory, or at the same path. */
async function findModule(module: Module): Promise<string> {
  const here = resolve(module.relative);
  const candidates = [...new Set([here, module.path])];
  for (const path of candidates) {
    const bytes = await readFileBytes(path).catch(() => undefined);
    if (bytes === undefined || sha256(bytes) !== module.sha256) continue;
    const url = pathToFileURL(path).href;
    await loadObjective(url);
    return url;
  }
  throw new DataError(
    here,
    `expected the module that the coordinator has, SHA-256 ${module.sha256}, given none or another one here`,
  );
}
