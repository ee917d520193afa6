/**
 * `npm run bench -- conv`: the kernels of convolutions, three networks beside peers, two threads beside one,
 * and what issue 16 asks of all that.
 */
import type { Contender } from '../engines.js';
import type { Effort } from '../harness.js';
import { threadsRow } from '../tables.js';
import { askedRows } from './asked.js';
import { benchContest } from './contest.js';
import { benchConvKernels } from './kernels.js';
import type { ConvResult } from './results.js';
import { askedTable, contestTable, convKernelRow } from './tables.js';
import { benchConvThreads } from './threads.js';

/** Reports each table as soon as it is there. Throws an Error where peers do not learn the same. */
export async function benchConv(
  contenders: readonly Contender[],
  effort: Effort,
  { quick, threads: count, report }: { quick: boolean; threads: number; report: (text: string) => void },
): Promise<ConvResult> {
  const kernels = await benchConvKernels(contenders, effort, {
    quick,
    report: (result) => report(convKernelRow(result)),
  });
  const { results: contests, peers } = await benchContest(contenders, {
    ...{ quick, threads: count },
    report: (result) => report(contestTable(result)),
  });
  report('');
  const threads = await benchConvThreads({ quick, report: (result) => report(threadsRow(result)) });
  const pytorch = peers.find(({ peer }) => peer === 'pytorch')?.settings as { avx512?: boolean } | undefined;
  const asked = askedRows({ kernels, contests, threads, avx512: pytorch?.avx512 });
  report(askedTable(asked, quick));
  return { kernels, contests, threads, asked, peers };
}
