/** The first network of every course: digits, read by a machine. */
import { mkdir, rm } from 'node:fs/promises';
import { createEngine, createPredictor, dense, evaluate, fit, sequential, sgd, sliceDataset } from 'lanegrad';
import { loadMnist, loadModel, saveModel } from 'lanegrad/node';

const [rows = 60_000, epochs = 5] = process.argv.slice(2).map(Number);

const engine = await createEngine();
const mnist = await loadMnist();
const model = sequential(784, [dense(100, { activation: 'relu' }), dense(10)], { seed: 1 });
await fit(engine, model, sliceDataset(mnist.train, 0, Math.min(rows, mnist.train.size)), {
  loss: 'softmaxCrossEntropy',
  optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }),
  epochs,
  validation: mnist.validation,
  onEpoch: ({ epoch, loss, validation, samplesPerSecond }) =>
    console.log(
      `epoch ${epoch}: loss ${loss.toFixed(4)}, validation ${(100 * validation.accuracy).toFixed(2)} %, ` +
        `${Math.round(samplesPerSecond)} pictures a second`,
    ),
});
const { accuracy } = await evaluate(engine, model, mnist.test);
console.log(`test: ${(100 * accuracy).toFixed(2)} % right`);

// Written, read, and asked: as another program would use it.
await mkdir('runs', { recursive: true });
await rm('runs/digits.safetensors', { force: true });
await saveModel(model, 'runs/digits.safetensors');
const read = await loadModel('runs/digits.safetensors');
const predictor = createPredictor(engine, read.model, { maxRows: 1 });
const picture = mnist.test.inputs.subarray(0, 784);
const shades = ' .:-=+*#%@';
for (let y = 0; y < 28; y += 2) {
  console.log(
    [...picture.subarray(28 * y, 28 * y + 28)].map((byte) => shades[Math.floor(byte / 25.6)]).join(''),
  );
}
console.log(`read as ${predictor.predictClasses(picture)[0]}, labelled ${mnist.test.labels[0]}`);
predictor.dispose();
engine.dispose();
