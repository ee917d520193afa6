/** `lanegrad import`: a model from the files of other programs. */
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { FormatError, OptionError } from '../base/errors.js';
import { readFileBytes, writeFileAtomic } from '../base/files/atomic.js';
import { flagOf } from '../base/settings.js';
import { foreignFormat, formatOf, isOnnx } from '../formats/recognise.js';
import { sizesOf, titleOf } from '../nn/summary.js';
import { importFormats } from '../run/formats.js';
import { writeModel } from '../tables/model-file.js';
import { commonOptions } from './arguments.js';
import { flagsOfFormats, othersThan } from './flags.js';
import { count, Output, printable } from './output.js';
import { openModel } from './sources.js';

interface ImportOptions {
  out: string;
  json?: true;
}

type Format = keyof typeof importFormats;

export function addImport(program: Command): void {
  const command = program
    .command('import')
    .summary('read a model of another program')
    .description(
      'Makes a lanegrad model of an ONNX file, of a PyTorch state_dict in safetensors, or of arrays in NPZ. ONNX says what ' +
        'the layers are; for the others --like takes them from a model, or --activation makes dense layers of a state_dict.',
    )
    .argument('<file>', 'ONNX, safetensors or NPZ; told apart by its content');
  const options = [
    new Option('--out <file>', 'the model to write, .safetensors').makeOptionMandatory(),
    ...flagsOfFormats(importFormats),
    ...commonOptions(),
  ];
  for (const option of options) command.addOption(option);
  command.action(importFile).addHelpText('after', EXAMPLES);
}

const EXAMPLES = `
Examples:
  lanegrad import model.onnx --out model.safetensors
  lanegrad import state.safetensors --activation relu --out model.safetensors
  lanegrad import state.safetensors --like runs/mnist --prefix net. --out model.safetensors
  lanegrad import weights.npz --like runs/mnist --out model.safetensors`;

async function importFile(file: string, options: ImportOptions): Promise<void> {
  const out = new Output({ json: options.json });
  if (resolve(file) === resolve(options.out)) {
    throw new OptionError('--out', `expected another file than the source, given ${printable(file)}`);
  }
  const bytes = await readFileBytes(file);
  const format = importFormat(bytes, file);
  checkTogether(format, options);
  const { model, metadata, note } = await importFormats[format].read(bytes, file, options, openModel);
  await writeFileAtomic(options.out, writeModel(model, metadata));
  out.line(
    `${out.bold(printable(options.out))}  ${titleOf(model)}, ${count(model.parameterCount)} parameters`,
  );
  if (note) out.line(note);
  out.result({
    source: file,
    format,
    path: options.out,
    layers: sizesOf(model),
    parameters: model.parameterCount,
    loss: model.loss?.kind ?? null,
  });
}

function importFormat(bytes: Uint8Array, file: string): Format {
  const foreign = foreignFormat(bytes);
  if (foreign !== undefined) throw new FormatError(file, `expected ${EXPECTED}, given ${foreign}`);
  const format = formatOf(bytes);
  if (format !== undefined && Object.hasOwn(importFormats, format)) return format as Format;
  if (isOnnx(bytes)) return 'onnx';
  throw new FormatError(
    file,
    `expected ${EXPECTED}, given ${format ? `a file of ${format}` : 'something else'}`,
  );
}

const known = Object.values(importFormats).map(({ what }) => what);
const EXPECTED = `${known.slice(0, -1).join(', ')}, or ${known.at(-1)}`;

/** An option that another format would ignore is a mistake. */
function checkTogether(format: Format, options: ImportOptions): void {
  for (const { key, format: other } of othersThan(format, importFormats, options)) {
    if (key === 'like')
      throw new OptionError('--like', `${importFormats[format].what} says itself what its layers are`);
    const { what } = importFormats[other];
    throw new OptionError(flagOf(key), `expected only with ${what}; the file is ${format}`);
  }
}
