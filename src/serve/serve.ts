/** A model as an HTTP endpoint, on Node's own server. */
import { isStrings } from '../base/arrays.js';
import { isText, OptionReader } from '../base/options.js';
import type { Engine } from '../engine/engine.js';
import type { Network } from '../nn/model.js';
import { checkTask, type ModelMetadata } from '../tables/model-file.js';
import { readPreparation } from '../tables/preparation.js';
import { checkEngine, checkModel, lossFor } from '../train/check.js';
import { Answers } from './answers.js';
import { describe } from './description.js';
import { readServeSettings, type ServeSettings } from './options.js';
import { ModelServer, type Served } from './server.js';

/** How a model is served; all of it may be left out. */
export interface ServeOptions extends Partial<ServeSettings> {
  /** As `loadModel` gives it: columns of a table, names of classes, the shape of images. */
  metadata?: ModelMetadata;
  /** What the description calls the model. */
  name?: string;
  /** Is called with a line for each request, and for each failure that is not the client's. */
  log?: (line: string) => void;
}

/** A server that listens. */
export interface ServingModel {
  /** Such as `http://127.0.0.1:8080`. */
  readonly url: string;
  /**
   * Finishes what was accepted, within `stopSeconds`, refuses all else with status 503, and then closes every
   * connection. Twice is fine.
   */
  close(): Promise<void>;
}

/**
 * Serves a model over HTTP until `close`: `POST /predict` takes rows and answers with a prediction for each,
 * the bits that `predict`, `predictProba` and `predictTable` give; `GET /health` says whether it can, `GET /`
 * what the model is.
 *
 * Rows of several requests that wait at the same time are computed together. Changes of the model after the call
 * are not seen.
 *
 * Throws OptionError for options that are unknown or out of range, metadata that are not the model's, and a port
 * that is taken; NonFiniteError for weights that are NaN or infinite; EngineError when memory cannot grow.
 */
export async function serveModel(
  engine: Engine,
  model: Network,
  options?: ServeOptions,
): Promise<ServingModel> {
  const where = 'serveModel';
  checkEngine(where, engine);
  checkModel(where, model);
  const reader = new OptionReader(where, options);
  const settings = readServeSettings(reader);
  const metadata = readMetadata(where, model, reader.any('metadata'));
  const name = reader.optional('name', 'a string', isText);
  const log = reader.callback<(line: string) => void>('log');
  reader.end();
  const served = prepareServing(where, engine, { model, metadata, name }, settings);
  try {
    const server = await ModelServer.listen(where, settings, log);
    server.load(served);
    return { url: server.url, close: () => server.close() };
  } catch (error) {
    served.answers.dispose();
    throw error;
  }
}

/** Compiles a model for a server, and describes it. Throws as `serveModel` does. */
export function prepareServing(
  where: string,
  engine: Engine,
  given: { readonly model: Network; readonly metadata: ModelMetadata; readonly name: string | undefined },
  settings: ServeSettings,
): Served {
  const { model, metadata } = given;
  const answers = new Answers(where, engine, model, lossFor(where, model, undefined), metadata);
  return { model, metadata, answers, description: describe(given, answers.outputs, settings) };
}

/** What would make answers that mean nothing: the rest is only shown. */
function readMetadata(where: string, model: Network, given: unknown): ModelMetadata {
  const reader = new OptionReader(`${where}, metadata`, given);
  const table = reader.any('table');
  const classNames = reader.optional('classNames', 'a list of strings', isStrings);
  const input = reader.any('input') as ModelMetadata['input'];
  reader.end();
  const preparation = table === undefined ? undefined : readPreparation(`${where}, table`, table, model);
  if (preparation && model.loss) checkTask(where, model.loss, preparation);
  return {
    ...(preparation && { table: preparation }),
    ...(classNames && { classNames }),
    ...(input && { input }),
  };
}
