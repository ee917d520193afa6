/** Each kernel on each engine, beside the machine's limit. */

import type { ImageShape } from '../src/base/image-shape.js';
import { dataset } from '../src/data/dataset.js';
import type { Engine } from '../src/engine/engine.js';
import type { FusedActivation } from '../src/engine/kernels.js';
import type { Arena, Tensor } from '../src/engine/tensor.js';
import { activate, activateBackward } from '../src/ops/activations.js';
import { gatherRows } from '../src/ops/gather.js';
import { matmul, matmulTransposedA, matmulTransposedB } from '../src/ops/matmul.js';
import { sgdStep } from '../src/ops/optimizers.js';
import { permute } from '../src/ops/random.js';
import { addBias, argmax, columnSums } from '../src/ops/reduce.js';
import { softmax, softmaxCrossEntropy } from '../src/ops/softmax.js';
import { SparseRows } from '../src/ops/sparse.js';
import { Augmenter } from '../src/train/augment/augmenter.js';
import type { AugmentConfig } from '../src/train/augment/options.js';
import type { Contender } from './engines.js';
import { type Candidate, compare, type Effort, type Rate } from './harness.js';
import { limitCandidate } from './limit.js';
import { parseShape } from './shapes.js';

export interface KernelResult {
  readonly kernel: string;
  readonly shape: string;
  /** Of the rates: GFLOPS, or giga-elements per second. */
  readonly unit: 'GFLOPS' | 'Gelem/s';
  readonly rates: readonly Rate[];
}

const SHAPES = [
  '64x784:784x300',
  '64x300:300x10',
  '256x256:256x256',
  '512x512:512x512',
  '1024x1024:1024x1024',
];
const QUICK_SHAPES = SHAPES.slice(0, 3);

/** 1 MiB of float32. */
const ELEMENTS = 262_144;

export async function benchKernels(
  contenders: readonly Contender[],
  effort: Effort,
  { quick, report }: { quick: boolean; report: (result: KernelResult) => void },
): Promise<KernelResult[]> {
  const results: KernelResult[] = [];
  const limits = new Map<string, Candidate | undefined>();
  for (const { name } of contenders) limits.set(name, await limitCandidate(name));
  const measure = async (kernel: string, shape: string, flops: boolean, make: Make) => {
    const arenas: Arena[] = [];
    const candidates: Candidate[] = [];
    for (const { name, engine } of contenders) {
      const limit = flops ? limits.get(name) : undefined;
      if (limit) candidates.push({ ...limit, amount: limit.amount / 1e9 });
      const arena = engine.arena();
      arenas.push(arena);
      const { amount, run } = make(engine, new Inputs(arena));
      candidates.push({ name, amount: amount / 1e9, run });
    }
    const unit = flops ? 'GFLOPS' : 'Gelem/s';
    const rates = await compare(candidates, effort);
    for (const arena of arenas) arena.dispose();
    results.push({ kernel, shape, unit, rates });
    report(results[results.length - 1]);
  };

  for (const text of quick ? QUICK_SHAPES : SHAPES) {
    const { B, M, N, K } = parseShape(text);
    const amount = 2 * B * M * N * K;
    await measure('gemm_nn', text, true, (_, inputs) => ({
      amount,
      run: matmul({ c: inputs.empty([M, N]), a: inputs.random([M, K]), b: inputs.random([K, N]) }),
    }));
    await measure('gemm_nt', text, true, (_, inputs) => ({
      amount,
      run: matmulTransposedB({ c: inputs.empty([M, N]), a: inputs.random([M, K]), b: inputs.random([N, K]) }),
    }));
    await measure('gemm_tn', text, true, (_, inputs) => ({
      amount,
      run: matmulTransposedA({ c: inputs.empty([M, N]), a: inputs.random([K, M]), b: inputs.random([K, N]) }),
    }));
  }
  await measure('sparse_forward', '64x784:784x300', true, (_, inputs) => {
    const { sparse, entries, w, y } = inputs.sparse();
    const forward = sparse.matmul({ y, w, activation: 'identity', state: { training: true } });
    return { amount: 2 * entries * w.columns, run: forward };
  });
  await measure('sparse_sgd', '64x784:784x300', true, (_, inputs) => {
    const { sparse, entries, w, y } = inputs.sparse();
    const step = sparse.sgdStep({ w, dy: y });
    return { amount: 2 * entries * w.columns, run: () => step(1e-6) };
  });
  for (const [kernel, make] of Object.entries(elementKernels)) {
    await measure(kernel, '1 MiB', false, make);
  }
  return results;
}

type Make = (engine: Engine, inputs: Inputs) => { amount: number; run: () => unknown };

const [ROWS, COLUMNS] = [ELEMENTS / 256, 256];

function forward(activation: FusedActivation): Make {
  return (_, inputs) => ({
    amount: ELEMENTS,
    run: activate({ y: inputs.empty([ELEMENTS]), x: inputs.random([ELEMENTS]), activation }),
  });
}

function backward(activation: FusedActivation): Make {
  return (_, inputs) => {
    const [dx, y, dy] = [inputs.empty([ELEMENTS]), inputs.random([ELEMENTS]), inputs.random([ELEMENTS])];
    return { amount: ELEMENTS, run: activateBackward({ dx, y, dy, activation }) };
  };
}

