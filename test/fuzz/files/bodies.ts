/** Bodies of requests to served models: of numbers, of a table, of pictures. Each gets an answer of JSON and no 500. */
import { encode } from 'fast-png';
import {
  conv2d,
  dense,
  flatten,
  type Network,
  predictProba,
  sequential,
  softmaxCrossEntropy,
} from '../../../src/index.js';
import { serveModel } from '../../../src/node.js';
import { openTable, prepareTable, tableModel } from '../../../src/tables.js';
import { mutateBytes, mutateJson, mutateText } from '../mutate.js';
import type { Random } from '../random.js';
import { anyPng, mutatePng, pngOf } from '../structure/pictures.js';
import { expectThat, type FileTarget, type World, wrong } from '../target.js';

interface Answer {
  readonly status: number;
  readonly json: {
    predictions?: readonly Record<string, unknown>[];
    error?: { name: string; message: string };
  };
}

type Options = NonNullable<Parameters<typeof serveModel>[2]>;

const servers = new Map<string, Promise<string>>();

/** One server a target and process. */
function urlOf(world: World, name: string, make: () => Promise<[Network, Options]>): Promise<string> {
  const known = servers.get(name);
  if (known) return known;
  const made = make().then(async ([model, options]) => {
    const server = await serveModel(world.engine, model, { port: 0, maxBody: 2 ** 17, ...options });
    world.closing.push(async () => {
      servers.delete(name);
      await server.close();
    });
    return server.url;
  });
  servers.set(name, made);
  return made;
}

