/** Digits pass through two numbers: a map of all of them, and what the map holds between. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  adamW,
  callModel,
  cosineDecay,
  createEngine,
  dataset,
  dense,
  fit,
  input,
  network,
  predict,
  sequential,
  sliceDataset,
} from 'lanegrad';
import { loadMnist } from 'lanegrad/node';

const [out = 'runs/autoencoder.html', rows = 20_000, epochs = 20] = process.argv.slice(2);

const mnist = await loadMnist();
const pictures = sliceDataset(mnist.train, 0, Number(rows)).inputs;
const set = dataset({
  name: 'pictures',
  inputs: pictures,
  width: 784,
  // Each is its own answer, as numbers from 0 to 1.
  targets: Float32Array.from(pictures, (byte) => byte / 255),
  targetWidth: 784,
});

const wide = { activation: 'relu' };
const encoder = sequential(784, [dense(256, wide), dense(64, wide), dense(2)], { seed: 1 });
const decoder = sequential(2, [dense(64, wide), dense(256, wide), dense(784)], { seed: 2 });
const picture = input([784]);
// Both are models of their own, and share their parameters with the whole.
const whole = network(picture, callModel(decoder, callModel(encoder, picture)));

const engine = await createEngine();
const { epochs: history } = await fit(engine, whole, set, {
  loss: 'binaryCrossEntropy',
  optimizer: adamW({ learningRate: cosineDecay({ learningRate: 0.002 }) }),
  batchSize: 128,
  epochs: Number(epochs),
  onEpoch: ({ epoch, loss }) => console.log(`epoch ${epoch}: loss ${loss.toFixed(4)} nats a pixel`),
});
console.log(`from ${history[0].loss.toFixed(4)} to ${history.at(-1).loss.toFixed(4)}`);

const shown = sliceDataset(mnist.test, 0, 3000);
const points = predict(
  engine,
  encoder,
  Float32Array.from(shown.inputs, (byte) => byte / 255),
);
const axis = (i) => {
  const sorted = points.filter((_, j) => j % 2 === i).sort();
  return [sorted[Math.floor(sorted.length * 0.02)], sorted[Math.floor(sorted.length * 0.98)]];
};
const [[left, right], [low, high]] = [axis(0), axis(1)];

// Pictures of places on a grid over the map, most of which no picture came from.
const GRID = 18;
const places = Array.from({ length: GRID * GRID }, (_, i) => [
  left + ((right - left) * (i % GRID)) / (GRID - 1),
  high - ((high - low) * Math.floor(i / GRID)) / (GRID - 1),
]);
const drawn = predict(engine, decoder, places.flat(), { loss: 'binaryCrossEntropy' });
engine.dispose();

const colours = [
  '#4269d0',
  '#efb118',
  '#ff725c',
  '#6cc5b0',
  '#3ca951',
  '#ff8ab7',
  '#a463f2',
  '#97bbf5',
  '#9c6b4e',
  '#9498a0',
];
const dots = Array.from(shown.labels, (label, i) => {
  const x = (500 * (points[2 * i] - left)) / (right - left);
  const y = 500 - (500 * (points[2 * i + 1] - low)) / (high - low);
  return `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="2.4" fill="${colours[label]}"/>`;
});
const key = colours.map((colour, digit) => `<b style="color:${colour}">${digit}</b>`).join(' ');
const bytes = Buffer.from(drawn.map((value) => 255 * value)).toString('base64');
const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Digits on a map</title>
<style>
  body { font: 16px system-ui, sans-serif; margin: 2rem auto; max-width: 1060px; padding: 0 1rem; }
  main { display: flex; flex-wrap: wrap; gap: 2rem; }
  figure { margin: 0; flex: 1 1 300px; }
  svg, canvas { width: 100%; background: #111; border-radius: 6px; }
  b { padding: 0 0.2em; background: #111; }
</style>
<h1>Digits on a map</h1>
<p>Two numbers a picture, learned without labels from ${rows} pictures.</p>
<main>
  <figure><svg viewBox="0 0 500 500" role="img" aria-label="where test pictures lie">${dots.join('')}</svg>
    <figcaption>3,000 pictures that were not learned, coloured by their labels: ${key}</figcaption></figure>
  <figure><canvas width="${28 * GRID}" height="${28 * GRID}" role="img" aria-label="pictures drawn from a grid over the map"></canvas>
    <figcaption>What the network draws at each place of the map</figcaption></figure>
</main>
<script>
  const bytes = Uint8Array.from(atob('${bytes}'), (c) => c.charCodeAt(0));
  const context = document.querySelector('canvas').getContext('2d');
  for (let i = 0; i < ${GRID * GRID}; i++) {
    const image = context.createImageData(28, 28);
    for (let j = 0; j < 784; j++) image.data.set([bytes[784 * i + j], bytes[784 * i + j], bytes[784 * i + j], 255], 4 * j);
    context.putImageData(image, 28 * (i % ${GRID}), 28 * Math.floor(i / ${GRID}));
  }
</script>
</html>
`;
await mkdir(dirname(out), { recursive: true });
await writeFile(out, page);
console.log(`written: ${out}`);
