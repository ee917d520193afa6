/** A flood of requests to a server that is a process of its own: its memory stays bounded, and it stays of use. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { get, post, raw } from '../serve/client.js';
import { lanegrad, type Running, servedUrl, start } from './command.js';
import { writeColours } from './toy.js';

const MIB = 2 ** 20;
/** Bytes beyond those of the idle process: eight bodies of 4 MiB, what JSON makes of them, and what is not collected yet. */
const BOUND = 450 * MIB;

let root = '';
let running: Running;
let url = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lanegrad-flood-'));
  await writeColours(join(root, 'data.csv'), 60);
  await lanegrad(root, ['train', 'data.csv', '--target', 'good', '--epochs', '3', '--out', 'table']);
  running = start(root, ['serve', 'table', '--port', '0', '--request-seconds', '3', '--queue', '64']);
  url = await servedUrl(running);
});
afterAll(async () => {
  running.child.kill('SIGTERM');
  expect((await running.outcome).code).toBe(0);
  await rm(root, { recursive: true });
});

/** Bytes that the server's process has had at most; as Linux tells. */
async function peak(): Promise<number> {
  const text = await readFile(`/proc/${running.child.pid}/status`, 'utf8');
  return 1024 * Number(/VmHWM:\s+(\d+) kB/.exec(text)![1]);
}

const row = { size: 3, colour: 'red' };
const many = Array.from({ length: 1000 }, () => row);

test('small requests, large ones, ones that never end, and ones that are wrong', async () => {
  const [expected] = (await post(url, [row])).json.predictions!;
  const before = await peak();

  // Ninety at a time, more than may wait.
  const seen = new Map<number, number>();
  const ask = async (body: unknown) => {
    const { status, json } = await post(url, body);
    seen.set(status, (seen.get(status) ?? 0) + 1);
    if (status === 200) for (const own of json.predictions!) expect(own).toEqual(expected);
  };
  const asking = async (count: number, body: unknown) => {
    for (let i = 0; i < count; i++) await ask(body);
  };
  const large = JSON.stringify({ rows: [{ ...row, more: 'x'.repeat(4 * MIB - 200) }] });
  await Promise.all([
    ...Array.from({ length: 60 }, () => asking(40, [row])),
    ...Array.from({ length: 20 }, () => asking(6, many)),
    ...Array.from({ length: 10 }, () => asking(4, large)),
  ]);
  expect([...seen.keys()].filter((status) => status !== 200 && status !== 503)).toEqual([]);
  expect(seen.get(200)).toBeGreaterThan(100);

  // Three hundred that send most of the largest body and then no more.
  const half = Buffer.alloc(3 * MIB, ' ');
  const head = `POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${4 * MIB}\r\n\r\n`;
  const stuck = await Promise.all(
    Array.from({ length: 300 }, async () => {
      const connection = await raw(url);
      connection.socket.write(head);
      connection.socket.write(half);
      return connection;
    }),
  );
  expect(['ready', 'queue full']).toContain((await get(`${url}/health`)).json.status);
  await Promise.all(stuck.map(({ closed }) => closed));

  // Names and nestings that are costly for who does not look: refused, each with its error.
  const deep = '['.repeat(2 * MIB);
  const wide = JSON.stringify([Object.fromEntries(Array.from({ length: 70_000 }, (_, i) => [`c${i}`, 1]))]);
  for (const body of [deep, wide, '['.repeat(1000), '[{},{}]', `[${'{},'.repeat(900)}{}]`]) {
    expect((await post(url, body)).status).toBe(400);
  }

  expect((await post(url, [row])).json.predictions).toEqual([expected]);
  expect(await get(`${url}/health`)).toMatchObject({ status: 200, json: { status: 'ready', waiting: 0 } });
  expect((await peak()) - before).toBeLessThan(BOUND);
}, 300_000);
