/**
 * One training for bench/stream.ts, in a process of its own, whose memory is then its own: on NPY files that
 * stream, or on the same rows in memory. Prints rows a second of the last epoch, the peak of resident memory
 * in bytes, and the weights' SHA-256.
 */
import { createEngine, dataset, dense, fit, sequential, sgd } from '../dist/index.js';
import { streamNpy, weightsSha256 } from '../dist/node.js';

const [kind, inputs, labels, shuffle] = process.argv.slice(2);
const stream = await streamNpy({ inputs, labels, classes: 2 });

async function inMemory() {
  const { size, width, source } = stream;
  const all = { inputs: new Float32Array(size * width), labels: new Int32Array(size) };
  let row = 0;
  for (let i = 0; i < source.chunks.length; i++) {
    const chunk = await source.read(i);
    all.inputs.set(chunk.inputs, row * width);
    all.labels.set(chunk.labels, row);
    row += source.chunks[i];
  }
  return dataset({ ...all, width, classes: 2 });
}

const engine = await createEngine({ math: 'strict' });
const model = sequential(stream.width, [dense(64, { activation: 'relu' }), dense(2)], { seed: 1 });
const { epochs } = await fit(engine, model, kind === 'memory' ? await inMemory() : stream, {
  loss: 'softmaxCrossEntropy',
  optimizer: sgd({ learningRate: 0.05 }),
  batchSize: 256,
  epochs: 2,
  shuffle: shuffle === 'shuffle',
});
const rowsPerSecond = epochs.at(-1).samplesPerSecond;
const residentBytes = 1024 * process.resourceUsage().maxRSS;
console.log(JSON.stringify({ rowsPerSecond, residentBytes, weights: await weightsSha256(model) }));
