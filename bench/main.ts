/**
 * npm run bench -- [kernels] [tiles] [scale] [step] [epoch] [packed] [predict] [small] [threads] [browser] [classic] [million] [stream] [large] [conv] [onnx]
 * [peers] [sweep] [serve] [--threads N] [--quick] [--full] [--json FILE] [--markdown FILE] Without a name: kernels and epoch.
 * `large` takes [--rows 1000000] [--memory 512M] [--epochs 2]: of 30,000,000 rows 9 GB on disk.
 * `peers` needs `npm ci` in bench/peers, as do the peers of `conv`, `browser` a Chromium, `sweep` a python3 with Optuna,
 * `classic` the tables that
 * bench/classic-tables.ts names and a python3 with scikit-learn, `million` 400 MB on disk, `stream` 250 MB, or with --full 2.5 GB on disk and in memory. Close everything
 * else first: two busy cores measure each other. What other processes took is said above the tables, and at the end.
 */
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writeFileAtomic } from '../src/base/files/atomic.js';
import { byteCount } from '../src/base/settings.js';
import { DEFAULT_LAG } from '../src/sweep/definition.js';
import { benchBrowser } from './browser.js';
import { benchClassic } from './classic.js';
import { benchConv } from './conv/main.js';
import { openContenders } from './engines.js';
import type { Effort } from './harness.js';
import { benchKernels } from './kernels.js';
import { benchLarge } from './large.js';
import { benchMillion } from './million.js';
import { benchOnnx } from './onnx.js';
import { benchPacked } from './packed.js';
import { benchPeers } from './peers.js';
import { benchPredict } from './predict.js';
import { describeBusy, watchMachine } from './quiet.js';
import type { BenchResults } from './results.js';
import { benchScale, scaleRow } from './scale.js';
import { benchServe, serveRow } from './serve.js';
import { benchSmall, smallRow } from './small.js';
import { benchStream } from './stream.js';
import { benchOverhead, overheadRow } from './sweep/overhead.js';
import { benchTpe, tpeRow } from './sweep/tpe.js';
import {
  browserRow,
  classicRow,
  kernelRow,
  markdown,
  millionRow,
  onnxRow,
  packedRow,
  peerTable,
  predictRow,
  streamRow,
  threadsRow,
  trainingTable,
} from './tables.js';
import { benchThreads } from './threads.js';
import { benchTiles, tilesRow } from './tiles.js';
import { benchEpoch, benchStep } from './training.js';

const tasks = [
  'kernels',
  'tiles',
  'scale',
  'step',
  'epoch',
  'packed',
  'predict',
  'small',
  'threads',
  'browser',
  'classic',
  'million',
  'stream',
  'large',
  'conv',
  'onnx',
  'peers',
  'sweep',
  'serve',
] as const;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'string' },
    markdown: { type: 'string' },
    quick: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
    threads: { type: 'string', default: '1' },
    rows: { type: 'string' },
    memory: { type: 'string', default: '512M' },
    epochs: { type: 'string', default: '2' },
  },
});
const unknown = positionals.find((name) => !(tasks as readonly string[]).includes(name));
if (unknown) {
  console.error(`error: unknown bench ${JSON.stringify(unknown)}; expected ${tasks.join(', ')}`);
  process.exit(2);
}
const wanted = positionals.length > 0 ? positionals : ['kernels', 'epoch'];
const effort: Effort = values.quick ? { rounds: 3, slice: 10 } : { rounds: 9, slice: 30 };

const threads = Number(values.threads);
if (!(Number.isInteger(threads) && threads >= 1)) {
  console.error(`error: --threads: expected a whole number of at least 1, given ${values.threads}`);
  process.exit(2);
}
const contenders = await openContenders(threads);
const results: BenchResults = {
  date: new Date().toISOString(),
  runtime: `node ${process.versions.node}`,
  v8: process.versions.v8,
  cpu: cpus()[0]?.model,
  engines: Object.fromEntries(
    contenders.map(({ name, engine: { info } }) => [
      name,
      info.tuning ? { ...info, tuning: info.tuning } : info,
    ]),
  ),
  effort,
};
const on = threads === 1 ? 'one thread' : `${threads} threads`;
console.log(`${results.runtime}, ${results.cpu}, ${on}; median of ${effort.rounds} rounds [quartiles]\n`);

