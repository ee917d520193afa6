/** A network is trained here, written as ONNX, and run by ONNX Runtime: the same numbers come out. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  adam,
  add,
  concat,
  conv2d,
  createEngine,
  dataset,
  dense,
  fit,
  input,
  mean,
  network,
  predict,
  relu,
  writeOnnx,
} from 'lanegrad';
import { InferenceSession, Tensor } from 'onnxruntime-web';

const out = process.argv[2] ?? 'runs/stripes.onnx';
const SIZE = 12;

// Two inputs, an image of stripes and how much noise it has; one output, the way in which they run.
const image = input([SIZE, SIZE, 1]);
const noise = input([1]);
const seen = conv2d(8, 5, { padding: 'same', activation: 'relu' })(image);
const block = relu(add(seen, conv2d(8, 3, { padding: 'same' })(seen)));
const all = dense(16, { activation: 'gelu' })(concat([mean(block, { axis: [1, 2] }), noise]));
const model = network({ image, noise }, { direction: dense(2)(all) }, { seed: 1 });

const rows = stripes(400);
const engine = await createEngine();
const history = await fit(
  engine,
  model,
  dataset({
    inputs: { image: { values: rows.image, shape: [SIZE, SIZE, 1] }, noise: rows.noise },
    labels: rows.direction,
  }),
  {
    loss: 'softmaxCrossEntropy',
    optimizer: adam({ learningRate: 0.01 }),
    epochs: 5,
  },
);
console.log(
  `trained to a loss of ${history.epochs.at(-1).loss.toFixed(3)}, from ${history.epochs[0].loss.toFixed(3)}`,
);

// The network ends before the softmax that its loss goes with; in the file it stands behind.
const file = writeOnnx(model, { softmax: true });
await mkdir(dirname(out), { recursive: true });
await writeFile(out, file);
console.log(`written: ${out}, ${file.length} bytes`);

// Images have their channels last here and first in ONNX. With one channel that is the same numbers in the same order.
const session = await InferenceSession.create(file);
const count = 5;
const fresh = stripes(count);
const theirs = await session.run({
  image: new Tensor('float32', fresh.image, [count, 1, SIZE, SIZE]),
  noise: new Tensor('float32', fresh.noise, [count, 1]),
});
const ours = predict(engine, model, { image: fresh.image, noise: fresh.noise });

const [own, other] = [ours, theirs.probabilities.data];
console.log(`lanegrad:     ${show(own)}`);
console.log(`ONNX Runtime: ${show(other)}`);
const worst = own.reduce((most, value, i) => Math.max(most, Math.abs(value - other[i])), 0);
console.log(`largest difference: ${worst.toExponential(1)}`);
await session.release();
engine.dispose();
// NaN is no small difference.
if (!(worst < 1e-5)) process.exitCode = 1;

function show(values) {
  return Array.from(values, (value) => value.toFixed(6)).join(' ');
}

function stripes(count) {
  const image = new Float32Array(count * SIZE * SIZE);
  const direction = Array.from({ length: count }, (_, i) => i % 2);
  const width = Float32Array.from({ length: count }, (_, i) => 1 + (i % 3));
  const noise = Float32Array.from({ length: count }, (_, i) => ((i * 7) % 10) / 5);
  for (const at of image.keys()) {
    const [row, place] = [Math.floor(at / SIZE ** 2), at % SIZE ** 2];
    const along = direction[row] === 0 ? Math.floor(place / SIZE) : place % SIZE;
    const stripe = Math.floor((along + row) / width[row]) % 2;
    image[at] = stripe + noise[row] * Math.sin(at * at);
  }
  return { image, noise, direction, width };
}
