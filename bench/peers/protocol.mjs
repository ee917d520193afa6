/**
 * How a peer talks to the bench, see README.md: one JSON line when it is ready, then one for every line of
 * standard input. A round is timed here, from the outside of the peer's own loop.
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { networkBatches, networkOf } from './networks.mjs';
import {
  BATCH,
  CLASSES,
  checkProduct,
  initialWeights,
  learningRate,
  loadRows,
  parseProduct,
  toBatches,
} from './workload.mjs';

const ROUND_SECONDS = 0.3;

/** Options, and what remains after them: a peer's own arguments. */
export function parseOptions() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      data: { type: 'string' },
      dense: { type: 'boolean', default: false },
      network: { type: 'string' },
      rows: { type: 'string' },
      threads: { type: 'string', default: '1' },
      warmup: { type: 'string', default: '100' },
      steps: { type: 'string' },
    },
  });
  return {
    positionals,
    data: values.data,
    dense: values.dense,
    network: values.network,
    rows: values.rows === undefined ? undefined : count(values.rows, '--rows'),
    threads: count(values.threads, '--threads'),
    warmup: count(values.warmup, '--warmup'),
    steps: values.steps === undefined ? undefined : count(values.steps, '--steps'),
  };
}

/** The version of an installed package; for packages that export none. */
export function versionOf(name) {
  return JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url), 'utf8'))
    .version;
}

/**
 * Loads the peer and serves rounds until standard input ends. `load` returns
 *   threads   that really run, where it differs from what was asked for
 *   settings  what else was chosen, for the record
 *   trainer   (batches, weights) => { reset(weights), run(batches): losses }: the mean loss of each batch, after all work is done
 *   network   with --network, in place of both: a network of networks.mjs => { trainer(batches): the same, predictor(x, rows):
 *             { run(), result() }: the logits }
 *   products  a function for each way of multiplying: ({ M, N, K, a, b }) => { run(), result(), dispose() }
 */
export async function serve(peer, version, options, load) {
  const started = performance.now();
  // Libraries greet on console.log; standard output is the protocol's.
  console.log = console.error;
  let context = { peer, version, runtime: `node ${process.versions.node}` };
  let commands;
  try {
    const { threads = options.threads, settings, trainer, products, network } = await load();
    context = { ...context, threads, ...(settings && { settings }) };
    if (options.network) {
      if (!network || !options.data) throw new Error('no networks here, or no --data');
      commands = await networkRounds(network, options);
    } else {
      commands = { matmul: products && productRounds(products) };
      if (trainer && options.data) {
        const batches = toBatches(loadRows(options));
        const source = { batches, trainer: await trainer(batches), weights: initialWeights };
        commands.train = await trainingRounds(source, options);
      }
    }
  } catch (error) {
    const missing = error.code === 'ERR_MODULE_NOT_FOUND';
    print({ ...context, ...(missing && { missing }), error: error.message });
    process.exit(missing ? 0 : 1);
  }
  const tasks = Object.keys(commands).filter((name) => commands[name]);
  print({ ready: true, ...context, tasks, setupSeconds: seconds(started) });
  for await (const line of createInterface({ input: process.stdin })) {
    const [command, ...args] = line.trim().split(/\s+/);
    if (command === '') continue;
    if (command === 'quit') break;
    try {
      if (!commands[command]) throw new Error(`no such task here: '${command}'`);
      print({ ...context, task: command, ...(await commands[command](...args)) });
    } catch (error) {
      print({ ...context, task: command, error: error.message });
    }
  }
  process.exit(0);
}