const busy = watchMachine();
if (wanted.includes('kernels')) {
  const report = (result: Parameters<typeof kernelRow>[0]) => console.log(kernelRow(result));
  results.kernels = await benchKernels(contenders, effort, { quick: values.quick, report });
}
if (wanted.includes('tiles')) {
  const report = (result: Parameters<typeof tilesRow>[0]) => console.log(tilesRow(result));
  results.tiles = await benchTiles(contenders, effort, { quick: values.quick, report });
}
if (wanted.includes('scale')) {
  const report = (result: Parameters<typeof scaleRow>[0]) => console.log(scaleRow(result));
  results.scale = await benchScale(effort, { quick: values.quick, report });
}
if (wanted.includes('step')) {
  const step = await benchStep(contenders, effort);
  results.step = step;
  console.log(trainingTable(step));
}
if (wanted.includes('epoch')) {
  const samples = values.full ? 55_000 : values.quick ? 1_280 : 12_800;
  const epoch = await benchEpoch(contenders, { rounds: values.quick ? 1 : 5, samples });
  results.epoch = epoch;
  console.log(trainingTable(epoch));
}
if (wanted.includes('packed')) {
  const report = (result: Parameters<typeof packedRow>[0]) => console.log(packedRow(result));
  results.packed = await benchPacked(contenders, effort, { quick: values.quick, report });
}
if (wanted.includes('predict')) {
  const report = (result: Parameters<typeof predictRow>[0]) => console.log(predictRow(result));
  results.predict = await benchPredict(contenders, effort, { report });
}
if (wanted.includes('small')) {
  const report = (result: Parameters<typeof smallRow>[0]) => console.log(smallRow(result));
  const folder = fileURLToPath(new URL('peers/', import.meta.url));
  results.small = await benchSmall(contenders, effort, { folder, report });
}
if (wanted.includes('threads')) {
  const report = (result: Parameters<typeof threadsRow>[0]) => console.log(threadsRow(result));
  results.threads = await benchThreads(effort, { quick: values.quick, report });
}
if (wanted.includes('browser')) {
  const report = (result: Parameters<typeof browserRow>[0]) => console.log(browserRow(result));
  const quick = { rounds: 2, samples: 6_400 };
  results.browser = await benchBrowser({
    ...(values.quick ? quick : { rounds: 7, samples: 32_000 }),
    report,
  });
}
if (wanted.includes('classic')) {
  const report = (result: Parameters<typeof classicRow>[0]) => console.log(classicRow(result));
  results.classic = await benchClassic(values.quick ? 2 : 20, report);
}
if (wanted.includes('million')) {
  results.million = await benchMillion(values.quick ? 10_000 : 1_000_000);
  console.log(millionRow(results.million));
}
if (wanted.includes('stream')) {
  results.stream = await benchStream(
    values.quick ? 200_000 : values.full ? 30_000_000 : 3_000_000,
    values.quick ? 1 : 3,
  );
  console.log(streamRow(results.stream));
}
if (wanted.includes('large')) {
  const rows = Number(values.rows ?? (values.quick ? 100_000 : 1_000_000));
  const memory = byteCount({ min: 2 ** 20 }).parse(values.memory);
  if (!(Number.isInteger(rows) && rows > 0) || memory === undefined) {
    console.error('error: expected --rows such as 1000000, and --memory such as 512M');
    process.exit(2);
  }
  results.large = await benchLarge(rows, { memory, epochs: Number(values.epochs) }, console.log);
}
if (wanted.includes('conv')) {
  results.conv = await benchConv(contenders, effort, { quick: values.quick, threads, report: console.log });
}
if (wanted.includes('onnx')) {
  const report = (result: Parameters<typeof onnxRow>[0]) => console.log(onnxRow(result));
  results.onnx = await benchOnnx(contenders, effort, { quick: values.quick, report });
}
if (wanted.includes('peers')) {
  const report = (result: Parameters<typeof peerTable>[0]) => console.log(peerTable(result));
  const { results: rows, peers } = await benchPeers(contenders, {
    rounds: values.quick ? 1 : 5,
    threads,
    report,
  });
  results.peers = rows;
  results.peerVersions = peers;
}
if (wanted.includes('sweep')) {
  console.log(overheadRow(await benchOverhead(values.quick ? 4 : 20)));
  const seeds = values.quick ? 4 : 20;
  const version = await benchTpe({ trials: 100, seeds, lags: [1, DEFAULT_LAG] }, (row) =>
    console.log(tpeRow(row)),
  );
  console.log(`optuna ${version}; means of ${seeds} seeds with their standard errors`);
}
if (wanted.includes('serve')) {
  results.serve = await benchServe(values.quick ? 1 : 5, (result) => console.log(serveRow(result)));
}
results.busy = busy();
console.log(`\n${describeBusy(results.busy)}`);
if (values.markdown !== undefined) {
  await writeFileAtomic(values.markdown, markdown(results));
  console.log(`\nwritten to ${values.markdown}`);
}
if (values.json !== undefined) {
  await writeFileAtomic(values.json, `${JSON.stringify(results, null, 2)}\n`);
  console.log(`\nwritten to ${values.json}`);
}
