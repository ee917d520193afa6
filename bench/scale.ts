/**
 * How the cost of training grows: with the width of a network, its depth, the rows of a batch and the threads. Of
 * dense layers it must be linear in rows and depth and go with the square of the width, so the nanoseconds that a
 * sample costs for each weight would be one number everywhere, if nothing but multiplying and adding took time.
 */
import { availableParallelism } from 'node:os';
import { createEngine } from '../src/create/engine.js';
import type { Engine } from '../src/engine/engine.js';
import { CompiledModel } from '../src/nn/compile.js';
import { dense } from '../src/nn/dense.js';
import { sgd } from '../src/nn/optimizers.js';
import { sequential } from '../src/nn/sequential.js';
import { type Candidate, compare, type Effort } from './harness.js';

export interface ScaleResult {
  /** What varies. */
  readonly axis: 'width' | 'depth' | 'batch' | 'threads';
  readonly width: number;
  readonly depth: number;
  readonly batch: number;
  readonly threads: number;
  readonly weights: number;
  /** Microseconds a sample of a step of training: median over the rounds, and its quartiles. */
  readonly time: { readonly median: number; readonly low: number; readonly high: number };
  /** Of forward and both gradients, 6 operations a weight and sample; the first layer has no gradient of its input. */
  readonly gflops: number;
}

interface Point {
  readonly width: number;
  readonly depth: number;
  readonly batch: number;
}

const BASE: Point = { width: 512, depth: 4, batch: 64 };
const AXES = {
  width: [64, 128, 256, 512, 1024, 2048, 4096],
  depth: [1, 2, 4, 8, 16, 32],
  batch: [1, 4, 16, 64, 256, 1024, 4096],
} as const;
const CLASSES = 10;

/** Each axis by itself, from the same network; every size takes turns with the others of its axis. */
export async function benchScale(
  effort: Effort,
  { quick, report }: { quick: boolean; report: (result: ScaleResult) => void },
): Promise<ScaleResult[]> {
  const results: ScaleResult[] = [];
  const measure = async (axis: ScaleResult['axis'], points: readonly (Point & { threads: number })[]) => {
    const engines = new Map<number, Engine>();
    for (const { threads } of points) {
      if (!engines.has(threads)) engines.set(threads, await createEngine({ threads }));
    }
    const steps = points.map((point) => stepOf(engines.get(point.threads)!, point));
    const candidates = steps.map(
      ({ run }, i): Candidate => ({ name: String(i), amount: points[i].batch, run }),
    );
    const rates = await compare(candidates, effort);
    for (const [i, { median, low, high }] of rates.entries()) {
      const time = { median: 1e6 / median, low: 1e6 / high, high: 1e6 / low };
      const { weights } = steps[i];
      results.push({
        axis,
        ...points[i],
        weights,
        time,
        gflops: ((6 * weights - 2 * points[i].width ** 2) * median) / 1e9,
      });
      report(results[results.length - 1]);
    }
    for (const { dispose } of steps) dispose();
    for (const engine of engines.values()) engine.dispose();
  };
  for (const axis of ['width', 'depth', 'batch'] as const) {
    const values = quick ? AXES[axis].slice(0, 3) : AXES[axis];
    await measure(
      axis,
      values.map((value) => ({ ...BASE, [axis]: value, threads: 1 })),
    );
  }
  const all = availableParallelism();
  const counts = [...new Set([1, 2, 4, 8, 16, all])].filter((count) => count <= all);
  const batches = quick ? [64] : [64, 256, 1024];
  for (const batch of batches) {
    await measure(
      'threads',
      counts.map((threads) => ({ ...BASE, batch, threads })),
    );
  }
  return results;
}

/** Forward, loss, both gradients and the update of dense inputs, whose batch stays in place. */
function stepOf(engine: Engine, { width, depth, batch }: Point) {
  const hidden = Array.from({ length: depth }, () => dense(width, { activation: 'relu' }));
  const model = sequential(width, [...hidden, dense(CLASSES)], { seed: 1 });
  const compiled = new CompiledModel(engine, model, {
    maxRows: batch,
    optimizer: sgd({ learningRate: 0.001 }),
    loss: 'softmaxCrossEntropy',
  });
  const plan = compiled.plan(batch);
  plan.inputs.write(Float32Array.from({ length: batch * width }, (_, i) => ((i * 7) % 16) / 16 - 0.5));
  plan.loaded();
  plan.labels.write(Int32Array.from({ length: batch }, (_, i) => i % CLASSES));
  return {
    weights: depth * width * width + width * CLASSES,
    run() {
      plan.forward(true);
      plan.loss();
      plan.step(0.001);
    },
    dispose: () => compiled.dispose(),
  };
}

export function scaleRow({ axis, width, depth, batch, threads, weights, time, gflops }: ScaleResult): string {
  const digits = (value: number) => value.toFixed(value < 100 ? 2 : 0);
  const name = `${axis.padEnd(7)} ${`${depth} x ${width}, batch ${batch}`.padEnd(22)}`;
  const perWeight = ((1000 * time.median) / weights).toFixed(3);
  return (
    `${name} ${threads} thread${threads > 1 ? 's' : ' '} ${digits(time.median).padStart(9)} µs a sample ` +
    `[${digits(time.low)}–${digits(time.high)}]  ${perWeight} ns a weight  ${gflops.toFixed(1)} GFLOPS`
  );
}