/** Images changed at random, which is JavaScript on the calling thread. */
function augment(imageShape: ImageShape, config: AugmentConfig): Make {
  return (_, inputs) => {
    const size = imageShape.reduce<number>((product, length = 1) => product * length, 1);
    const bytes = Uint8Array.from({ length: 256 * size }, (_, i) => (i * 7) % 256);
    const labels = new Int32Array(256);
    const images = new Augmenter('bench', dataset({ inputs: bytes, imageShape, labels }), config, 1);
    const order = inputs.arena.tensor('u32', [64]);
    permute(order, 1, 0)();
    const y = inputs.empty([64, size]);
    return { amount: 64 * size, run: () => images.load(y, undefined, order, 0) };
  };
}

const elementKernels: Record<string, Make> = {
  exp: (engine, inputs) => {
    const [y, x] = [inputs.empty([ELEMENTS]), inputs.random([ELEMENTS])];
    return { amount: ELEMENTS, run: () => engine.kernels.exp(y.pointer, x.pointer, ELEMENTS) };
  },
  log: (engine, inputs) => {
    const [y, x] = [inputs.empty([ELEMENTS]), inputs.random([ELEMENTS], 1, 2)];
    return { amount: ELEMENTS, run: () => engine.kernels.log(y.pointer, x.pointer, ELEMENTS) };
  },
  sigmoid_forward: forward('sigmoid'),
  sigmoid_backward: backward('sigmoid'),
  tanh_forward: forward('tanh'),
  tanh_backward: backward('tanh'),
  relu_forward: forward('relu'),
  relu_backward: backward('relu'),
  softmax: (_, inputs) => ({
    amount: ELEMENTS,
    run: softmax({ y: inputs.empty([ROWS, COLUMNS]), x: inputs.random([ROWS, COLUMNS]) }),
  }),
  softmax_cross_entropy_64x10: (_, inputs) => ({
    amount: 640,
    run: softmaxCrossEntropy({
      losses: inputs.empty([64]),
      dLogits: inputs.empty([64, 10]),
      logits: inputs.random([64, 10]),
      labels: inputs.integers([64]),
    }),
  }),
  add_bias: (_, inputs) => ({
    amount: ELEMENTS,
    run: addBias({
      y: inputs.empty([ROWS, COLUMNS]),
      x: inputs.random([ROWS, COLUMNS]),
      bias: inputs.random([COLUMNS]),
    }),
  }),
  column_sums: (_, inputs) => ({
    amount: ELEMENTS,
    run: columnSums({ y: inputs.empty([COLUMNS]), x: inputs.random([ROWS, COLUMNS]) }),
  }),
  sgd_step: (_, inputs) => {
    const step = sgdStep({ w: inputs.random([ELEMENTS]), g: inputs.random([ELEMENTS]) });
    return { amount: ELEMENTS, run: () => step(1e-6) };
  },
  gather_u8_64x784: (_, inputs) => {
    const indices = inputs.arena.tensor('u32', [64]);
    const gather = gatherRows({
      y: inputs.empty([64, 784]),
      from: inputs.arena.tensor('u8', [64, 784]).fill(99),
      indices,
      scale: 1 / 255,
    });
    permute(indices, 1, 0)();
    return { amount: 64 * 784, run: () => gather(0) };
  },
  // A batch of MNIST's and of CIFAR's size; 0.3 ms of the first are 0.17 Gelem/s.
  augment_64x28x28x1: augment([28, 28], { shift: 2, flip: 'horizontal', rotate: 10 }),
  augment_64x32x32x3: augment([32, 32, 3], { crop: 4, flip: 'horizontal', contrast: 0.2, mixup: 0.2 }),
  argmax_64x10: (_, inputs) => ({
    amount: 640,
    run: argmax({ predictions: inputs.integers([64]), x: inputs.random([64, 10]) }),
  }),
  permutation_55000: (_, inputs) => ({
    amount: 55_000,
    run: permute(inputs.arena.tensor('u32', [55_000]), 1, 0),
  }),
};

/** Tensors for one candidate. */
class Inputs {
  readonly arena: Arena;
  #stream = 0;

  constructor(arena: Arena) {
    this.arena = arena;
  }

  empty(shape: number[]): Tensor {
    return this.arena.tensor('float', shape);
  }

  random(shape: number[], low = -1, high = 1): Tensor {
    const tensor = this.arena.tensor('float', shape);
    const { kernels } = this.arena.engine;
    kernels.random_uniform(tensor.pointer, tensor.size, 1, 0, this.#stream++, 0, low, high);
    return tensor;
  }

  /** 64 rows with about as many entries as MNIST's, and what a first layer of 300 multiplies them with. */
  sparse() {
    const [rows, features, units] = [64, 784, 300];
    const values = this.random([rows * features], -0.81, 0.19)
      .read()
      .map((value) => Math.max(value, 0));
    const x = this.arena.padded('float', [rows, features]).write(values);
    const sparse = new SparseRows(this.arena, x, units);
    sparse.load(rows);
    const [w, y] = [features, rows].map((length) =>
      this.arena.padded('float', [length, units]).write(this.random([length * units]).read()),
    );
    return { sparse, entries: values.filter((value) => value > 0).length, w, y };
  }

  integers(shape: number[]): Tensor {
    return this.arena.tensor('i32', shape);
  }
}
