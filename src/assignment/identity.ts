/**
 * What every kept result depends on beside its own settings. A result made under another identity is not
 * used. Node only.
 */
import { createHash } from 'node:crypto';
import { cpus } from 'node:os';
import { packageVersion } from '../run/version.js';
import type { Workbench } from './tasks.js';

export interface Identity {
  readonly lanegrad: string;
  readonly wasmSha256: string;
  readonly dataSha256: string;
}

/** Of this package's kernels and of the data: the same code and data give the same results, bit for bit. */
export async function identify(bench: Workbench): Promise<Identity> {
  const [{ info }, { full, test }] = await Promise.all([bench.engine(), bench.splits()]);
  const hash = createHash('sha256');
  for (const { inputs, labels } of [full, test]) hash.update(inputs).update(labels);
  return {
    lanegrad: packageVersion(),
    wasmSha256: info.wasmSha256 ?? info.backend,
    dataSha256: hash.digest('hex'),
  };
}

/** What a speed depends on as well. */
export function machine(): { readonly runtime: string; readonly processor: string; readonly cores: number } {
  const cores = cpus();
  return {
    runtime: `node ${process.versions.node}`,
    processor: cores[0]?.model ?? process.arch,
    cores: cores.length,
  };
}
