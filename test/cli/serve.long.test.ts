/** `lanegrad serve` as a process: where it says that it is, what it answers, and how it ends. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lanegrad, lastObject, servedUrl, start } from './command.js';
import { writeColours, writeToy } from './toy.js';

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lanegrad-serve-'));
  await writeColours(join(root, 'data.csv'), 60);
  await writeFile(join(root, 'new.csv'), 'size,colour\n3,red\n5,blue\n');
  await writeToy(join(root, 'toy'), { train: 24, test: 8 });
  const table = ['train', 'data.csv', '--target', 'good', '--epochs', '3', '--out', 'table'];
  expect((await lanegrad(root, table)).code).toBe(0);
  const images = ['train', 'toy', '--hidden', '8', '--epochs', '1', '--out', 'images'];
  expect((await lanegrad(root, images)).code).toBe(0);
  expect((await lanegrad(root, ['export', 'images', '--to', 'onnx', '--out', 'images.onnx'])).code).toBe(0);
});
afterAll(() => rm(root, { recursive: true }));

async function ask(url: string, body: string | Uint8Array, type = 'application/json') {
  const init = { method: 'POST', body: body as string, headers: { 'content-type': type } };
  const response = await fetch(`${url}/predict`, init);
  return { status: response.status, json: (await response.json()) as Record<string, unknown> };
}

describe('lanegrad serve', () => {
  test('answers as lanegrad predict does, and ends with status 0 when it is told to', async () => {
    const running = start(root, ['serve', 'table', '--port', '0', '--verbose', '--json']);
    const url = await servedUrl(running);
    const { status, json } = await ask(url, '[{"size":3,"colour":"red"},{"size":5,"colour":"blue"}]');
    expect(status).toBe(200);
    const predictions = json.predictions as { name: string; probabilities: number[] }[];
    const csv = (await lanegrad(root, ['predict', 'table', 'new.csv'])).stdout.trim().split('\n').slice(1);
    const lines = predictions.map(({ name, probabilities }) =>
      [name, ...probabilities.map((share) => Number(share.toPrecision(6)))].join(),
    );
    expect(lines).toEqual(csv);
    running.child.kill('SIGTERM');
    const outcome = await running.outcome;
    expect(outcome.code).toBe(0);
    expect(outcome.stderr).toMatch(/POST \/predict 200 2 rows/);
    expect(outcome.stderr).toMatch(/^SIGTERM: finishing what was accepted/m);
    expect(lastObject(outcome)).toMatchObject({ url, answered: 1, rows: 2, refused: 0 });
  });

  test('takes pictures, also of an ONNX file', async () => {
    const idx = await readFile(join(root, 'toy', 't10k-images-idx3-ubyte'));
    const pixels = new Uint8Array(idx.subarray(16, 16 + 64));
    const png = encode({ width: 8, height: 8, channels: 1, data: pixels });
    const answers = [];
    for (const model of ['images', 'images.onnx']) {
      const running = start(root, ['serve', model, '--port', '0']);
      const url = await servedUrl(running);
      const { status, json } = await ask(url, png, 'image/png');
      expect(status).toBe(200);
      answers.push(json.predictions);
      running.child.kill('SIGINT');
      expect((await running.outcome).code).toBe(0);
    }
    const predicted = lastObject(
      await lanegrad(root, ['predict', 'images', 'toy', '--index', '0', '--json']),
    );
    const [{ probabilities }] = predicted.predictions as { probabilities: number[] }[];
    for (const answer of answers) expect(answer).toMatchObject([{ probabilities }]);
  });

  test.each([
    [['serve'], 2, /missing required argument 'model'/],
    [['serve', 'nothing'], 1, /nothing: cannot be read/],
    [['serve', 'data.csv'], 1, /data\.csv: /],
    [['serve', 'table', '--port', '99999'], 2, /--port.*at most 65535/],
    [['serve', 'table', '--host', ''], 2, /--host.*an address such as/],
    [['serve', 'table', '--queue', 'x'], 2, /--queue.*a whole number/],
  ])('%o is one line of an error', async (args, code, message) => {
    // A free port: what is wrong with the model is said before the usual one is found taken.
    const withPort = args.includes('--port') || args.length < 2 ? args : [...args, '--port', '0'];
    const outcome = await lanegrad(root, withPort);
    expect(outcome.code).toBe(code);
    expect(outcome.stderr).toMatch(message);
    expect(outcome.stderr.trim().split('\n')).toHaveLength(1);
  });
});
