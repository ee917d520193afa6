/**
 * A table trained on in a process of its own, so that its memory is its own: prepared in memory or to stream,
 * then some epochs. Prints one line of JSON.
 */
import { createEngine } from '../src/create/engine.js';
import { adam } from '../src/nn/optimizers.js';
import { weightsSha256 } from '../src/run/weights.js';
import { openTableFile } from '../src/tables/file.js';
import { tableModel } from '../src/tables/model.js';
import { prepareTable } from '../src/tables/prepare.js';
import { streamTable } from '../src/tables/stream-table.js';
import { fit } from '../src/train/fit.js';
import type { LargeFigures } from './large.js';

const [file, memory, epochs, shuffle] = process.argv.slice(2);
const options = { target: 'kind', validation: 0, test: 0 } as const;
const begin = performance.now();
const table = await openTableFile(file);
const streamed =
  memory === 'all' ? undefined : await streamTable(table, { ...options, memory: Number(memory) });
const { train, preparation } = streamed ?? (await prepareTable(table, options));
const prepared = performance.now();
const preparedBytes = process.resourceUsage().maxRSS * 1024;
const engine = await createEngine();
const model = tableModel(preparation, { hidden: [128, 64], seed: 1 });
const rows = train.size!;
const rates: number[] = [];
await fit(engine, model, train, {
  loss: 'softmaxCrossEntropy',
  optimizer: adam({ learningRate: 0.001 }),
  batchSize: 256,
  epochs: Number(epochs),
  shuffle: shuffle === 'true',
  onEpoch: ({ seconds }) => void rates.push(rows / seconds),
});
await streamed?.close();
const figures: LargeFigures = {
  prepared: (1000 * rows) / (prepared - begin),
  epochs: rates,
  // Linux counts in 1024 bytes.
  preparedBytes,
  peakBytes: process.resourceUsage().maxRSS * 1024,
  weightsSha256: await weightsSha256(model),
};
console.log(JSON.stringify(figures));
engine.dispose();
