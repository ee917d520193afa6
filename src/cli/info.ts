/** `lanegrad info`: what computes here, and what a model file holds. */
import { availableParallelism } from 'node:os';
import type { Command } from 'commander';
import { createEngine, type EngineInfo } from '../engine/engine.js';
import { packageVersion } from '../run/version.js';
import { weightsSha256 } from '../run/weights.js';
import { type ComputeOptions, commonOptions, engineOptions } from './arguments.js';
import { count, Output, printable, table } from './output.js';
import { type OpenModel, openModel } from './sources.js';

export function addInfo(program: Command): void {
  const command = program
    .command('info')
    .summary('what computes here, and what a model holds')
    .description('Prints the engine that this machine gets; with a model, its layers and parameters.')
    .argument('[model]', 'a model file, or a run folder');
  for (const option of [...engineOptions(), ...commonOptions()]) command.addOption(option);
  command.action(info).addHelpText('after', EXAMPLES);
}

const EXAMPLES = `
Examples:
  lanegrad info
  lanegrad info model.safetensors --json`;

/** The engine in one phrase: for the first line of a training run. */
export function describeEngine({ backend, binary, math, threads, runtime }: EngineInfo): string {
  const what = binary ? `${backend} (${binary}, ${math} math)` : `the ${backend} backend (${math} math)`;
  return `${what}, ${threads === 1 ? 'one thread' : `${threads} threads`}, ${runtime}`;
}

async function info(
  given: string | undefined,
  { backend, math, threads, turbo, json }: ComputeOptions,
): Promise<void> {
  const out = new Output({ json });
  const opened = given === undefined ? undefined : await openModel(given);
  const engine = (await createEngine({ backend, math, threads, turbo })).info;
  const cores = availableParallelism();
  const version = packageVersion();
  const rows = [
    ['lanegrad', version],
    ['runtime', engine.runtime],
    ['backend', engine.binary ? `${engine.backend}, ${engine.binary}.wasm` : engine.backend],
    ['because', engine.reason],
    ['math', engine.math],
    ['turbo', engine.turbo ? 'yes' : 'no'],
    ['threads', `${engine.threads} of ${cores} cores`],
    ...(engine.wasmSha256 ? [['wasm sha256', engine.wasmSha256]] : []),
  ];
  for (const line of table(rows, [0, 1])) out.line(line);
  if (opened) await printModel(out, opened);
  out.result({ version, cores, engine, ...(opened && { model: await describeModel(opened) }) });
}

async function describeModel({ path, model, metadata }: OpenModel) {
  const layers = model.layers.map(({ kind, config }, index) => ({
    kind,
    ...config,
    inputSize: model.sizes[index],
    outputSize: model.sizes[index + 1],
    parameters: model.parameters.reduce(
      (sum, { layer, values }) => sum + (layer === index ? values.length : 0),
      0,
    ),
  }));
  return {
    path,
    sizes: model.sizes,
    parameters: model.parameterCount,
    seed: model.seed,
    layers,
    metadata,
    weightsSha256: await weightsSha256(model),
  };
}

async function printModel(out: Output, opened: OpenModel): Promise<void> {
  const {
    path,
    sizes,
    parameters,
    seed,
    layers,
    metadata,
    weightsSha256: sha256,
  } = await describeModel(opened);
  const { input, classNames } = metadata;
  const rows = [
    ['model', out.bold(printable(path))],
    ['layers', sizes.join('-')],
    ['parameters', count(parameters)],
    ['seed', String(seed)],
    ...(input
      ? [
          [
            'input',
            `raw * ${input.scale} + ${input.offset}${input.imageShape ? `, images ${input.imageShape.join('x')}` : ''}`,
          ],
        ]
      : []),
    ...(classNames ? [['classes', classNames.map(printable).join(' ')]] : []),
    ['weights sha256', sha256],
  ];
  out.line();
  for (const line of table(rows, [0, 1])) out.line(line);
  out.line();
  const { layers: own } = opened.model;
  const lines = layers.map(({ kind, inputSize, outputSize, parameters: n }, index) => [
    String(index),
    kind,
    `${inputSize} to ${outputSize}`,
    String(own[index].config.activation ?? ''),
    count(n),
  ]);
  for (const line of table([['layer', 'kind', 'sizes', 'activation', 'parameters'], ...lines], [1, 2, 3]))
    out.line(line);
}
