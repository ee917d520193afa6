/**
 * The kernels of an engine with threads: each call is cut into chunks where that pays, and computed by one
 * thread where not. Its result is the same bit for bit. Which part of a job a chunk is stands in
 * assembly/threads/jobs.ts.
 */
import { ROWS_ASIDE, SUM_ABSOLUTES, SUM_BLOCK, SUM_PLAIN, SUM_SQUARES } from '../constants.js';
import { jobs } from '../generated/lines.js';
import { CONV_DEPTHWISE, CONV_SCATTERED, GEOMETRY } from '../geometry.js';
import type { Kernels } from '../kernels.js';
import { type Call, cutter } from './cut.js';
import { lineKernels } from './lines.js';
import type { ThreadPool } from './pool.js';
import { MULTIPLY_ADD, type Splitter } from './split.js';

/**
 * Nanoseconds on one thread, roughly: of a multiply-add of a compressed entry and a column; of an entry
 * fetched from main memory, or
 * counted and moved; of an element added up. */
const COST = { sparse: 0.05, gathered: 1, entry: 2, sum: 0.3 } as const;

/** The places of a geometry's words. */
const [H, W, C, OH, OW, O, KH, KW, SH, SW, , , , , GROUPS, FORM] = [...GEOMETRY.keys()];

type Job = keyof typeof jobs;

/** The names in a list. */
type Names<List> = List extends `${infer First} ${infer Rest}` ? First | Names<Rest> : List;

const numbers = Object.fromEntries(Object.keys(jobs).map((name, i) => [name, i + 1])) as Record<Job, number>;

