/**
 * A server under load: each client gets its own answer, who comes too many is told so, who is slow is let go, and
 * what was accepted is finished when the server stops.
 */
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { fallbacksOf } from '../../src/base/settings.js';
import { dense } from '../../src/nn/dense.js';
import { sequential } from '../../src/nn/sequential.js';
import { type ServeSettings, serveOptions } from '../../src/serve/options.js';
import { prepareServing, serveModel } from '../../src/serve/serve.js';
import { ModelServer } from '../../src/serve/server.js';
import { predict } from '../../src/train/predict.js';
import { classifier, engine, get, numbers, post, raw } from './client.js';

/** The machine may be busy. */
const PATIENT = { timeout: 20_000 };

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A server whose answers take some milliseconds a row; `calls` has the rows of each. */
async function slow(milliseconds: number, settings: Partial<ServeSettings> = {}) {
  const all = { ...fallbacksOf(serveOptions), port: 0, ...settings };
  const served = prepareServing(
    'test',
    engine,
    { model: await classifier(), metadata: {}, name: undefined },
    all,
  );
  const server = await ModelServer.listen('test', all);
  const calls: number[] = [];
  const { answers } = served;
  server.load({
    ...served,
    answers: {
      maxRows: 1,
      of(where, values, rows, first) {
        calls.push(rows);
        const end = performance.now() + milliseconds;
        while (performance.now() < end);
        return answers.of(where, values, rows, first);
      },
      dispose: () => answers.dispose(),
    },
  });
  closing.push(() => server.close());
  return { server, url: server.url, calls };
}

/** A request, as its bytes. */
function bytesOf(body: string, { method = 'POST', path = '/predict', length = body.length } = {}): string {
  const head = [`${method} ${path} HTTP/1.1`, 'host: x', 'content-type: application/json'];
  return `${head.join('\r\n')}\r\ncontent-length: ${length}\r\n\r\n${body}`;
}

test('clients at the same time each get the answer to their own rows', async () => {
  const model = await classifier();
  const { url, close } = await serveModel(engine, model, { port: 0 });
  closing.push(close);
  const clients = Array.from({ length: 24 }, async (_, client) => {
    for (let turn = 0; turn < 4; turn++) {
      const rows = numbers(1 + ((client * 7 + turn * 13) % 60), 4, client + 0.01 * turn);
      const { status, json } = await post(url, rows);
      expect(status).toBe(200);
      const own = json.predictions!.flatMap(({ probabilities }) => probabilities);
      expect(own).toEqual([...predict(engine, model, Float32Array.from(rows.flat()))]);
    }
  });
  await Promise.all(clients);
});

test('requests on one connection, sent before the first is answered, are answered in order', async () => {
  const { url } = await slow(1);
  const { socket, received } = await raw(url);
  const bodies = [1, 20, 3].map((count) => JSON.stringify(numbers(count, 4, count)));
  const expected = await Promise.all(bodies.map((body) => post(url, body)));
  socket.write(bodies.map((body) => bytesOf(body)).join(''));
  const texts = () =>
    received()
      .split(/\r\n\r\n/)
      .slice(1)
      .map((text) => text.replace(/HTTP\/1\.1 200 OK[\s\S]*$/, ''));
  await expect.poll(() => texts().filter((text) => text.endsWith('}')).length, PATIENT).toBe(3);
  expect(texts().map((text) => JSON.parse(text))).toEqual(expected.map(({ json }) => json));
  socket.destroy();
});

test('more requests than may wait are told to come again, and health says so', async () => {
  const { url, calls } = await slow(5, { queue: 4 });
  const asked = Array.from({ length: 60 }, (_, i) => post(url, numbers(3, 4, i)));
  await expect.poll(() => calls.length, PATIENT).toBeGreaterThan(0);
  const during = await get(`${url}/health`);
  expect(during).toMatchObject({ status: 503, json: { status: 'queue full', waiting: 4, queue: 4 } });
  const answers = await Promise.all(asked);
  const refused = answers.filter(({ status }) => status === 503);
  const answered = answers.filter(({ status }) => status === 200);
  expect(answered.length + refused.length).toBe(60);
  expect(answered.length).toBeGreaterThanOrEqual(4);
  expect(refused.length).toBeGreaterThan(0);
  for (const { headers, json } of refused) {
    expect(headers.get('retry-after')).toBe('1');
    expect(json.error).toEqual({ name: 'RequestError', message: 'server: 4 requests wait already' });
  }
  expect(calls.reduce((sum, rows) => sum + rows, 0)).toBe(3 * answered.length);
  expect(await get(`${url}/health`)).toMatchObject({ status: 200, json: { status: 'ready', waiting: 0 } });
});

