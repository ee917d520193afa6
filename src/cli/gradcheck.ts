/** `lanegrad gradcheck`: whether a model's gradients are right, on every engine there is here. */
import { type Command, Option } from 'commander';
import { EngineError, OptionError } from '../base/errors.js';
import { type Choice, configOf, integer, widths } from '../base/settings.js';
import { createEngine } from '../create/engine.js';
import { createReferenceEngine } from '../create/reference.js';
import type { Engine } from '../engine/engine.js';
import type { Activation } from '../engine/kernels.js';
import { activations } from '../nn/activations.js';
import { dense } from '../nn/dense.js';
import { dropout } from '../nn/dropout.js';
import type { Layer } from '../nn/layer.js';
import { lossOf } from '../nn/loss-config.js';
import { type LossName, lossNames } from '../nn/losses.js';
import type { Network } from '../nn/model.js';
import { batchNorm } from '../nn/normalization.js';
import { isSequential, type Sequential, sequential } from '../nn/sequential.js';
import { sizesOf, summary } from '../nn/summary.js';
import { runOptions } from '../run/options.js';
import { type GradcheckResult, gradcheck, gradcheckBounds } from '../train/gradcheck.js';
import { commonOptions, countOrAll } from './arguments.js';
import { argument } from './flags.js';
import { fitColumns, numberText } from './inspect-text.js';
import { columnsOf, count, Output, printable } from './output.js';
import { openModel } from './sources.js';

interface Architecture {
  inputs?: number;
  hidden?: readonly number[];
  outputs?: number;
  activation?: Activation;
  batchNorm?: true;
  dropout?: number;
}

interface GradcheckCommandOptions extends Architecture {
  loss?: Choice<LossName>;
  rows: number;
  samples: number;
  seed: number;
  json?: true;
}

export function addGradcheck(program: Command): void {
  const command = program
    .command('gradcheck')
    .summary('compare gradients with finite differences')
    .description(
      'Compares the gradient of every parameter with central differences of the loss, in float64 on the reference engine, ' +
        'and the float32 gradients of each engine with those. Of a model, or of layers given by options.',
    )
    .argument('[model]', 'a model file, or a run folder');
  const options = [
    new Option('--inputs <n>', 'without a model: width of its inputs (default: 12)').argParser(
      argument(integer({ min: 1 })),
    ),
    new Option(
      '--hidden <widths>',
      'without a model: of the hidden layers, or none (default: 8,6)',
    ).argParser(argument(widths())),
    new Option('--outputs <n>', 'without a model: width of its outputs (default: 4)').argParser(
      argument(integer({ min: 1 })),
    ),
    new Option('--activation <name>', 'without a model: of the hidden layers (default: tanh)').choices(
      activations,
    ),
    new Option('--batch-norm', 'without a model: batch norm after each hidden layer'),
    new Option('--dropout <rate>', 'without a model: dropout after each hidden layer').argParser(
      argument(runOptions.dropout.kind),
    ),
    new Option('--loss <name>', 'default: softmaxCrossEntropy, or meanSquaredError for one output')
      .choices(lossNames)
      .argParser(argument(runOptions.loss.kind)),
    new Option('--rows <n>', 'of the batch').argParser(argument(integer({ min: 1 }))).default(4),
    new Option('--samples <n>', 'values of each parameter to check, or all')
      .argParser(argument(countOrAll()))
      .default(20),
    new Option('--seed <n>', 'of rows, initial weights and what is sampled')
      .argParser(argument(integer({ min: 0 })))
      .default(1),
    ...commonOptions(),
  ];
  for (const option of options) command.addOption(option);
  command.action(check).addHelpText('after', EXAMPLES);
}

const EXAMPLES = `
Examples:
  lanegrad gradcheck runs/mnist
  lanegrad gradcheck model.safetensors --samples 100 --json
  lanegrad gradcheck --inputs 20 --hidden 16,8 --activation gelu --batch-norm --samples all
  lanegrad gradcheck --outputs 1 --loss huber

Exit status 1 says that a gradient is wrong.`;

