/** Curves of three runs for TensorBoard, written while they train. */
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  adam,
  createEngine,
  dense,
  epochScalars,
  eventFileHead,
  fit,
  scalarEvent,
  sequential,
  sgd,
  sliceDataset,
} from 'lanegrad';
import { loadMnist } from 'lanegrad/node';

const [folder = 'runs/tensorboard', rows = 10_000] = process.argv.slice(2);
const engine = await createEngine();
const mnist = await loadMnist();
const runs = {
  'sgd-0.1': sgd({ learningRate: 0.1 }),
  'sgd-momentum': sgd({ learningRate: 0.1, momentum: 0.9 }),
  adam: adam({ learningRate: 0.001 }),
};
for (const [name, optimizer] of Object.entries(runs)) {
  await mkdir(join(folder, name), { recursive: true });
  const seconds = () => Date.now() / 1000;
  const file = join(folder, name, `events.out.tfevents.${Math.floor(seconds())}.lanegrad`);
  await writeFile(file, eventFileHead(seconds()));
  const model = sequential(784, [dense(64, { activation: 'relu' }), dense(10)], { seed: 1 });
  const { epochs } = await fit(engine, model, sliceDataset(mnist.train, 0, Number(rows)), {
    loss: 'softmaxCrossEntropy',
    optimizer,
    epochs: 5,
    validation: sliceDataset(mnist.validation, 0, 1000),
    // loss/train beside loss/validation, accuracy likewise, the learning rate, and the speed.
    onEpoch: (record) => appendFile(file, scalarEvent(seconds(), record.step, epochScalars(record))),
  });
  console.log(
    `${name}: ${(100 * epochs.at(-1).validation.accuracy).toFixed(1)} % of the validation set right`,
  );
}
console.log(`look at them with: tensorboard --logdir ${folder}`);
engine.dispose();