test('bytes that are held are bounded: bodies that never end make room for no more', async () => {
  const { url } = await slow(0, { maxBody: 2 ** 20, requestSeconds: 2 });
  const half = ' '.repeat(900_000);
  const sent = await Promise.all(
    Array.from({ length: 12 }, async () => {
      const connection = await raw(url);
      connection.socket.write(bytesOf(half, { length: 1_000_000 }));
      return connection;
    }),
  );
  // Eight of the largest are held, which nine of these are more than.
  const refused = () =>
    sent.filter(({ received }) => /^HTTP\/1\.1 503 [\s\S]*too many bytes/.test(received()));
  await expect.poll(() => refused().length, PATIENT).toBeGreaterThanOrEqual(3);
  expect((await post(url, ' '.repeat(1_000_000))).status).toBe(503);
  expect((await get(`${url}/health`)).json.status).toMatch(/^(ready|queue full)$/);
  // Those that were held are let go when their time is over.
  await Promise.all(sent.map(({ closed }) => closed));
  expect((await post(url, numbers(2))).status).toBe(200);
  expect((await get(`${url}/health`)).json.status).toBe('ready');
});

test('who is slow is told so and let go, and nobody waits for them', async () => {
  const { url } = await slow(0, { requestSeconds: 1 });
  const beginnings = [
    '',
    'POST /pre',
    'POST /predict HTTP/1.1\r\nhost: x\r\n',
    bytesOf('[[1,', { length: 100 }),
  ];
  const slows = await Promise.all(
    beginnings.map(async (text) => {
      const connection = await raw(url);
      connection.socket.write(text);
      return connection;
    }),
  );
  // One byte now and then does not help.
  const dripping = setInterval(() => slows[3].socket.write(' '), 50);
  for (let i = 0; i < 5; i++) expect((await post(url, numbers(2))).status).toBe(200);
  await Promise.all(slows.map(({ closed }) => closed));
  clearInterval(dripping);
  for (const { received } of slows.slice(1, 3)) {
    expect(received()).toMatch(/^HTTP\/1\.1 408 [\s\S]*"message":"request: the request took too long"/);
  }
});

test('who does not read an answer is let go', async () => {
  const wide = sequential(1, [dense(1000)], { seed: 1 });
  const { url, close } = await serveModel(engine, wide, { port: 0, requestSeconds: 1 });
  closing.push(close);
  const { socket, received, closed } = await raw(url);
  socket.pause();
  socket.write(bytesOf(JSON.stringify(numbers(1000, 1))));
  await expect.poll(async () => (await get(`${url}/health`)).json.waiting, PATIENT).toBe(0);
  // Only who writes hears that there is nobody any more; empty lines before a request mean nothing.
  const poll = setInterval(() => socket.write('\r\n'), 100);
  await expect.poll(() => socket.destroyed || socket.errored !== null, PATIENT).toBe(true);
  clearInterval(poll);
  await closed;
  expect(received()).toBe('');
});

test('rows that nobody waits for any more are not computed', async () => {
  const { url, calls } = await slow(10);
  const leaving = new AbortController();
  const options = { method: 'POST', headers: { 'content-type': 'application/json' }, signal: leaving.signal };
  const left = fetch(`${url}/predict`, { ...options, body: JSON.stringify(numbers(500)) });
  await expect.poll(() => calls.length, PATIENT).toBeGreaterThan(2);
  leaving.abort();
  await expect(left).rejects.toThrow(/abort/i);
  expect((await post(url, numbers(1))).status).toBe(200);
  expect(calls.length).toBeLessThan(400);
});

describe('a server that stops', () => {
  test('finishes what it has accepted and refuses the rest', async () => {
    const { server, url, calls } = await slow(10);
    const asked = [1, 2, 3].map((seed) => post(url, numbers(20, 4, seed)));
    await expect.poll(async () => (await get(`${url}/health`)).json.waiting, PATIENT).toBe(3);
    const closed = server.close();
    const late = await post(url, numbers(1));
    expect(late).toMatchObject({ status: 503, json: { error: { message: 'server: it is stopping' } } });
    expect(late.headers.get('connection')).toBe('close');
    expect(await get(`${url}/health`)).toMatchObject({ status: 503, json: { status: 'stopping' } });
    for (const { status, json } of await Promise.all(asked)) {
      expect(status).toBe(200);
      expect(json.predictions).toHaveLength(20);
    }
    await closed;
    await server.close();
    expect(calls).toHaveLength(60);
    await expect(get(`${url}/health`)).rejects.toThrow('fetch failed');
    expect(server.counts).toEqual({ answered: 3, rows: 60, refused: 1 });
  });

  test('does not wait longer than it is told', async () => {
    const { server, url } = await slow(20, { stopSeconds: 0 });
    const asked = post(url, numbers(1000));
    await expect.poll(async () => (await get(`${url}/health`)).json.waiting, PATIENT).toBe(1);
    const outcome = asked.then(({ status, json }) => `${status} ${json.error?.message}`);
    await server.close();
    expect(await outcome).toBe('503 body: the server is stopping');
  });

  test('lets go of connections that wait for nothing', async () => {
    const { server, url } = await slow(0);
    const { closed } = await raw(url);
    await server.close();
    await closed;
  });
});

