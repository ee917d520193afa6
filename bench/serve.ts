/**
 * What `lanegrad serve` does at one row a request: requests a second, and how long one takes, with one client and
 * with many; beside a server of Node's that reads the same bodies and answers nothing. Servers are processes of
 * their own, on connections that are kept.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeModel } from '../src/formats/model.js';
import { dense } from '../src/nn/dense.js';
import { softmaxCrossEntropy } from '../src/nn/losses.js';
import { remember } from '../src/nn/model.js';
import { sequential } from '../src/nn/sequential.js';

export interface ServeResult {
  /** The network's sizes, or what answers nothing. */
  readonly server: string;
  /** Requests at once. */
  readonly clients: number;
  /** A second. */
  readonly requests: number;
  /** Milliseconds that half of them took at most, and 99 of a hundred. */
  readonly p50: number;
  readonly p99: number;
}

const MAIN = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));

const NETWORKS = [
  [4, 64, 64, 2],
  [784, 300, 100, 10],
];
const CLIENTS = [1, 16];

/** Reads a body, and answers as shortly as JSON can. */
const EMPTY = `
const { createServer } = require('node:http');
const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => response.end('{}'));
});
server.listen(0, '127.0.0.1', () => console.log('http://127.0.0.1:' + server.address().port + '  empty'));
`;

/** @param seconds that each of them is asked, after a second that does not count. */
export async function benchServe(
  seconds: number,
  report: (result: ServeResult) => void,
): Promise<ServeResult[]> {
  const folder = await mkdtemp(join(tmpdir(), 'lanegrad-bench-serve-'));
  const results: ServeResult[] = [];
  try {
    for (const sizes of NETWORKS) {
      const row = Array.from({ length: sizes[0] }, (_, i) => ((i * 7) % 16) / 16);
      const path = join(folder, `${sizes.join('-')}.safetensors`);
      await writeFile(path, modelOf(sizes));
      const body = JSON.stringify([row]);
      for (const [server, args] of [
        [`no answer, ${sizes[0]} numbers`, ['-e', EMPTY]],
        [sizes.join('-'), [MAIN, 'serve', path, '--port', '0', '--threads', '1']],
      ] as const) {
        const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
        try {
          const url = await urlOf(child);
          for (const clients of CLIENTS) {
            await ask(url, body, clients, 1);
            const result = { server, clients, ...(await ask(url, body, clients, seconds)) };
            results.push(result);
            report(result);
          }
        } finally {
          child.kill();
        }
      }
    }
    return results;
  } finally {
    await rm(folder, { recursive: true });
  }
}

export function serveRow({ server, clients, requests, p50, p99 }: ServeResult): string {
  const many = `${clients} client${clients > 1 ? 's' : ''}`.padEnd(11);
  const times = `p50 ${p50.toFixed(3)} ms, p99 ${p99.toFixed(3)} ms`;
  return `${server.padEnd(24)} ${many} ${Math.round(requests).toString().padStart(7)} requests/s  ${times}`;
}

function modelOf(sizes: readonly number[]): Uint8Array {
  const layers = sizes
    .slice(1)
    .map((units, i) => dense(units, i < sizes.length - 2 ? { activation: 'relu' } : {}));
  const model = sequential(sizes[0], layers, { seed: 1 });
  remember(model, { loss: softmaxCrossEntropy() });
  return writeModel(model, {});
}

function urlOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.stdout!.on('data', (text) => {
      const url = /^(http:\S+) {2}/m.exec(String(text))?.[1];
      if (url !== undefined) resolve(url);
    });
    child.on('exit', () => reject(new Error('the server ended before it listened')));
  });
}

/** As many requests as there is time for, so many at once. */
async function ask(
  url: string,
  body: string,
  clients: number,
  seconds: number,
): Promise<Pick<ServeResult, 'requests' | 'p50' | 'p99'>> {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const took: number[] = [];
  const began = performance.now();
  const end = began + 1000 * seconds;
  const client = async () => {
    while (performance.now() < end) {
      const start = performance.now();
      await once(`${url}/predict`, body, agent);
      took.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  const elapsed = (performance.now() - began) / 1000;
  agent.destroy();
  took.sort((a, b) => a - b);
  const at = (share: number) => took[Math.min(took.length - 1, Math.floor(share * took.length))];
  return { requests: took.length / elapsed, p50: at(0.5), p99: at(0.99) };
}

function once(url: string, body: string, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const asked = request(url, { method: 'POST', agent, headers }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`it answered ${response.statusCode}`));
      response.resume();
      response.on('end', resolve);
    });
    asked.on('error', reject);
    asked.end(body);
  });
}
