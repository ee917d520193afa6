/** Models that are served while a test file runs, and what their answers say. */
import { afterAll, expect } from 'vitest';
import type { Network } from '../../src/nn/model.js';
import { type ServeOptions, type ServingModel, serveModel } from '../../src/serve/serve.js';
import { type Answered, engine } from './client.js';

const servers: ServingModel[] = [];
afterAll(() => Promise.all(servers.map((server) => server.close())));

export async function serve(model: Network, options: ServeOptions = {}): Promise<string> {
  const server = await serveModel(engine, model, { port: 0, ...options });
  servers.push(server);
  return server.url;
}

/** The values of a field of all predictions. */
export function fieldOf(answer: Answered, key: 'class' | 'probabilities' | 'value'): unknown[] {
  expect(answer.json.error).toBeUndefined();
  return answer.json.predictions!.map((prediction) => prediction[key]);
}