/** Rounds of a network of networks.mjs: `train [steps] [batch]` and `predict rows`. */
async function networkRounds(make, options) {
  const network = networkOf(options.network);
  const { trainer, predictor } = await make(network);
  const trainers = new Map();
  const predictors = new Map();
  const train = async (steps, batch = BATCH) => {
    const size = count(batch, 'batch');
    if (!trainers.has(size)) {
      const batches = networkBatches(network, options, size);
      const source = { batches, trainer: await trainer(batches), weights: () => network.parameters };
      const warmup = size === BATCH ? options.warmup : 0;
      trainers.set(size, await trainingRounds(source, { ...options, warmup }));
    }
    const { learningRate } = network;
    return { ...(await trainers.get(size)(steps)), data: network.name, learningRate, batch: size };
  };
  const predict = async (text = String(BATCH)) => {
    const rows = count(text, 'rows');
    if (!predictors.has(rows)) {
      const [{ x }] = networkBatches(network, { ...options, rows }, rows);
      const made = await predictor(x, rows);
      // The first and the last row, compared with everybody's.
      const logits = Array.from(await made.result());
      const outputs = [...logits.slice(0, CLASSES), ...logits.slice(-CLASSES)];
      if (options.warmup) await repeat(made.run, ROUND_SECONDS);
      predictors.set(rows, { made, outputs });
    }
    const { made, outputs } = predictors.get(rows);
    const { runs, elapsed } = await repeat(made.run, ROUND_SECONDS);
    const samplesPerSecond = (runs * rows) / elapsed;
    return { data: network.name, rows, runs, seconds: elapsed, samplesPerSecond, outputs };
  };
  return { ...(trainer && { train }), predict };
}

async function trainingRounds({ batches, trainer, weights }, options) {
  const round = async (steps) => {
    await trainer.reset(weights());
    const order = Array.from({ length: steps }, (_, i) => i % batches.length);
    const start = performance.now();
    const losses = await trainer.run(order);
    return { order, losses, elapsed: seconds(start) };
  };
  if (options.warmup) await round(options.warmup);
  return async (steps = options.steps ?? batches.length) => {
    const { order, losses, elapsed } = await round(count(steps, 'steps'));
    const samples = order.reduce((sum, i) => sum + batches[i].size, 0);
    const mean = (n) => {
      const sizes = order.slice(0, n).map((i) => batches[i].size);
      return sizes.reduce((sum, size, i) => sum + size * losses[i], 0) / sizes.reduce((a, b) => a + b, 0);
    };
    return {
      data: options.dense ? 'dense' : 'mnist',
      learningRate: learningRate(options),
      batch: BATCH,
      steps: order.length,
      samples,
      seconds: elapsed,
      samplesPerSecond: samples / elapsed,
      loss: mean(order.length),
      lossFirst10: mean(10),
      losses: losses.slice(0, 10),
    };
  };
}

function productRounds(makers) {
  const warm = new Map();
  return async (shape, variant = 'general') => {
    if (!makers[variant]) throw new Error(`no such product here: '${variant}'`);
    const key = `${shape} ${variant}`;
    if (!warm.has(key)) {
      const factors = parseProduct(shape);
      const product = { ...(await makers[variant](factors)), factors };
      await repeat(product.run, ROUND_SECONDS);
      checkProduct(factors, await product.result());
      warm.set(key, product);
    }
    const { run, factors } = warm.get(key);
    const { runs, elapsed } = await repeat(run, ROUND_SECONDS);
    const gflops = (2e-9 * factors.M * factors.N * factors.K * runs) / elapsed;
    return { shape, ...(variant !== 'general' && { [variant]: true }), runs, seconds: elapsed, gflops };
  };
}

/** Calls `run` for about so long; waits for it only where it is asynchronous. */
async function repeat(run, duration) {
  const start = performance.now();
  let runs = 0;
  let elapsed = 0;
  for (; elapsed < duration; elapsed = seconds(start), runs++) {
    const pending = run();
    if (pending) await pending;
  }
  return { runs, elapsed };
}

function seconds(since) {
  return (performance.now() - since) / 1000;
}

function count(text, what) {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new Error(`${what}: '${text}' is not a whole number`);
  return value;
}

function print(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
