/**
 * The convolution and its two gradients at the shapes of networks, beside the machine's limit and beside the
 * dense product of the same sizes: as many pixels as rows, the window's numbers as the inner length, the
 * outputs as columns. All in the same rounds.
 */
import type { Arena, Tensor } from '../../src/engine/tensor.js';
import {
  type ConvAttributes,
  convolutionWeightGradient,
  convolve,
  convolveTransposed,
} from '../../src/ops/convolve.js';
import { matmul, matmulTransposedA, matmulTransposedB } from '../../src/ops/matmul.js';
import { windowsAlong } from '../../src/ops/read.js';
import type { Contender } from '../engines.js';
import { type Candidate, type Effort, everyRound, type Rate, spread } from '../harness.js';
import { limitCandidate } from '../limit.js';

export interface ConvKernelResult {
  readonly kernel: ConvKernel;
  /** As in `3x3, 32 to 64 channels, 14x14, batch 64`. */
  readonly shape: string;
  readonly engines: readonly {
    readonly name: string;
    /** GFLOPS: what padding multiplies counts as if it were image. */
    readonly rate: Spread;
    /** Of the dense product, in the same rounds. Absent for groups, which have no such product. */
    readonly product?: Spread;
    /** The rate as a share of the product's and of the limit, and over the reference's, round by round. */
    readonly ofProduct?: Spread;
    readonly ofLimit?: Spread;
    readonly overReference?: Spread;
  }[];
}

export type ConvKernel = (typeof kernels)[number];
type Spread = Omit<Rate, 'name'>;

const kernels = ['forward', 'gradient of the image', 'gradient of the weight'] as const;

interface ConvShape {
  readonly size: number;
  readonly from: number;
  readonly to: number;
  readonly side: number;
  readonly padding: number;
  readonly stride?: number;
  readonly depthwise?: boolean;
}

/** The first is the one of which a share of the product is asked. */
const SHAPES: readonly ConvShape[] = [
  { size: 3, from: 32, to: 64, side: 14, padding: 1 },
  // The network of `cnn`, LeNet-5 and the small ResNet: see bench/peers/networks.json.
  { size: 5, from: 1, to: 24, side: 28, padding: 2 },
  { size: 3, from: 24, to: 32, side: 14, padding: 1 },
  { size: 5, from: 1, to: 6, side: 28, padding: 2 },
  { size: 5, from: 6, to: 16, side: 14, padding: 0 },
  { size: 3, from: 3, to: 16, side: 32, padding: 1 },
  { size: 3, from: 16, to: 16, side: 32, padding: 1 },
  { size: 3, from: 16, to: 32, side: 32, padding: 1, stride: 2 },
  { size: 3, from: 32, to: 32, side: 16, padding: 1 },
  { size: 3, from: 32, to: 64, side: 16, padding: 1, stride: 2 },
  { size: 3, from: 64, to: 64, side: 8, padding: 1 },
  { size: 3, from: 32, to: 32, side: 14, padding: 1, depthwise: true },
  { size: 3, from: 64, to: 64, side: 14, padding: 1, depthwise: true },
  { size: 1, from: 64, to: 64, side: 14, padding: 0 },
];
const QUICK_SHAPES = SHAPES.filter((_, i) => [0, 1, 7, 11].includes(i));

/** The reference's rate does not depend on it, and 64 images would take it seconds. */
const REFERENCE_BATCH = 2;

export async function benchConvKernels(
  contenders: readonly Contender[],
  effort: Effort,
  { quick, report }: { quick: boolean; report: (result: ConvKernelResult) => void },
): Promise<ConvKernelResult[]> {
  const results: ConvKernelResult[] = [];
  const batch = quick ? 4 : 64;
  for (const shape of quick ? QUICK_SHAPES : SHAPES) {
    for (const kernel of kernels) {
      results.push(await measure(contenders, effort, { kernel, shape, batch }));
      report(results[results.length - 1]);
    }
  }
  return results;
}

