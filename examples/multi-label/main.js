/** Several answers at once: which of six shapes are in a picture. */
import {
  adamW,
  conv2d,
  createEngine,
  createPredictor,
  dataset,
  dense,
  evaluate,
  fit,
  flatten,
  maxPool2d,
  sequential,
} from 'lanegrad';

const SIDE = 20;
const NAMES = ['cross', 'ring', 'square', 'bar', 'slope', 'dots'];

/** Park and Miller's minimal standard: the same pictures at every run. */
function randomSource(seed) {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

/** Whether a pixel belongs to a shape, seen from the shape's middle. */
const inside = {
  cross: (x, y) => Math.abs(Math.abs(x) - Math.abs(y)) < 1 && Math.hypot(x, y) < 4,
  ring: (x, y) => Math.abs(Math.hypot(x, y) - 3) < 0.8,
  square: (x, y) => Math.max(Math.abs(x), Math.abs(y)) < 2.5,
  bar: (x, y) => Math.abs(y) < 1 && Math.abs(x) < 4.5,
  slope: (x, y) => Math.abs(x - y) < 1 && Math.abs(x) < 4,
  dots: (x, y) => Math.abs(y) < 0.8 && Math.abs(x) % 3 < 0.8 && Math.abs(x) < 4,
};

/** Pictures with up to six shapes, noise, and for each shape whether it is there. */
function pictures(size, random) {
  const inputs = new Uint8Array(size * SIDE * SIDE);
  const targets = new Float32Array(size * NAMES.length);
  for (let picture = 0; picture < size; picture++) {
    const pixels = inputs.subarray(picture * SIDE * SIDE, (picture + 1) * SIDE * SIDE);
    for (let i = 0; i < pixels.length; i++) pixels[i] = 50 * random();
    for (const [shape, name] of NAMES.entries()) {
      if (random() > 0.35) continue;
      targets[picture * NAMES.length + shape] = 1;
      const [left, top] = [5 + random() * 10, 5 + random() * 10];
      for (let i = 0; i < pixels.length; i++) {
        if (inside[name]((i % SIDE) - left, Math.floor(i / SIDE) - top)) pixels[i] = 200;
      }
    }
  }
  return dataset({ inputs, imageShape: [SIDE, SIDE], targets, targetWidth: NAMES.length });
}

const random = randomSource(1);
const [train, test] = [pictures(6000, random), pictures(1000, random)];
const engine = await createEngine();
const model = sequential(
  [SIDE, SIDE, 1],
  [
    conv2d(16, 3, { activation: 'relu' }),
    maxPool2d(2),
    conv2d(32, 3, { activation: 'relu' }),
    flatten(),
    dense(64, { activation: 'relu' }),
    dense(NAMES.length),
  ],
);
await fit(engine, model, train, {
  // A yes or no for each shape, whatever the others are: not softmax, which would let one in only.
  loss: 'binaryCrossEntropy',
  optimizer: adamW({ learningRate: 0.002 }),
  epochs: Number(process.argv[2] ?? 8),
  onEpoch: ({ epoch, loss }) => console.log(`epoch ${epoch}: loss ${loss.toFixed(4)}`),
});
const { metrics } = await evaluate(engine, model, test, {
  metrics: ['multilabelF1Macro', 'hammingLoss', 'subsetAccuracy'],
});
console.log(`all six answers right: ${(100 * metrics.subsetAccuracy).toFixed(1)} % of pictures`);
console.log(
  `single answers wrong: ${(100 * metrics.hammingLoss).toFixed(1)} %, F1 ${metrics.multilabelF1Macro.toFixed(3)}`,
);

const predictor = createPredictor(engine, model, { maxRows: 1 });
for (let picture = 0; picture < 3; picture++) {
  const chances = predictor.predictProba(
    test.inputs.subarray(picture * SIDE * SIDE, (picture + 1) * SIDE * SIDE),
  );
  const there = NAMES.filter((_, i) => test.targets[picture * NAMES.length + i] === 1);
  const seen = NAMES.map((name, i) => `${name} ${chances[i].toFixed(2)}`);
  console.log(`there: ${there.join(', ') || 'nothing'}\n seen: ${seen.join(', ')}`);
}
predictor.dispose();
engine.dispose();
