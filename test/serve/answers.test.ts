/** What a served model answers: the bits of the functions that predict, and for each mistake an error of its own. */
import { encode } from 'fast-png';
import jpeg from 'jpeg-js';
import { beforeAll, describe, expect, test } from 'vitest';
import { dataset } from '../../src/data/dataset.js';
import { dense } from '../../src/nn/dense.js';
import type { Network } from '../../src/nn/model.js';
import { sequential } from '../../src/nn/sequential.js';
import { type ServeOptions, serveModel } from '../../src/serve/serve.js';
import { fit } from '../../src/train/fit.js';
import { predict, predictClasses, predictProba } from '../../src/train/predict.js';
import { basic } from '../train/fit-setting.js';
import { both, partsOf, severalSet, twoByTwo } from '../train/several.js';
import { classifier, engine, get, numbers, post, raw } from './client.js';
import { fieldOf, serve } from './served.js';

describe('numbers', () => {
  let model: Network;
  let url: string;
  beforeAll(async () => {
    model = await classifier();
    url = await serve(model, { metadata: { classNames: ['a', 'b', 'c'] }, maxRows: 1000, maxBody: 100_000 });
  });

  test.each([1, 2, 7, 300, 1000])('%i rows have the bits that predict gives', async (count) => {
    const rows = numbers(count);
    const answer = await post(url, rows);
    const flat = Float32Array.from(rows.flat());
    const probabilities = fieldOf(answer, 'probabilities').flat();
    expect(probabilities).toEqual([...predict(engine, model, flat)]);
    expect(probabilities).toEqual([...predictProba(engine, model, flat)]);
    expect(fieldOf(answer, 'class')).toEqual([...predictClasses(engine, model, flat)]);
    for (const { class: best, name, probability, probabilities: own } of answer.json.predictions!) {
      expect(name).toBe('abc'[best]);
      expect(probability).toBe(own[best]);
    }
    expect(answer.json.classNames).toEqual(['a', 'b', 'c']);
  });

  test('may stand in an object with rows, and under the name of the input', async () => {
    const rows = numbers(2);
    const plain = await post(url, rows);
    expect((await post(url, { rows })).json).toEqual(plain.json);
    const [{ name }] = model.inputs;
    expect((await post(url, { rows: rows.map((row) => ({ [name]: row })) })).json).toEqual(plain.json);
  });

  const row = [1, 2, 3, 4];
  test.each([
    ['', 'FormatError', 'body: it is empty; expected JSON'],
    ['[[1,2', 'FormatError', /^body: not JSON: /],
    [Uint8Array.of(0x5b, 0xff, 0x5d), 'FormatError', 'body: expected UTF-8'],
    ['7', 'FormatError', 'body: expected an array of rows, or { "rows": [ … ] }, given 7'],
    [{ row }, 'FormatError', 'body: expected an array of rows, or { "rows": [ … ] }, given an object'],
    [{ rows: 7 }, 'OptionError', 'body: option rows: expected an array of rows, given 7'],
    [{ rows: [row], typ: 'uint8' }, 'OptionError', /unknown option "typ".*did you mean "type"/],
    [{ rows: [row], type: 'int8' }, 'OptionError', /expected one of float32, uint8, given "int8"/],
    [[], 'DataError', 'body: expected rows, given none'],
    [[row, [1, 2, 3]], 'ShapeError', 'body: row 2: expected 4 numbers, given 3'],
    [[row, 'x'], 'ShapeError', 'body: row 2: expected an array of 4 numbers, given "x"'],
    [[row, [1, 2, null, 4]], 'DataError', 'body: row 2: column 3: expected a number, given null'],
    [[[1, '2', 3, 4]], 'DataError', 'body: row 1: column 2: expected a number, given "2"'],
    ['[[1,2,3,1e39]]', 'DataError', /column 4: expected a finite number that float32 holds, given 1e\+39/],
    ['[[1,2,3,1e999]]', 'DataError', /column 4: expected a finite number that float32 holds, given Infinity/],
    [
      [[[1], [2], [3]]],
      'ShapeError',
      /row 1: expected nested arrays of \[4\], given 3 of them in place of 4/,
    ],
    [
      [row, { age: 31, plan: 'basic' }],
      'DataError',
      /^body: row 2: expected an array of numbers, given an object with "age", "plan"; columns are for a model that/,
    ],
    [[{ inptu: row }], 'OptionError', /row 1.*required.*given was "inptu"/],
    [
      { rows: [[1, 2, 3, 256]], type: 'uint8' },
      'DataError',
      /expected a whole number from 0 to 255, given 256/,
    ],
    [{ rows: [[1, 2, 3, 4]], type: 'uint8' }, 'OptionError', /the model was not trained on bytes/],
  ])('%o is an error', async (body, name, message) => {
    const { status, json } = await post(url, body);
    expect(status).toBe(400);
    expect(json.error?.name).toBe(name);
    expect(json.error?.message).toMatch(message);
  });

  test('that overflow are an error with their row, and of their request only', async () => {
    const rows = numbers(40);
    const overflowing = [[0, 0, 0, 0], row.map(() => 3e38)];
    // tanh saturates: a network without it overflows.
    const plain = sequential(4, [dense(3), dense(3)], { seed: 1 });
    const own = await serve(plain);
    const [good, bad, other] = await Promise.all([post(own, rows), post(own, overflowing), post(own, rows)]);
    expect(bad).toMatchObject({ status: 400, json: { error: { name: 'NonFiniteError' } } });
    expect(bad.json.error?.message).toMatch(/^body: row 2: an output is -?(Infinity|NaN)/);
    expect(good.status).toBe(200);
    expect(good.json).toEqual(other.json);
    expect(good.json.predictions).toEqual(
      rows.map((one) => ({ values: [...predict(engine, plain, Float32Array.from(one))] })),
    );
  });

  test('too many of them, or too long a body, are refused', async () => {
    const many = await post(url, numbers(1001));
    expect(many).toMatchObject({ status: 413, json: { error: { name: 'RequestError' } } });
    expect(many.json.error?.message).toBe('body: expected at most 1000 rows, given 1001');
    const long = await post(url, ' '.repeat(100_001));
    expect(long.status).toBe(413);
    expect(long.json.error?.message).toBe('body: expected at most 100000 bytes, given 100001');
    // Without a length that says so before.
    const { socket, received } = await raw(url);
    const head =
      'POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n';
    socket.write(`${head}${`fff\r\n${' '.repeat(4095)}\r\n`.repeat(26)}`);
    await expect
      .poll(received, { timeout: 20_000 })
      .toMatch(/^HTTP\/1\.1 413 [\s\S]*expected at most 100000 bytes, given more/);
    socket.destroy();
  });

  test('of another path, method or type are refused', async () => {
    expect(await get(`${url}/nothing`)).toMatchObject({
      status: 404,
      json: { error: { name: 'RequestError', message: 'path: expected one of /, /health, /predict' } },
    });
    const method = await get(`${url}/predict`);
    expect(method.status).toBe(405);
    expect(method.headers.get('allow')).toBe('POST');
    expect(method.json.error?.message).toBe('/predict: expected the method POST, given GET');
    expect((await get(url, { method: 'DELETE' })).status).toBe(405);
    for (const type of ['text/csv', 'application/x-www-form-urlencoded', '']) {
      const { status, json } = await post(url, [row], { 'content-type': type });
      expect(status).toBe(415);
      expect(json.error?.message).toMatch(
        /expected the content-type application\/json, given .*; for JSON, give curl -H 'content-type: application\/json'/,
      );
    }
    expect((await post(url, [row], { 'content-encoding': 'gzip' })).status).toBe(415);
    expect((await post(url, [row], { 'content-type': 'Application/JSON; charset=utf-8' })).status).toBe(200);
  });

  test('describe themselves, and the example is answered', async () => {
    const { json, status } = await get(url);
    expect(status).toBe(200);
    expect(json).toMatchObject({
      parameters: model.parameterCount,
      inputs: [{ shape: [4] }],
      classNames: ['a', 'b', 'c'],
      limits: { maxRows: 1000, maxBody: 100_000, queue: 256 },
    });
    expect((await post(url, json.example)).status).toBe(200);
    const page = await fetch(url, { headers: { accept: 'text/html,*/*' } });
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(await page.text()).toMatch(/^<!doctype html>[\s\S]*Classes: a, b, c/);
    const head = await fetch(`${url}/health`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect((await get(`${url}/health`)).json).toEqual({ status: 'ready', waiting: 0, queue: 256 });
  });
});

describe('other models', () => {
  test('of one logit tell two classes apart', async () => {
    const model = sequential(4, [dense(1)], { seed: 2 });
    const set = dataset({ inputs: numbers(20), labels: numbers(20).map(([first]) => Number(first > 0)) });
    await fit(engine, model, set, { ...basic, loss: 'binaryCrossEntropy', epochs: 1 });
    const answer = await post(await serve(model), numbers(9));
    const flat = Float32Array.from(numbers(9).flat());
    expect(fieldOf(answer, 'probabilities').flat()).toEqual([...predictProba(engine, model, flat)]);
    expect(fieldOf(answer, 'class')).toEqual([...predictClasses(engine, model, flat)]);
  });

  test('of several questions have a probability for each', async () => {
    const model = sequential(4, [dense(3)], { seed: 2 });
    const targets = numbers(20).map((row) => row.slice(1).map((value) => Number(value > 0)));
    const set = dataset({ inputs: numbers(20), targets });
    await fit(engine, model, set, { ...basic, loss: 'binaryCrossEntropy', epochs: 1 });
    const answer = await post(await serve(model, { metadata: { classNames: ['x', 'y', 'z'] } }), numbers(9));
    expect(answer.json.predictions!.map((own) => Object.keys(own))).toEqual(Array(9).fill(['probabilities']));
    const flat = Float32Array.from(numbers(9).flat());
    expect(fieldOf(answer, 'probabilities').flat()).toEqual([...predict(engine, model, flat)]);
    expect(answer.json.classNames).toEqual(['x', 'y', 'z']);
  });

  test('of several inputs and outputs take and give them by name', async () => {
    const model = twoByTwo();
    await fit(engine, model, severalSet(40), { ...both, epochs: 1 });
    const url = await serve(model);
    const { image, numbers: given } = partsOf(11, 9);
    const rows = Array.from({ length: 11 }, (_, i) => ({
      image: [...image.subarray(6 * i, 6 * i + 6)].map((byte) => Math.fround(byte / 255)),
      numbers: [...given.subarray(2 * i, 2 * i + 2)],
    }));
    const { json } = await post(url, rows);
    const scaled = Float32Array.from(rows.flatMap((row) => row.image));
    const expected = predict(engine, model, { image: scaled, numbers: given });
    type Row = { digit: { probabilities: number[] }; price: { value: number } };
    const own = json.predictions as unknown as Row[];
    expect(own.flatMap(({ digit }) => digit.probabilities)).toEqual([...expected.digit]);
    expect(own.map(({ price }) => price.value)).toEqual([...expected.price]);
    for (const [body, message] of [
      [[[1, 2]], 'body: row 1: expected an object with "image", "numbers", given [1, 2]'],
      [[{ image: rows[0].image }], /option numbers is required/],
      [[{ ...rows[0], more: 1 }], /unknown option "more"/],
      [[{ ...rows[0], image: [1] }], 'body: row 1, image: expected 6 numbers, given 1'],
    ] as const) {
      const answer = await post(url, body);
      expect(answer.status).toBe(400);
      expect(answer.json.error?.message).toMatch(message);
    }
    expect((await post(url, (await get(url)).json.example)).status).toBe(200);
  });
});

describe('images', () => {
  const side = 6;
  const pictures = Array.from({ length: 24 }, (_, i) =>
    Uint8Array.from(
      { length: side * side },
      (_, at) => (at * 37 + i * 91 + (at % 3 === i % 3 ? 120 : 0)) % 256,
    ),
  );
  let model: Network;
  let url: string;
  beforeAll(async () => {
    model = sequential(side * side, [dense(8, { activation: 'relu' }), dense(3)], { seed: 2 });
    const inputs = Uint8Array.from(pictures.flatMap((one) => [...one]));
    const labels = pictures.map((_, i) => i % 3);
    const set = dataset({ inputs, imageShape: [side, side], labels });
    await fit(engine, model, set, { ...basic, epochs: 2 });
    const input = { ...model.input!, imageShape: [side, side] as const, fit: 'stretch' as const };
    url = await serve(model, { metadata: { input } });
  });

  test('of bytes, and PNG and JPEG files, have the bits of predict', async () => {
    const expected = pictures.map((one) => [...predict(engine, model, one)]);
    const nested = pictures.map((one) =>
      Array.from({ length: side }, (_, y) => [...one.subarray(y * side, (y + 1) * side)]),
    );
    const flat = pictures.map((one) => [...one]);
    const { scale, offset } = model.input!;
    const scaled = flat.map((one) =>
      one.map((byte) => Math.fround(Math.fround(byte * Math.fround(scale)) + offset)),
    );
    for (const body of [{ type: 'uint8', rows: nested }, { type: 'uint8', rows: flat }, scaled]) {
      expect(fieldOf(await post(url, body), 'probabilities')).toEqual(expected);
    }
    for (const [i, data] of pictures.entries()) {
      const png = encode({ width: side, height: side, channels: 1, data });
      const answer = await post(url, png, { 'content-type': 'image/png' });
      expect(fieldOf(answer, 'probabilities')).toEqual([expected[i]]);
    }
    const grey = Uint8Array.from([...pictures[0]].flatMap((value) => [value, value, value, 255]));
    const file = jpeg.encode({ width: side, height: side, data: grey }, 100).data;
    const answer = await post(url, new Uint8Array(file), { 'content-type': 'image/jpeg' });
    expect(answer.json.predictions).toHaveLength(1);
  });

  test('of bytes that nobody called so, and broken files, are errors', async () => {
    const bytes = await post(url, [[...pictures[0]]]);
    expect(bytes.status).toBe(400);
    expect(bytes.json.error?.message).toMatch(
      /expected a number from 0 to 1, .*for bytes say \{ "type": "uint8"/,
    );
    const png = encode({ width: side, height: side, channels: 1, data: pictures[0] });
    for (const [body, message] of [
      [png.subarray(0, 40), /^body: /],
      [Uint8Array.of(1, 2, 3), 'body: it is no picture; expected PNG or JPEG'],
    ] as const) {
      const answer = await post(url, body, { 'content-type': 'image/png' });
      expect(answer.status).toBe(400);
      expect(answer.json.error?.message).toMatch(message);
    }
    const colours = encode({
      width: side,
      height: side,
      channels: 3,
      data: new Uint8Array(108).fill(9, 1, 50),
    });
    const answer = await post(url, colours, { 'content-type': 'image/png' });
    expect(answer.json.error?.message).toMatch(/has colours, but the model takes grey images/);
  });

  test('describe how they are sent', async () => {
    const { json } = await get(url);
    expect(json.contentTypes).toEqual(['application/json', 'image/png', 'image/jpeg']);
    expect(json.example).toMatchObject({ type: 'uint8' });
    expect((await post(url, json.example)).status).toBe(200);
  });
});

describe('a server', () => {
  test('refuses options that are none', async () => {
    const model = await classifier();
    for (const [options, message] of [
      [{ ports: 1 }, /unknown option "ports".*did you mean "port"/],
      [{ port: -1 }, /option port: expected a whole number, at least 0 and at most 65535, given -1/],
      [{ host: '' }, /option host: expected an address such as 127.0.0.1/],
      [{ metadata: { table: {} } }, /serveModel, table/],
      [{ metadata: 7 }, /serveModel, metadata: expected an options object, given 7/],
      [{ host: 'no.such.host.invalid', port: 0 }, /cannot listen on port 0 of no\.such\.host\.invalid/],
    ] as const) {
      await expect(serveModel(engine, model, options as ServeOptions)).rejects.toThrow(message);
    }
    const { port } = new URL(await serve(model));
    const taken = serveModel(engine, model, { port: Number(port) });
    await expect(taken).rejects.toThrow(`serveModel: port ${port} of 127.0.0.1 is taken`);
  });

  test('logs a line for each request', async () => {
    const lines: string[] = [];
    const url = await serve(await classifier(), { log: (line) => lines.push(line) });
    await post(url, numbers(3));
    await get(`${url}/no`);
    expect(lines).toEqual([
      expect.stringMatching(/^\d{4}-\d\d-\d\dT\S+ POST \/predict 200 3 rows \d+\.\d ms$/),
      expect.stringMatching(/ GET \/no 404 \d+\.\d ms$/),
    ]);
  });
});
