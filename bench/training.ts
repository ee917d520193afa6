/** Training on every engine: a step with its batch in place, and epochs of real MNIST through `fit`. */
import { sliceDataset } from '../src/data/dataset.js';
import { loadMnist } from '../src/data/mnist.js';
import { CompiledModel } from '../src/nn/compile.js';
import { dense } from '../src/nn/dense.js';
import { sgd } from '../src/nn/optimizers.js';
import { type Sequential, sequential } from '../src/nn/sequential.js';
import { fit } from '../src/train/fit.js';
import { BatchSource } from '../src/train/source.js';
import type { Contender } from './engines.js';
import { type Candidate, compare, type Effort, type Rate, spread } from './harness.js';

export interface TrainingResult {
  readonly task: 'step' | 'epoch';
  readonly network: string;
  readonly batchSize: number;
  /** Samples that each measured run trained on. */
  readonly samples: number;
  /** Samples per second. */
  readonly rates: readonly Rate[];
}

const BATCH = 64;
const RATE = 0.5;

function network(): Sequential {
  return sequential(784, [dense(300, { activation: 'sigmoid' }), dense(10)], { seed: 1 });
}

/** Gather, forward, loss, backward and update of one batch of 64 MNIST images, again and again. */
export async function benchStep(contenders: readonly Contender[], effort: Effort): Promise<TrainingResult> {
  const mnist = await loadMnist();
  const set = sliceDataset(mnist.train, 0, 64 * 100);
  const disposables: { dispose(): void }[] = [];
  const candidates = contenders.map(({ name, engine }): Candidate => {
    const compiled = new CompiledModel(engine, network(), {
      maxRows: BATCH,
      optimizer: sgd({ learningRate: RATE }),
    });
    const source = new BatchSource(engine, set);
    disposables.push(compiled, source);
    const plan = compiled.plan(BATCH);
    let start = 0;
    return {
      name,
      amount: BATCH,
      run() {
        source.load(plan, start);
        start = (start + BATCH) % set.size;
        plan.forward();
        plan.loss();
        plan.step(RATE);
      },
    };
  });
  const rates = await compare(candidates, effort);
  for (const disposable of disposables) disposable.dispose();
  return { task: 'step', network: '784-300-10', batchSize: BATCH, samples: BATCH, rates };
}

/** Whole epochs by `fit`; the first `samples` images of MNIST, or all 55,000. */
export async function benchEpoch(
  contenders: readonly Contender[],
  { rounds, samples }: { rounds: number; samples: number },
): Promise<TrainingResult> {
  const mnist = await loadMnist();
  const set = sliceDataset(mnist.train, 0, samples);
  const rates = contenders.map((): number[] => []);
  for (let round = -1; round < rounds; round++) {
    for (const [i, { engine }] of contenders.entries()) {
      const history = await fit(engine, network(), set, {
        loss: 'softmaxCrossEntropy',
        optimizer: sgd({ learningRate: RATE }),
        batchSize: BATCH,
        epochs: 1,
      });
      if (round >= 0) rates[i].push(history.epochs[0].samplesPerSecond);
    }
  }
  const measured = contenders.map(({ name }, i) => ({ name, ...spread(rates[i]) }));
  return { task: 'epoch', network: '784-300-10', batchSize: BATCH, samples, rates: measured };
}
