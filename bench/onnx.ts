/**
 * Networks of ONNX files, as they are read, beside ONNX Runtime web on the same files: what one batch takes, its
 * inputs written and its outputs read. One thread each; rounds take turns.
 */
import { env, InferenceSession, Tensor } from 'onnxruntime-web';
import { platform } from '../src/base/platform/node.js';
import type { Engine } from '../src/engine/engine.js';
import { readOnnx } from '../src/formats/onnx/read.js';
import { writeOnnx } from '../src/formats/onnx/write.js';
import { add, matmul, mean, mul, reshape, softmax, transpose } from '../src/graph/functions.js';
import { input } from '../src/graph/leaves.js';
import type { Value } from '../src/graph/value.js';
import { CompiledModel } from '../src/nn/compile.js';
import { dense } from '../src/nn/dense.js';
import type { Network } from '../src/nn/model.js';
import { network } from '../src/nn/network.js';
import { layerNorm } from '../src/nn/normalization.js';
import { sequential } from '../src/nn/sequential.js';
import { descriptions, modelOf, NETWORKS } from './conv/networks.js';
import type { Contender } from './engines.js';
import { type Effort, spread } from './harness.js';

export interface OnnxResult {
  readonly network: string;
  /** Rows at once. */
  readonly rows: number;
  readonly runs: readonly {
    readonly name: string;
    /** Microseconds a batch: median over the rounds, and its quartiles. */
    readonly time: { readonly median: number; readonly low: number; readonly high: number };
    /** Times ONNX Runtime web's time, round by round: the median. */
    readonly overOrt: number;
  }[];
}

/** An encoder block of a transformer: 64 places of 128 numbers, four heads. */
function encoder(): Network {
  const [places, width, heads] = [64, 128, 4];
  const x = input([places, width]);
  const head = (own: Value) => transpose(reshape(own, [places, heads, width / heads]), [0, 2, 1, 3]);
  const a = layerNorm()(x);
  const [q, k, v] = [0, 1, 2].map(() => head(dense(width)(a)));
  const shares = softmax(mul(matmul(q, transpose(k)), (width / heads) ** -0.5));
  const mixed = reshape(transpose(matmul(shares, v), [0, 2, 1, 3]), [places, width]);
  const b = add(x, dense(width)(mixed));
  const c = add(b, dense(width)(dense(4 * width, { activation: 'gelu' })(layerNorm()(b))));
  return network(x, dense(10)(mean(c, { axis: 1 })), { seed: 1 });
}

const networks: readonly { readonly name: string; readonly make: () => Network }[] = [
  {
    name: '784-300-100-10',
    make: () =>
      sequential(784, [dense(300, { activation: 'relu' }), dense(100, { activation: 'relu' }), dense(10)], {
        seed: 1,
      }),
  },
  ...NETWORKS.map((name) => ({ name: descriptions[name], make: () => modelOf(name) })),
  { name: 'transformer block, 64 places of 128 numbers, 4 heads', make: encoder },
];

interface Runner {
  readonly name: string;
  /** One batch; the outputs. */
  run(): Promise<Float32Array> | Float32Array;
  dispose(): unknown;
}

/** Throws an Error where two come to different outputs. */
export async function benchOnnx(
  contenders: readonly Contender[],
  effort: Effort,
  { quick, report }: { quick: boolean; report: (result: OnnxResult) => void },
): Promise<OnnxResult[]> {
  env.wasm.numThreads = 1;
  const results: OnnxResult[] = [];
  for (const { name, make } of quick ? networks.slice(0, 1) : networks) {
    const file = writeOnnx(make());
    for (const rows of [1, 64]) {
      const runners = [
        await ortRunner(file, rows),
        ...contenders
          .filter((own) => own.name !== 'reference')
          .map((own) => ourRunner(own.name, own.engine, file, rows)),
      ];
      results.push({ network: name, rows, runs: await race(runners, effort) });
      report(results[results.length - 1]);
      for (const runner of runners) await runner.dispose();
    }
  }
  return results;
}

/** Rows of numbers, the same for everyone; images are given in the order that the file has. */
function inputsFor(size: number, rows: number): Float32Array {
  return Float32Array.from({ length: rows * size }, (_, i) => Math.sin(i * 0.37));
}

async function ortRunner(file: Uint8Array, rows: number): Promise<Runner> {
  const session = await InferenceSession.create(file, { executionProviders: ['wasm'], logSeverityLevel: 3 });
  const { model } = readOnnx(file, 'bench');
  const [{ shape }] = model.inputs;
  const values = inputsFor(model.inputSize, rows);
  const dims = shape.length === 3 ? [rows, shape[2], shape[0], shape[1]] : [rows, ...shape];
  const given = { [session.inputNames[0]]: new Tensor('float32', turned(values, rows, shape), dims) };
  return {
    name: 'ONNX Runtime web',
    run: async () => (await session.run(given))[session.outputNames[0]].data as Float32Array,
    dispose: () => session.release(),
  };
}

/** Images with their channels first, as the runtime takes them. */
function turned(values: Float32Array, rows: number, shape: readonly number[]): Float32Array {
  if (shape.length !== 3) return values;
  const [height, width, channels] = shape;
  const pixels = height * width;
  return Float32Array.from(values, (_, i) => {
    const [row, channel, pixel] = [
      Math.floor(i / (pixels * channels)),
      Math.floor(i / pixels) % channels,
      i % pixels,
    ];
    return values[(row * pixels + pixel) * channels + channel];
  }).subarray(0, rows * pixels * channels);
}

function ourRunner(name: string, engine: Engine, file: Uint8Array, rows: number): Runner {
  const { model } = readOnnx(file, 'bench');
  const compiled = new CompiledModel(engine, model, { maxRows: rows, loss: 'softmaxCrossEntropy' });
  const plan = compiled.plan(rows);
  const values = inputsFor(model.inputSize, rows);
  return {
    name: `lanegrad ${name}`,
    run() {
      platform.leaveTurbo();
      plan.inputs.write(values);
      plan.loaded();
      plan.forward();
      return plan.outputs.read() as Float32Array;
    },
    dispose: () => compiled.dispose(),
  };
}

async function race(runners: readonly Runner[], { rounds, slice }: Effort): Promise<OnnxResult['runs']> {
  const [expected, ...others] = await Promise.all(
    runners.map(async (runner) => Float32Array.from(await runner.run())),
  );
  const largest = Math.max(...expected.map(Math.abs));
  for (const [i, outputs] of others.entries())
    if (outputs.some((value, j) => !(Math.abs(value - expected[j]) <= 1e-4 * largest)))
      throw new Error(`${runners[i + 1].name} gives other outputs than ${runners[0].name}`);
  const times = runners.map((): number[] => []);
  // Round -1 warms up.
  for (let round = -1; round < rounds; round++) {
    for (const [i, runner] of runners.entries()) {
      const all: number[] = [];
      const begin = performance.now();
      while (all.length === 0 || performance.now() - begin < slice) {
        const before = performance.now();
        const result = runner.run();
        if (result instanceof Promise) await result;
        all.push(performance.now() - before);
      }
      if (round >= 0) times[i].push(1000 * spread(all).median);
    }
  }
  return runners.map(({ name }, i) => ({
    name,
    time: spread(times[i]),
    overOrt: spread(times[i].map((time, round) => time / times[0][round])).median,
  }));
}
