/** What stands for the data of a study: equal data have equal digests. Node only. */
import { createHash } from 'node:crypto';
import { canonicalJson } from '../../base/json.js';
import type { RunSplits } from '../../run/splits.js';
import { describeData } from '../../train/configuration.js';

/** Of parts of the data: of a table `full` has not what validates. One that is not there has a digest too. */
export async function digestOf(
  splits: RunSplits,
  parts: readonly ('full' | 'validation' | 'test')[],
): Promise<string> {
  const digest = createHash('sha256');
  for (const part of parts) {
    const set = splits[part];
    digest.update(`${part} ${canonicalJson(set ? await describeData(set) : null)}\n`);
  }
  return digest.digest('hex');
}