async function post(url: string, bytes: Uint8Array<ArrayBuffer>, type: string): Promise<Answer> {
  const ask = () =>
    fetch(`${url}/predict`, { method: 'POST', headers: { 'content-type': type }, body: bytes });
  // A connection that was idle may be closed just as it is used again.
  const response = await ask().catch(ask);
  const text = await response.text();
  const { status } = response;
  const said = () => `status ${status}: ${text.slice(0, 200)}`;
  let json: Answer['json'];
  try {
    json = JSON.parse(text) as Answer['json'];
  } catch {
    return wrong(`what is no JSON, with ${said()}`);
  }
  expectThat(status === 200 || (status >= 400 && status < 500), said);
  expectThat((status === 200) === (json.predictions !== undefined), said);
  if (json.error) {
    expectThat(json.error.message.length < 2000, () => `a message of ${json.error!.message.length} letters`);
    expectThat(
      !/\bundefined\b|\[object |(^|[( ])\/[a-z]+\/[\w/.-]+:\d/.test(json.error.message),
      () => `says nothing, or too much: ${json.error!.message}`,
    );
  }
  const health = await fetch(`${url}/health`);
  expectThat(health.status === 200, () => `after it the health is ${health.status}`);
  await health.arrayBuffer();
  return { status, json };
}

function checkFinite(predictions: readonly unknown[] = []): void {
  for (const prediction of predictions)
    JSON.stringify(prediction, (key, value: unknown) => {
      expectThat(
        value !== null && (typeof value !== 'number' || Number.isFinite(value)),
        () => `${key} is ${value}`,
      );
      return value;
    });
}

const numbersModel = (): Network =>
  Object.assign(sequential(2, [dense(3, { activation: 'tanh' }), dense(2)], { seed: 5 }), {
    loss: softmaxCrossEntropy(),
  });

const numbersTarget: FileTarget<Answer> = {
  name: 'a body of numbers',
  weight: 4,
  extension: 'json',
  make(r) {
    const rows = r.list(r.between(1, 4), () => [...r.floats(2)]);
    const body = r.pick([rows, { rows }, { rows, type: 'float32' }, { rows: [[1, 255]], type: 'uint8' }]);
    return { bytes: changed(r, body) };
  },
  async read(bytes, world) {
    const url = await urlOf(world, 'numbers', async () => [numbersModel(), {}]);
    const answer = await post(url, bytes, 'application/json');
    checkFinite(answer.json.predictions);
    if (answer.status !== 200) return answer;
    const body = JSON.parse(new TextDecoder().decode(bytes)) as
      | unknown[]
      | { rows: unknown[]; type?: string };
    const { rows, type } = Array.isArray(body) ? { rows: body, type: undefined } : body;
    const inputs = Float32Array.from(
      (rows.flat(9) as number[]).map((own) => (type === 'uint8' ? own / 255 : own)),
    );
    const own = type === 'uint8' ? undefined : predictProba(world.engine, numbersModel(), inputs);
    expectThat(answer.json.predictions?.length === rows.length, () => 'another number of predictions');
    for (const [i, { probabilities }] of (answer.json.predictions ?? []).entries()) {
      if (!own) break;
      expectThat(
        (probabilities as number[]).every((share, j) => Math.fround(share) === own[2 * i + j]),
        () => `row ${i}: ${String(probabilities)}, predictProba ${own.slice(2 * i, 2 * i + 2)}`,
      );
    }
    return answer;
  },
};

/** JSON that was changed as a value, as text, or not at all. */
function changed(r: Random, body: unknown): Uint8Array<ArrayBuffer> {
  const text = r.pick([
    JSON.stringify(body),
    mutateJson(r, body),
    mutateJson(r, body),
    mutateText(r, JSON.stringify(body)),
  ]);
  const bytes = Uint8Array.from(Buffer.from(text));
  return r.chance(0.1) ? mutateBytes(r, bytes) : bytes;
}

async function tableServed(): Promise<[Network, Options]> {
  const lines = Array.from(
    { length: 40 },
    (_, i) => `${i / 7},${'abc'[i % 3]},2020-01-${(i % 28) + 1},${['yes', 'no'][i % 2]}`,
  );
  const table = await openTable(Buffer.from(['size,kind,day,answer', ...lines].join('\n')), { name: 't' });
  const { preparation } = await prepareTable(table, { target: 'answer' });
  const model = Object.assign(tableModel(preparation, { hidden: [3], seed: 1 }), {
    loss: softmaxCrossEntropy(),
  });
  return [model, { metadata: { table: preparation } }];
}

const tableTarget: FileTarget<Answer> = {
  name: 'a body of a table',
  weight: 4,
  extension: 'json',
  make(r) {
    const row = () => ({
      size: r.pick<unknown>([1.5, '2,5', null, '', 1e308]),
      kind: r.pick<unknown>(['a', 'd', 1]),
      day: '2020-02-30',
    });
    const rows = r.list(r.between(1, 3), row);
    return { bytes: changed(r, r.chance(0.5) ? rows : { rows }) };
  },
  async read(bytes, world) {
    const answer = await post(await urlOf(world, 'table', tableServed), bytes, 'application/json');
    checkFinite(answer.json.predictions);
    return answer;
  },
};

async function pictureServed(): Promise<[Network, Options]> {
  const model = sequential([4, 3, 1], [conv2d(2, 2), flatten(), dense(2)], { seed: 1 });
  const input = { scale: 1 / 255, offset: 0, imageShape: [4, 3, 1] as const, fit: 'stretch' as const };
  return [Object.assign(model, { loss: softmaxCrossEntropy() }), { metadata: { input: input as never } }];
}

const pictureTarget: FileTarget<Answer> = {
  name: 'a body of a picture',
  weight: 3,
  extension: 'png',
  make(r) {
    const [height, width] = r.chance(0.5) ? [4, 3] : [r.between(1, 9), r.between(1, 9)];
    const plain = encode({ height, width, channels: 1, depth: 8, data: r.bytes(height * width) });
    const chunks = anyPng(r, width, height);
    return {
      bytes: Uint8Array.from(r.pick([() => plain, () => pngOf(chunks), () => mutatePng(r, chunks)])()),
    };
  },
  async read(bytes, world) {
    const answer = await post(await urlOf(world, 'picture', pictureServed), bytes, 'image/png');
    checkFinite(answer.json.predictions);
    return answer;
  },
};

export const bodyFiles = [numbersTarget, tableTarget, pictureTarget] as FileTarget[];