async function measure(
  contenders: readonly Contender[],
  effort: Effort,
  { kernel, shape, batch }: { kernel: ConvKernel; shape: ConvShape; batch: number },
): Promise<ConvKernelResult> {
  const arenas: { dispose(): void }[] = [];
  const candidates: Candidate[] = [];
  for (const { name, engine } of contenders) {
    const images = name === 'reference' ? REFERENCE_BATCH : batch;
    const arena = engine.arena();
    arenas.push(arena);
    let stream = 0;
    const random = (dims: number[], padded = false) => {
      const tensor = padded ? arena.padded('float', dims) : arena.tensor('float', dims);
      return tensor.write(numbers(tensor.size, stream++));
    };
    const { M, K, N, run } = convolution(kernel, shape, images, arena, random);
    const amount = (2 * M * K * N) / 1e9;
    candidates.push({ name, amount, run });
    const product = shape.depthwise ? undefined : dense(kernel, { M, K, N }, random);
    if (product) candidates.push({ name: `product, ${name}`, amount, run: product });
    const limit = await limitCandidate(name);
    if (limit) candidates.push({ ...limit, amount: limit.amount / 1e9 });
  }
  const rates = await everyRound(candidates, effort);
  for (const arena of arenas) arena.dispose();
  const of = (name: string) => rates[candidates.findIndex((candidate) => candidate.name === name)];
  const reference = of('reference');
  return {
    kernel,
    shape: formatConvShape(shape, batch),
    engines: contenders.map(({ name }) => {
      const [own, product, limit] = [of(name), of(`product, ${name}`), of(`limit of ${name}`)];
      const share = (other: number[]) => spread(own.map((rate, round) => rate / other[round]));
      return {
        name,
        rate: spread(own),
        ...(product && { product: spread(product), ofProduct: share(product) }),
        ...(limit && { ofLimit: share(limit) }),
        ...(reference !== own && { overReference: share(reference) }),
      };
    }),
  };
}

type Make = (dims: number[], padded?: boolean) => Tensor;

/** The bound call, and the sizes of the dense product that does as much. */
function convolution(kernel: ConvKernel, shape: ConvShape, batch: number, arena: Arena, random: Make) {
  const { size, from, to, side, padding, stride = 1, depthwise = false } = shape;
  const attributes: ConvAttributes = {
    strides: [stride, stride],
    dilations: [1, 1],
    padding: [padding, padding, padding, padding],
    groups: depthwise ? from : 1,
  };
  const out = windowsAlong(side, size, stride, 1, 2 * padding);
  const inputs = depthwise ? 1 : from;
  const x = random([batch, side, side, from]);
  const y = random([batch, out, out, to]);
  const w = random([size, size, inputs, to], true);
  const sizes = { M: batch * out * out, K: size * size * inputs, N: to };
  const run = {
    forward: () => convolve({ arena, attributes, y, x, w }),
    'gradient of the image': () => convolveTransposed({ arena, attributes, dx: x, dy: y, w }),
    'gradient of the weight': () => convolutionWeightGradient({ arena, attributes, dw: w, x, dy: y }),
  }[kernel]();
  return { ...sizes, run };
}

/** The product that does as many multiply-adds, with the same operand turned. */
function dense(kernel: ConvKernel, { M, K, N }: { M: number; K: number; N: number }, random: Make) {
  const [x, w, y] = [random([M, K]), random([K, N], true), random([M, N])];
  return {
    forward: () => matmul({ c: y, a: x, b: w }),
    'gradient of the image': () => matmulTransposedB({ c: x, a: y, b: w }),
    'gradient of the weight': () => matmulTransposedA({ c: w, a: x, b: y }),
  }[kernel]();
}

function formatConvShape({ size, from, to, side, stride = 1, depthwise }: ConvShape, batch: number): string {
  const channels = depthwise ? `depthwise, ${from} channels` : `${from} to ${to} channels`;
  return `${size}x${size}${stride > 1 ? ` stride ${stride}` : ''}, ${channels}, ${side}x${side}, batch ${batch}`;
}

/** In [-1, 1), none of them 0. */
function numbers(length: number, stream: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => Math.sin(i + 1 + stream));
}
