/** A client of served models, and models to serve. */
import { connect, type Socket } from 'node:net';
import { createEngine } from '../../src/create/engine.js';
import { dataset } from '../../src/data/dataset.js';
import { dense } from '../../src/nn/dense.js';
import { type Sequential, sequential } from '../../src/nn/sequential.js';
import { fit } from '../../src/train/fit.js';
import { basic } from '../train/fit-setting.js';

export const engine = await createEngine({ math: 'strict', threads: 1 });

export interface Answered {
  status: number;
  headers: Headers;
  json: {
    predictions?: {
      class: number;
      name: string;
      probability: number;
      probabilities: number[];
      value: number;
    }[];
    error?: { name: string; message: string };
    status?: string;
  } & Record<string, unknown>;
}

/** What the server answers to a body; text and bytes are sent as they are. */
export async function post(
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Answered> {
  const isRaw = typeof body === 'string' || body instanceof Uint8Array;
  const response = await fetch(`${url}/predict`, {
    method: 'POST',
    body: isRaw ? (body as string) : JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  });
  return read(response);
}

export async function get(url: string, init: RequestInit = {}): Promise<Answered> {
  return read(await fetch(url, init));
}

async function read(response: Response): Promise<Answered> {
  const text = await response.text();
  return { status: response.status, headers: response.headers, json: JSON.parse(text) as Answered['json'] };
}

/** A connection of which every byte is said. */
export async function raw(
  url: string,
): Promise<{ socket: Socket; received: () => string; closed: Promise<void> }> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let text = '';
  socket.on('data', (bytes) => {
    text += bytes.toString('latin1');
  });
  // A server may cut the connection of one who sends what it should not.
  socket.on('error', () => {});
  const closed = new Promise<void>((resolve) => {
    socket.on('close', () => resolve());
  });
  await new Promise<void>((resolve) => {
    socket.on('connect', () => resolve());
  });
  return { socket, received: () => text, closed };
}

/** A classifier of three classes by four numbers, trained a little. */
export async function classifier(): Promise<Sequential> {
  const model = sequential(4, [dense(16, { activation: 'tanh' }), dense(3)], { seed: 3 });
  const labels = Array.from({ length: 60 }, (_, i) => i % 3);
  const set = dataset({ name: 'rows', inputs: numbers(60), labels, classes: 3 });
  await fit(engine, model, set, { ...basic, epochs: 2, batchSize: 16 });
  return model;
}

/** Numbers that differ from row to row. */
export function numbers(rows: number, width = 4, seed = 1): number[][] {
  return Array.from({ length: rows }, (_, i) =>
    Array.from({ length: width }, (_, j) => Math.fround(Math.sin((i + 1) * (j + 2) * 1.7 + seed))),
  );
}
