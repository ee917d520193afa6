/** A chaotic series is foretold from windows of its past. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { adamW, cosineDecay, createEngine, createPredictor, dataset, dense, fit, sequential } from 'lanegrad';

const WINDOW = 32;
const AHEAD = 300;

/** Mackey and Glass 1977, delay 17: the blood cells of a patient, and since then every forecaster's test. */
function mackeyGlass(length) {
  const [delay, stepsAUnit] = [17, 10];
  const values = new Float64Array((length + 200) * stepsAUnit).fill(1.2);
  for (let i = delay * stepsAUnit; i < values.length - 1; i++) {
    const before = values[i - delay * stepsAUnit];
    values[i + 1] = values[i] + ((0.2 * before) / (1 + before ** 10) - 0.1 * values[i]) / stepsAUnit;
  }
  return Float32Array.from({ length }, (_, i) => values[(i + 200) * stepsAUnit]);
}

/** Each window of the series, and the value that comes next. */
function windows(series) {
  const inputs = Array.from({ length: series.length - WINDOW }, (_, i) => series.subarray(i, i + WINDOW));
  return dataset({ name: 'series', inputs, targets: series.slice(WINDOW) });
}

const out = process.argv[2] ?? 'runs/time-series.svg';
const series = mackeyGlass(4000);
const [past, future] = [series.subarray(0, 3000), series.subarray(3000)];
// What is to be foretold lies behind what is learned from: shuffled rows would be no test.
const [train, test] = [windows(past), windows(future)];

const engine = await createEngine();
const model = sequential(WINDOW, [
  dense(64, { activation: 'tanh' }),
  dense(64, { activation: 'tanh' }),
  dense(1),
]);
const { epochs } = await fit(engine, model, train, {
  loss: 'meanSquaredError',
  optimizer: adamW({ learningRate: cosineDecay({ learningRate: 0.005 }) }),
  batchSize: 32,
  epochs: 60,
  validation: test,
});
const error = Math.sqrt(epochs.at(-1).validation.loss);
let same = 0;
for (let i = WINDOW; i < future.length; i++) same += (future[i] - future[i - 1]) ** 2;
console.log(`one step ahead, root mean square error: ${error.toFixed(5)}`);
console.log(`of 'as it was a step before': ${Math.sqrt(same / test.size).toFixed(5)}`);

// From here on it hears nothing but itself.
const predictor = createPredictor(engine, model, { maxRows: 1 });
const told = [...future.subarray(0, WINDOW)];
for (let i = 0; i < AHEAD; i++) told.push(predictor.predict(told.slice(-WINDOW))[0]);
const off = told.findIndex((value, i) => Math.abs(value - future[i]) > 0.1);
console.log(`told by itself, within 0.1 for ${(off < 0 ? told.length : off) - WINDOW} steps`);
predictor.dispose();
engine.dispose();

const [width, height] = [900, 260];
const x = (i) => 10 + (i / (WINDOW + AHEAD)) * (width - 20);
const y = (value) => height - 40 - ((value - 0.3) / 1.1) * (height - 60);
const line = (values, from) =>
  values.map((value, i) => `${x(i + from).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
const curve = (values, from, look) => `<polyline points="${line(values, from)}" fill="none" ${look}/>`;
const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="13">
<rect width="100%" height="100%" fill="#fff"/>
<rect x="${x(0)}" y="10" width="${x(WINDOW) - x(0)}" height="${height - 50}" fill="#eef2f7"/>
${curve([...future.subarray(0, WINDOW + AHEAD)], 0, 'stroke="#94a3b8" stroke-width="4"')}
${curve(told.slice(WINDOW - 1), WINDOW - 1, 'stroke="#c2410c" stroke-width="1.6"')}
<text x="${x(1)}" y="${height - 14}">the window it is given</text>
<text x="${x(WINDOW + 25)}" y="${height - 14}" fill="#64748b">the series</text>
<text x="${x(WINDOW + 70)}" y="${height - 14}" fill="#c2410c">what the network tells, from its own words only</text>
</svg>\n`;
await mkdir(dirname(out), { recursive: true });
await writeFile(out, svg);
console.log(`written: ${out}`);