test('a model that is loading is said to be', async () => {
  const server = await ModelServer.listen('test', { ...fallbacksOf(serveOptions), port: 0 });
  closing.push(() => server.close());
  expect(await get(`${server.url}/health`)).toMatchObject({ status: 503, json: { status: 'loading' } });
  const early = await post(server.url, numbers(1));
  expect(early).toMatchObject({ status: 503, json: { error: { message: 'server: the model is loading' } } });
  expect(early.headers.get('retry-after')).toBe('1');
});

describe('any body at all', () => {
  const statuses = [200, 400, 413, 415];
  const check = (status: number, json: Awaited<ReturnType<typeof post>>['json']) => {
    expect(statuses).toContain(status);
    if (status === 200) expect(json.predictions!.length).toBeGreaterThan(0);
    else expect(json.error).toEqual({ name: expect.any(String), message: expect.any(String) });
  };

  test('of JSON gets an answer or an error', async () => {
    const { url, close } = await serveModel(engine, await classifier(), { port: 0 });
    closing.push(close);
    const row = fc.oneof(fc.array(fc.float(), { minLength: 4, maxLength: 4 }), fc.jsonValue());
    const rows = fc.array(row, { maxLength: 5 });
    const body = fc.oneof(
      rows,
      fc.record({ rows, type: fc.constantFrom('uint8', 'float32', 3) }),
      fc.jsonValue(),
    );
    await fc.assert(
      fc.asyncProperty(body, async (value) => {
        const { status, json } = await post(url, JSON.stringify(value));
        check(status, json);
      }),
      { numRuns: 300 },
    );
    expect((await get(`${url}/health`)).status).toBe(200);
  });

  test('of bytes gets an error, whatever it is called', async () => {
    const { url, close } = await serveModel(engine, await classifier(), { port: 0 });
    closing.push(close);
    const start = fc.constantFrom(
      [],
      [0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10],
      [0xff, 0xd8, 0xff],
      [0x5b, 0x5b, 0x31],
    );
    const type = fc.constantFrom('application/json', 'image/png', 'image/jpeg', 'text/plain');
    await fc.assert(
      fc.asyncProperty(start, fc.uint8Array({ maxLength: 60 }), type, async (head, tail, given) => {
        const { status, json } = await post(url, Uint8Array.from([...head, ...tail]), {
          'content-type': given,
        });
        check(status, json);
      }),
      { numRuns: 200 },
    );
    expect((await post(url, numbers(1))).status).toBe(200);
  });

  test('deep, and with names that objects have', async () => {
    const { url, close } = await serveModel(engine, await classifier(), { port: 0 });
    closing.push(close);
    for (const text of [
      '['.repeat(1_000_000),
      `${'['.repeat(500_000)}${']'.repeat(500_000)}`,
      '{"__proto__":{"rows":[[1,2,3,4]]}}',
      '{"rows":[[1,2,3,4]],"constructor":1}',
      '{"rows":[{"__proto__":[1,2,3,4]}]}',
      `{"rows":[${'{"a":'.repeat(1000)}1${'}'.repeat(1000)}]}`,
    ]) {
      const { status, json } = await post(url, text);
      expect(status).toBe(400);
      expect(json.error?.message.length).toBeLessThan(1000);
    }
  });

  test('that is no HTTP', async () => {
    const { url } = await slow(0);
    const line = fc.string({ minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(line, async (text) => {
        const { socket, received, closed } = await raw(url);
        socket.end(`${text}\r\n\r\n`);
        await closed;
        expect(received()).toMatch(/^(HTTP\/1\.1 [45]\d\d |$)/);
      }),
      { numRuns: 60 },
    );
    const { socket, received, closed } = await raw(url);
    socket.write(`GET / HTTP/1.1\r\nhost: x\r\nlong: ${'x'.repeat(20_000)}\r\n\r\n`);
    await closed;
    expect(received()).toMatch(/^HTTP\/1\.1 431 /);
  });
});
