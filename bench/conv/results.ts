/** Everything that the bench of convolutions measured. */
import type { ThreadsResult } from '../threads.js';
import type { AskedRow } from './asked.js';
import type { ContestResult } from './contest.js';
import type { ConvKernelResult } from './kernels.js';

export interface ConvResult {
  readonly kernels: readonly ConvKernelResult[];
  readonly contests: readonly ContestResult[];
  readonly threads: readonly ThreadsResult[];
  readonly asked: readonly AskedRow[];
  /** First lines of the peers: versions and settings. */
  readonly peers: readonly unknown[];
}
