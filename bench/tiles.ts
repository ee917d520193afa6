/** Products by each way to cut them into tiles, beside the machine's limit: what the engine chooses from. */
import { type Tiles, candidates as tilesOf, tilings } from '../src/engine/tiles.js';
import type { Contender } from './engines.js';
import { digits, percent, range } from './format.js';
import { type Candidate, compare, type Effort, type Rate } from './harness.js';
import { limitCandidate } from './limit.js';
import { parseShape } from './shapes.js';

export interface TilesResult {
  readonly engine: string;
  readonly kernel: string;
  readonly shape: string;
  /** GFLOPS of each way to cut, by its name; the first is the limit. */
  readonly rates: readonly Rate[];
  /** What the engine takes. */
  readonly chosen: Tiles | undefined;
}

const SHAPES = [
  '8x784:784x300',
  '16x784:784x300',
  '64x784:784x300',
  '784x64:64x300',
  '256x256:256x256',
  '512x512:512x512',
];

export async function benchTiles(
  contenders: readonly Contender[],
  effort: Effort,
  { quick, report }: { quick: boolean; report: (result: TilesResult) => void },
): Promise<TilesResult[]> {
  const results: TilesResult[] = [];
  for (const { name, engine } of contenders) {
    const limit = await limitCandidate(name);
    if (!limit) continue;
    const names = tilesOf(engine.info.math, engine.info.turbo);
    for (const shape of quick ? SHAPES.slice(2, 3) : SHAPES) {
      const { M, N, K } = parseShape(shape);
      const arena = engine.arena();
      const [c, a, b] = [M * N, M * K, K * N].map((length) => arena.tensor('float', [length]));
      const { kernels, work } = engine;
      for (const [stream, { pointer, size }] of [a, b].entries()) {
        kernels.random_uniform(pointer, size, 1, 0, stream, 0, -1, 1);
      }
      const amount = (2 * M * N * K) / 1e9;
      const products = {
        gemm_nn: (t: number) =>
          kernels.gemm_nn(c.pointer, N, 0, work, a.pointer, K, 0, b.pointer, N, 0, 0, 1, M, N, K, 0, 0, t),
        gemm_nt: (t: number) =>
          kernels.gemm_nt(
            c.pointer,
            N,
            0,
            work,
            0,
            0,
            0,
            a.pointer,
            K,
            0,
            b.pointer,
            K,
            0,
            1,
            M,
            N,
            K,
            0,
            0,
            t,
          ),
        gemm_tn: (t: number) =>
          kernels.gemm_tn(c.pointer, N, 0, work, a.pointer, M, 0, b.pointer, N, 0, 1, M, N, K, 0, t),
      };
      for (const [kernel, run] of Object.entries(products)) {
        const tried = names.map((tiles): Candidate => {
          const tiling = tilings[tiles];
          return { name: tiles, amount, run: () => run(tiling) };
        });
        const rates = await compare([{ ...limit, amount: limit.amount / 1e9 }, ...tried], effort);
        results.push({ engine: name, kernel, shape, rates, chosen: engine.info.tuning?.tiles });
        report(results[results.length - 1]);
      }
      arena.dispose();
    }
  }
  return results;
}

export function tilesRow({ engine, kernel, shape, rates: [limit, ...rates], chosen }: TilesResult): string {
  const lines = rates.map((rate) => {
    const share = percent(rate.median / limit.median);
    const mark = rate.name === chosen ? '  chosen' : '';
    return `  ${rate.name.padEnd(13)} ${digits(rate.median).padStart(7)} GFLOPS ${range(rate).padEnd(16)} ${share.padStart(5)} of the limit${mark}`;
  });
  return `${engine}, ${kernel} ${shape}, limit ${digits(limit.median)}\n${lines.join('\n')}`;
}