/** `buffer` is the memory, read anew at each use. */
export function threadedKernels(
  one: Kernels,
  pool: ThreadPool,
  splitter: Splitter,
  buffer: () => ArrayBufferLike,
): Kernels {
  const cut = cutter(pool, splitter);
  let memory = new Int32Array(buffer());

  /** The i32 at a pointer. */
  function peek(pointer: number): number {
    if (pointer >= memory.byteLength) memory = new Int32Array(buffer());
    return memory[pointer >>> 2];
  }

  /** The kernel of this name; `chunks` is given the arguments that `wanted` names. */
  function job<Name extends Exclude<Job, 'sum_blocks'>>(
    name: Name,
    wanted: readonly Names<(typeof jobs)[Name]>[],
    chunks: (a: number, b: number, c: number, d: number, e: number) => number,
    otherwise: Kernels[Name] = one[name],
  ): Kernels[Name] {
    const args: string[] = jobs[name].split(' ');
    const [a, b, c, d, e] = wanted.map((arg) => args.indexOf(arg));
    return cut({
      kernel: otherwise as Call,
      job: numbers[name],
      isFloat: args.map((arg) => arg === 'f32'),
      chunks: (given) => chunks(given[a], given[b], given[c], given[d], given[e]),
    }) as Kernels[Name];
  }

  function sum(kernel: Kernels['sum'], kind: number): Kernels['sum'] {
    const { words, scratch } = pool;
    return (x, n) => {
      const blocks = Math.ceil(n / SUM_BLOCK);
      const chunks = splitter.line(blocks, 1, SUM_BLOCK * COST.sum);
      // The sums of the blocks must find room in the scratch space.
      if (chunks === 0 || blocks > scratch.length) return kernel(x, n);
      words[0] = scratch.byteOffset;
      words[1] = x;
      words[2] = n;
      words[3] = 0;
      words[4] = blocks;
      words[5] = kind;
      pool.run(numbers.sum_blocks, chunks, splitter.rows);
      let total = 0;
      for (let i = 0; i < blocks; i++) total += scratch[i];
      return total;
    };
  }

  const product = (B: number, M: number, N: number, K: number) => splitter.product(B, M, N, K);

  const sparse_gemm = job('sparse_gemm', ['starts', 'M', 'N', 'blocks'], (starts, M, N, blocks) => {
    const entries = peek(starts + 4 * M * blocks);
    return splitter.columnShares(M, N, blocks > 1 ? 1 : ROWS_ASIDE, (entries / M) * COST.sparse);
  });

  const transpose_compressed = job(
    'transpose_compressed',
    ['rowStarts', 'M', 'blocks', 'from', 'to'],
    (rowStarts, M, blocks, from, to) => {
      const entries = peek(rowStarts + 4 * M * blocks);
      const chunks = splitter.line(to - from, 1, (entries / blocks) * COST.entry);
      // The job's chunks, a block each, are counted from block 0.
      if (chunks === 0 || from !== 0) return 0;
      splitter.rows = 1;
      return to;
    },
  );

  /** A word of a convolution's geometry. */
  const word = (geometry: number, i: number) => peek(geometry + 4 * i);

  const isDepthwise = (geometry: number) => word(geometry, FORM) === CONV_DEPTHWISE;

  /** Nanoseconds of a pixel of its result. */
  function pixelCost(geometry: number): number {
    const window = word(geometry, KH) * word(geometry, KW) * word(geometry, C);
    return (window * word(geometry, O) * MULTIPLY_ADD) / word(geometry, GROUPS);
  }

  /** Where parts begin: depthwise ones at a row, of as many pixels as word i says; others at any tile. */
  const wholeRows = (geometry: number, i: number) => (isDepthwise(geometry) ? word(geometry, i) : 6);

  // Chunks are counted from pixel or row 0.
  const conv_forward = job('conv_forward', ['geometry', 'from', 'to'], (geometry, from, to) => {
    const step = wholeRows(geometry, OW);
    return from === 0 ? splitter.line(to, step, pixelCost(geometry)) : 0;
  });

  const conv_image_gradient = job('conv_image_gradient', ['geometry', 'from', 'to'], (geometry, from, to) => {
    const pixels = word(geometry, H) * word(geometry, W);
    const cost = (pixelCost(geometry) * word(geometry, OH) * word(geometry, OW)) / pixels;
    const strides = word(geometry, SH) * word(geometry, SW);
    // With strides, and where it is scattered, a part is whole images.
    const whole = strides > 1 || word(geometry, FORM) === CONV_SCATTERED;
    return from === 0 ? splitter.line(to, whole ? pixels : wholeRows(geometry, W), cost) : 0;
  });

  const conv_weight_gradient = job(
    'conv_weight_gradient',
    ['geometry', 'B', 'from', 'to'],
    (geometry, B, from, to) => {
      const pixels = B * word(geometry, OH) * word(geometry, OW);
      // As few parts as there are threads: each packs all of dy.
      const rows = isDepthwise(geometry) ? 1 : Math.max(4, Math.ceil(to / pool.threads));
      const cost = (pixels * word(geometry, O) * MULTIPLY_ADD) / word(geometry, GROUPS);
      return from === 0 ? splitter.line(to, rows, cost) : 0;
    },
  );

  return {
    ...one,
    ...lineKernels(one, pool, splitter),
    sum: sum(one.sum, SUM_PLAIN),
    sum_squares: sum(one.sum_squares, SUM_SQUARES),
    sum_absolutes: sum(one.sum_absolutes, SUM_ABSOLUTES),
    gemm_nn: job('gemm_nn', ['B', 'M', 'N', 'K'], product),
    gemm_nt: job('gemm_nt', ['B', 'M', 'N', 'K'], product),
    gemm_tn: job('gemm_tn', ['B', 'M', 'N', 'K'], product),
    conv_forward,
    conv_image_gradient,
    conv_weight_gradient,
    sparse_gemm,
    transpose_compressed,

    // In one job while each thread has one part of C; else one after the other.
    sparse_forward: job(
      'sparse_forward',
      ['starts', 'M', 'N', 'blocks'],
      (starts, M, N, blocks) => {
        const entries = peek(starts + 4 * M * blocks);
        splitter.rows = M;
        splitter.columns = splitter.evenColumns(M, N, (entries / M) * COST.sparse);
        return splitter.columns === 0 ? 0 : pool.threads + blocks;
      },
      // biome-ignore format: an operand a group
      (c, ldc, cs, co, cv, starts, offsets, values, b, bias, M, N, K, blocks, width, step, span, activation, tiling) => {
        sparse_gemm(c, ldc, starts, offsets, values, b, bias, M, N, blocks, span, activation, tiling);
        transpose_compressed(cs, co, cv, starts, offsets, values, M, K, blocks, width, 0, blocks, step);
      },
    ),

    sparse_sgd: job('sparse_sgd', ['starts', 'M', 'N'], (starts, M, N) => {
      const entries = peek(starts + 4 * M);
      return splitter.columnShares(M, N, ROWS_ASIDE, (entries / M) * COST.sparse);
    }),

    gather_entries: job('gather_entries', ['starts', 'M', 'blocks'], (starts, M, blocks) => {
      const entries = peek(starts + 4 * M * blocks);
      return splitter.line(M, 1, (entries / M) * COST.gathered);
    }),
  };
}