async function check(given: string | undefined, options: GradcheckCommandOptions): Promise<void> {
  const out = new Output({ json: options.json });
  const { loss, rows, samples, seed } = options;
  const { path, model } =
    given === undefined ? { path: null, model: build(options) } : await open(given, options);
  const engines = await availableEngines();
  const result = gradcheck(model, {
    ...{ rows, samples, seed, engines },
    ...(loss && { loss: lossOf(configOf(loss)) }),
  });
  print(out, path, model, result, engines);
  out.result({
    model: path,
    layers: sizesOf(model),
    rows,
    seed,
    bounds: gradcheckBounds,
    loss: result.loss,
    passed: result.passed,
    parameters: result.parameters.map(({ engines: own, ...rest }) => ({
      ...rest,
      engines: Object.fromEntries(own),
    })),
  });
  if (!result.passed) process.exitCode = 1;
}

/** Options of an architecture would be ignored beside a model. */
async function open(given: string, options: GradcheckCommandOptions) {
  for (const name of ['inputs', 'hidden', 'outputs', 'activation', 'batchNorm', 'dropout'] as const) {
    if (options[name] === undefined) continue;
    const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw new OptionError(`--${flag}`, `expected only without a model, given ${printable(given)}`);
  }
  return openModel(given);
}

function build(options: Architecture & { seed: number }): Sequential {
  const { inputs = 12, hidden = [8, 6], outputs = 4, activation = 'tanh', dropout: rate, seed } = options;
  const layers = hidden.flatMap((units): Layer[] => [
    dense(units, { activation }),
    ...(options.batchNorm ? [batchNorm()] : []),
    ...(rate === undefined ? [] : [dropout(rate)]),
  ]);
  // Biases that begin at zero would be nothing special to check.
  return sequential(inputs, [...layers, dense(outputs, { biasInitializer: 'glorotUniform' })], { seed });
}

/** Every float32 engine of this machine. */
async function availableEngines(): Promise<Map<string, Engine>> {
  const engines = new Map([['reference', createReferenceEngine()]]);
  for (const math of ['strict', 'fma'] as const) {
    try {
      engines.set(math, await createEngine({ backend: 'wasm', math }));
    } catch (error) {
      // Not to be had here; what can be had is checked.
      if (!(error instanceof EngineError)) throw error;
    }
  }
  return engines;
}

function print(
  out: Output,
  path: string | null,
  model: Network,
  { parameters, passed, loss }: GradcheckResult,
  engines: ReadonlyMap<string, Engine>,
): void {
  const what = isSequential(model)
    ? model.layers.map(({ kind, config }) =>
        typeof config.units === 'number' ? `${kind} ${config.units}` : kind,
      )
    : summary(model).layers.map(({ name, outputSize }) => `${name} ${outputSize}`);
  out.line(
    `${out.bold(path === null ? 'a new model' : printable(path))}  ${model.inputSize} inputs, ${what.join(', ')}; loss ${numberText(loss)}`,
  );
  out.line();
  const head = ['parameter', 'shape', 'checked', 'largest gradient', 'float64', ...engines.keys(), 'verdict'];
  const rows = parameters.map((own) => [
    own.name,
    own.shape.join('x'),
    count(own.checked),
    own.largest === 0 ? 'none' : own.largest.toExponential(1),
    errorText(own.error),
    ...[...own.engines.values()].map(({ error }) => errorText(error)),
    own.passed ? (own.largest === 0 ? 'unused' : 'right') : out.red('wrong'),
  ]);
  const last = head.length - 1;
  for (const line of fitColumns([head, ...rows], [0, 1, last], columnsOf(out.human), [3, 2, 1]))
    out.line(line);
  out.line();
  const { numeric, float32 } = gradcheckBounds;
  out.line(
    `relative errors: float64 against central differences, at most ${numeric}; engines against float64, at most ${float32}`,
  );
  for (const { name, worst, passed: own, error } of parameters) {
    if (own || error <= numeric) continue;
    out.line(`${name}[${worst.index}]: gradient ${worst.analytic}, central difference ${worst.numeric}`);
  }
  out.line(passed ? out.bold('all gradients are right') : out.red('some gradients are wrong'));
}

function errorText(error: number): string {
  if (error === 0) return '0';
  return Number.isFinite(error) ? error.toExponential(1) : 'no number';
}
