/** `lanegrad serve`: a saved model as an HTTP endpoint. */
import { once } from 'node:events';
import type { Command } from 'commander';
import { OptionReader } from '../base/options.js';
import { type Choice, flag, type SettingsTable } from '../base/settings.js';
import { createEngine } from '../create/engine.js';
import type { LossName } from '../nn/losses.js';
import { readServeSettings, serveOptions } from '../serve/options.js';
import { prepareServing } from '../serve/serve.js';
import { ModelServer } from '../serve/server.js';
import { type ComputeOptions, commonOptions, engineOptions } from './arguments.js';
import { flagsOf, givenOf } from './flags.js';
import { count, Output, printable } from './output.js';
import { Signals } from './signals.js';
import { lossOption, openModel } from './sources.js';

interface ServeCommandOptions extends ComputeOptions {
  loss?: Choice<LossName>;
  verbose?: boolean;
}

const commandOptions: SettingsTable = {
  verbose: { kind: flag(), about: 'a line for each request', group: 'Serving:' },
};

export function addServe(program: Command): void {
  const command = program
    .command('serve')
    .summary('answer HTTP requests with what a saved model says')
    .description(
      'Listens for rows and answers with predictions: POST /predict takes JSON, or a PNG or JPEG file; GET /health says whether it can, ' +
        'and GET / what the model takes, with an example.',
    )
    .argument('<model>', 'a model file, a run folder, or an ONNX file');
  const own = flagsOf({ ...serveOptions, ...commandOptions });
  for (const option of [...own, lossOption(), ...engineOptions(), ...commonOptions()])
    command.addOption(option);
  command.action(serve).addHelpText('after', EXAMPLES);
}

const EXAMPLES = `
Examples:
  lanegrad serve runs/iris
  lanegrad serve model.onnx --port 0 --threads 2 --verbose
  curl -H 'content-type: application/json' -d '[{"length": 1.4, "colour": "red"}]' http://127.0.0.1:8080/predict
  curl -H 'content-type: image/png' --data-binary @digit.png http://127.0.0.1:8080/predict

Ctrl-C or SIGTERM finishes what was accepted, and refuses what comes after it; pressed twice, it stops at once.
The status is 0 then: to be stopped is how a server ends.`;

async function serve(given: string, options: ServeCommandOptions): Promise<void> {
  const { backend, math, threads, turbo, json, loss } = options;
  const out = new Output({ json });
  const settings = readServeSettings(new OptionReader('serve', givenOf(serveOptions, options)));
  const signals = new Signals((name) => {
    out.line(`${name}: finishing what was accepted; once more to stop at once`);
  });
  try {
    // It listens first: whoever watches health sees that the model is loading.
    const server = await ModelServer.listen(
      'serve',
      settings,
      options.verbose ? (line) => out.line(line) : undefined,
    );
    try {
      const { path, model, metadata } = await openModel(given, loss);
      const engine = await createEngine({ backend, math, threads, turbo });
      server.load(prepareServing('serve', engine, { model, metadata, name: path }, settings));
      out.line(`${server.url}  ${printable(path)}, ${count(model.parameterCount)} parameters`);
      const { url } = server;
      if (!signals.signal.aborted) await once(signals.signal, 'abort');
      await server.close();
      engine.dispose();
      out.result({ model: path, url, ...server.counts, engine: engine.info });
    } finally {
      await server.close();
    }
  } finally {
    signals.stop();
  }
}
