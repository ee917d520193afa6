/** Ten kinds of clothes, told apart by a convolutional network. */
import {
  adamW,
  conv2d,
  cosineDecay,
  createEngine,
  dense,
  dropout,
  evaluate,
  fit,
  flatten,
  maxPool2d,
  sequential,
  sliceDataset,
} from 'lanegrad';
import { loadIdxFolder, saveModel } from 'lanegrad/node';

const KINDS = [
  'T-shirt',
  'trousers',
  'pullover',
  'dress',
  'coat',
  'sandal',
  'shirt',
  'sneaker',
  'bag',
  'boot',
];

const [folder = '/usr/share/datasets/fashion-mnist', rows = '60000', epochs = '6'] = process.argv.slice(2);
const { train, validation, test } = await loadIdxFolder(folder);
console.log(`${train.size} pictures to learn from, ${validation.size} to validate, ${test.size} to test`);

const engine = await createEngine();
const model = sequential(
  [28, 28, 1],
  [
    conv2d(16, 3, { padding: 'same', activation: 'relu' }),
    maxPool2d(2),
    conv2d(32, 3, { padding: 'same', activation: 'relu' }),
    maxPool2d(2),
    flatten(),
    dense(64, { activation: 'relu' }),
    dropout(0.3),
    dense(10),
  ],
);
await fit(engine, model, sliceDataset(train, 0, Math.min(Number(rows), train.size)), {
  loss: 'softmaxCrossEntropy',
  optimizer: adamW({ learningRate: cosineDecay({ learningRate: 0.002 }) }),
  epochs: Number(epochs),
  validation,
  augment: { shift: 1, flip: 'horizontal' },
  onEpoch: ({ epoch, loss, validation, samplesPerSecond }) =>
    console.log(
      `epoch ${epoch}: loss ${loss.toFixed(4)}, validation ${(100 * validation.accuracy).toFixed(1)} %, ` +
        `${Math.round(samplesPerSecond)} pictures a second`,
    ),
});
const { accuracy, confusion } = await evaluate(engine, model, test);
console.log(`test: ${(100 * accuracy).toFixed(2)} % right`);

const mistakes = confusion.flatMap((row, actual) =>
  row.map((count, taken) => ({ count: actual === taken ? 0 : count, actual, taken })),
);
for (const { count, actual, taken } of mistakes.sort((a, b) => b.count - a.count).slice(0, 3)) {
  console.log(
    `${KINDS[actual]} taken for ${KINDS[taken]}: ${count} of ${confusion[actual].reduce((a, b) => a + b)}`,
  );
}
await saveModel(model, 'fashion.safetensors');
console.log('written: fashion.safetensors');
engine.dispose();
