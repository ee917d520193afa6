/** `lanegrad export`: a model, or the metrics of a run, as the files of other programs. */
import { stat } from 'node:fs/promises';
import { dirname, extname, join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { FileError, OptionError } from '../base/errors.js';
import { writeFileAtomic } from '../base/files/atomic.js';
import { writeModelNpz } from '../formats/arrays.js';
import { metricsCsv, metricsEvents } from '../formats/metrics.js';
import { writePytorch } from '../formats/pytorch.js';
import { eventFileName, readMetrics } from '../run/metrics.js';
import { writeModel } from '../tables/model-file.js';
import { writeOnnx } from '../tables/onnx.js';
import { commonOptions } from './arguments.js';
import { count, Output, printable } from './output.js';
import { type OpenModel, openModel } from './sources.js';

const models = ['onnx', 'safetensors', 'npz'] as const;
const metrics = ['csv', 'tensorboard'] as const;

interface ExportOptions {
  to: (typeof models)[number] | (typeof metrics)[number];
  layout: 'lanegrad' | 'pytorch';
  prefix?: string;
  rawInputs?: true;
  softmax?: true;
  escapeFormulas?: true;
  out?: string;
  json?: true;
}

export function addExport(program: Command): void {
  const command = program
    .command('export')
    .summary('write a model or metrics for other programs')
    .description(
      'Writes a model as ONNX, safetensors or NPZ, or the metrics of a run as CSV or for TensorBoard.',
    )
    .argument('<source>', 'a model file, or a run folder');
  const options = [
    new Option('--to <format>', 'of the file').choices([...models, ...metrics]).makeOptionMandatory(),
    new Option('--out <file>', 'where to (default: beside the model)'),
    new Option('--raw-inputs', 'onnx: take pixels, or the columns of a table, and prepare them inside'),
    new Option('--softmax', 'onnx: return probabilities in place of logits'),
    new Option('--layout <name>', 'safetensors: lanegrad rebuilds the model, pytorch is a state_dict')
      .choices(['lanegrad', 'pytorch'])
      .default('lanegrad'),
    new Option(
      '--escape-formulas',
      'csv: put an apostrophe before names that a spreadsheet would compute, such as =1+1',
    ),
    new Option('--prefix <text>', 'pytorch: what names begin with, such as net.'),
    ...commonOptions(),
  ];
  for (const option of options) command.addOption(option);
  command.action(exportSource).addHelpText('after', EXAMPLES);
}

const EXAMPLES = `
Examples:
  lanegrad export runs/mnist --to onnx --raw-inputs --softmax
  lanegrad export model.safetensors --to safetensors --layout pytorch --prefix net.
  lanegrad export model.safetensors --to npz --out weights.npz
  lanegrad export runs/mnist --to csv
  lanegrad export runs/mnist --to tensorboard         then: tensorboard --logdir runs`;

async function exportSource(source: string, options: ExportOptions): Promise<void> {
  checkTogether(options);
  const out = new Output({ json: options.json });
  const { path, bytes } = isMetrics(options.to)
    ? await exportMetrics(source, options)
    : await exportModel(source, options);
  const target = options.out ?? path;
  await checkTarget(source, target);
  await writeFileAtomic(target, bytes);
  out.line(`${out.bold(printable(target))}  ${count(bytes.length)} bytes`);
  out.result({ source, format: options.to, path: target, bytes: bytes.length });
}

function isMetrics(to: ExportOptions['to']): to is (typeof metrics)[number] {
  return (metrics as readonly string[]).includes(to);
}

/** An option that another format would ignore is a mistake. */
function checkTogether({ to, layout, prefix, rawInputs, softmax, escapeFormulas }: ExportOptions): void {
  const needs = (name: string, what: string) => {
    throw new OptionError(`--${name}`, `expected only with ${what}, given with --to ${to}`);
  };
  if (rawInputs && to !== 'onnx') needs('raw-inputs', '--to onnx');
  if (softmax && to !== 'onnx') needs('softmax', '--to onnx');
  if (layout === 'pytorch' && to !== 'safetensors') needs('layout', '--to safetensors');
  if (escapeFormulas && to !== 'csv') needs('escape-formulas', '--to csv');
  if (prefix !== undefined && layout !== 'pytorch') needs('prefix', '--layout pytorch');
}

async function exportModel(
  source: string,
  options: ExportOptions,
): Promise<{ path: string; bytes: Uint8Array }> {
  const opened = await openModel(source);
  const { path, model, metadata } = opened;
  const stem = path.slice(0, path.length - extname(path).length);
  switch (options.to) {
    case 'onnx': {
      const { rawInputs = false, softmax = false } = options;
      return { path: `${stem}.onnx`, bytes: writeOnnx(model, { metadata, rawInputs, softmax }) };
    }
    case 'npz':
      return { path: `${stem}.npz`, bytes: writeModelNpz(model) };
    default:
      return safetensors(stem, opened, options);
  }
}

function safetensors(stem: string, { model, metadata }: OpenModel, { layout, prefix = '' }: ExportOptions) {
  return layout === 'pytorch'
    ? { path: `${stem}.pytorch.safetensors`, bytes: writePytorch(model, { prefix }) }
    : { path: `${stem}.copy.safetensors`, bytes: writeModel(model, metadata) };
}

async function exportMetrics(
  source: string,
  { to, escapeFormulas }: ExportOptions,
): Promise<{ path: string; bytes: Uint8Array }> {
  const { path, records, endSeconds } = await readMetrics(source);
  if (to === 'csv') {
    const text = metricsCsv(records, { escapeFormulas: escapeFormulas ?? false });
    return { path: join(dirname(path), 'metrics.csv'), bytes: new TextEncoder().encode(text) };
  }
  return { path: join(dirname(path), eventFileName(endSeconds)), bytes: metricsEvents(records, endSeconds) };
}

/** The source itself must not be what is written over. */
async function checkTarget(source: string, target: string): Promise<void> {
  if (resolve(source) === resolve(target)) {
    throw new OptionError('--out', `expected another file than the source, given ${printable(target)}`);
  }
  const folder = await stat(target).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (folder) throw new FileError(target, 'expected a file to write, but it is a folder');
}
