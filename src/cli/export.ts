/** `lanegrad export`: a model, or the metrics of a run, as the files of other programs. */
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { FileError, OptionError } from '../base/errors.js';
import { writeFileAtomic } from '../base/files/atomic.js';
import { isFolder } from '../base/files/folders.js';
import { flagOf } from '../base/settings.js';
import { exportFormats } from '../run/formats.js';
import { commonOptions } from './arguments.js';
import { flagsOfFormats, othersThan } from './flags.js';
import { count, Output, printable } from './output.js';
import { openModel } from './sources.js';

interface ExportOptions {
  to: keyof typeof exportFormats;
  layout?: 'lanegrad' | 'pytorch';
  prefix?: string;
  out?: string;
  json?: true;
}

export function addExport(program: Command): void {
  const titles = (of: 'model' | 'metrics') =>
    Object.values(exportFormats)
      .filter((format) => format.of === of)
      .map(({ title }) => title);
  const [models, metrics] = [titles('model'), titles('metrics')];
  const command = program
    .command('export')
    .summary('write a model or metrics for other programs')
    .description(
      `Writes a model as ${models.slice(0, -1).join(', ')} or ${models.at(-1)}, or the metrics of a run as ` +
        `${metrics.slice(0, -1).join(', ')} or ${metrics.at(-1)}.`,
    )
    .argument('<source>', 'a model file, or a run folder');
  const options = [
    new Option('--to <format>', 'of the file').choices(Object.keys(exportFormats)).makeOptionMandatory(),
    new Option('--out <file>', 'where to (default: beside the model)'),
    ...flagsOfFormats(exportFormats),
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
  lanegrad export runs/mnist --to tensorboard         # then: tensorboard --logdir runs`;

async function exportSource(source: string, options: ExportOptions): Promise<void> {
  checkTogether(options);
  const out = new Output({ json: options.json });
  const { path, bytes } = await exportFormats[options.to].write(source, options, openModel);
  const target = options.out ?? path;
  await checkTarget(source, target);
  await writeFileAtomic(target, bytes);
  out.line(`${out.bold(printable(target))}  ${count(bytes.length)} bytes`);
  out.result({ source, format: options.to, path: target, bytes: bytes.length });
}

/** An option that another format would ignore is a mistake. */
function checkTogether(options: ExportOptions): void {
  const { to, layout, prefix } = options;
  const other = othersThan(to, exportFormats, options)[0];
  if (other) {
    throw new OptionError(
      flagOf(other.key),
      `expected only with --to ${other.format}, given with --to ${to}`,
    );
  }
  if (prefix !== undefined && layout !== 'pytorch') {
    throw new OptionError('--prefix', `expected only with --layout pytorch, given with --to ${to}`);
  }
}

/** The source itself must not be what is written over. */
async function checkTarget(source: string, target: string): Promise<void> {
  if (resolve(source) === resolve(target)) {
    throw new OptionError('--out', `expected another file than the source, given ${printable(target)}`);
  }
  if (await isFolder(target)) throw new FileError(target, 'expected a file to write, but it is a folder');
}
