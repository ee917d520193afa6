/** `lanegrad import`: a model from the files of other programs. */
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { FormatError, OptionError } from '../base/errors.js';
import { readFileBytes, writeFileAtomic } from '../base/files/atomic.js';
import type { Activation } from '../engine/kernels.js';
import { readModelNpz } from '../formats/arrays.js';
import { readDataFiles } from '../formats/onnx/load.js';
import { readOnnx } from '../formats/onnx/read.js';
import { denseFromPytorch, readPytorch } from '../formats/pytorch.js';
import { type FileFormat, foreignFormat, formatOf } from '../formats/recognise.js';
import { activations } from '../nn/activations.js';
import type { Sequential } from '../nn/sequential.js';
import { type ModelMetadata, writeModel } from '../tables/model-file.js';
import { commonOptions } from './arguments.js';
import { count, Output, printable } from './output.js';
import { openModel } from './sources.js';

interface ImportOptions {
  out: string;
  like?: string;
  activation?: Activation;
  prefix?: string;
  modules?: string;
  json?: true;
}

interface Imported {
  model: Sequential;
  metadata: ModelMetadata;
  /** What a person should know about it. */
  note?: string;
}

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
    new Option('--like <model>', 'a model, or a run folder, with the same layers'),
    new Option('--activation <name>', 'state_dict: between its linear layers').choices(activations),
    new Option('--prefix <text>', 'state_dict: what its names begin with, such as net.'),
    new Option('--modules <names>', 'state_dict: its modules in order, such as hidden,out'),
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
  const { model, metadata, note } = await readAs[format](bytes, file, options);
  await writeFileAtomic(options.out, writeModel(model, metadata));
  out.line(
    `${out.bold(printable(options.out))}  ${model.sizes.join('-')}, ${count(model.parameterCount)} parameters`,
  );
  if (note) out.line(note);
  out.result({
    source: file,
    format,
    path: options.out,
    layers: model.sizes,
    parameters: model.parameterCount,
    loss: model.loss?.kind ?? null,
  });
}

type Format = Extract<FileFormat, 'onnx' | 'safetensors' | 'npz'>;

const readAs: Record<Format, (bytes: Uint8Array, file: string, options: ImportOptions) => Promise<Imported>> =
  {
    async onnx(bytes, file) {
      const { softmax, sigmoid, ...imported } = readOnnx(bytes, file, {
        externalData: await readDataFiles(bytes, file),
      });
      const end = softmax ? 'softmax' : sigmoid ? 'sigmoid' : undefined;
      return {
        ...imported,
        ...(end && { note: `the ${end} at its end is left out: predict and the losses apply it` }),
      };
    },
    async safetensors(bytes, file, { like, activation, prefix = '', modules }) {
      const names = { prefix, ...(modules !== undefined && { modules: modules.split(',') }) };
      if (activation) return { model: denseFromPytorch(bytes, file, { activation, ...names }), metadata: {} };
      const opened = await openLike(like);
      readPytorch(bytes, file, opened.model, names);
      return opened;
    },
    async npz(bytes, file, { like }) {
      const opened = await openLike(like);
      readModelNpz(bytes, file, opened.model);
      return opened;
    },
  };

function importFormat(bytes: Uint8Array, file: string): Format {
  const foreign = foreignFormat(bytes);
  if (foreign !== undefined) throw new FormatError(file, `expected ${EXPECTED}, given ${foreign}`);
  const format = formatOf(bytes);
  if (format === 'onnx' || format === 'safetensors' || format === 'npz') return format;
  // The fields of an ONNX file may stand in any order, though hardly any begins with another than the first.
  if (format === undefined && MODEL_FIELDS.includes(bytes[0])) return 'onnx';
  throw new FormatError(
    file,
    `expected ${EXPECTED}, given ${format ? `a file of ${format}` : 'something else'}`,
  );
}

/** How a field of ModelProto begins: its number and its type. */
const MODEL_FIELDS: readonly number[] = [0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42, 0x72];

const EXPECTED = 'an ONNX model, a state_dict in safetensors, or arrays in NPZ';

function checkTogether(format: Format, { like, activation, prefix, modules }: ImportOptions): void {
  const given = Object.entries({ '--activation': activation, '--prefix': prefix, '--modules': modules });
  for (const [name, value] of given) {
    if (value !== undefined && format !== 'safetensors') {
      throw new OptionError(name, `expected only with a state_dict in safetensors; the file is ${format}`);
    }
  }
  if (like !== undefined && format === 'onnx')
    throw new OptionError('--like', 'an ONNX file says itself what its layers are');
  if (like !== undefined && activation !== undefined) {
    throw new OptionError('--like', 'expected without --activation: the model says what its layers are');
  }
}

async function openLike(like: string | undefined): Promise<Imported> {
  if (like !== undefined) return openModel(like);
  throw new OptionError(
    '--like',
    'the file holds values only; a model with the same layers is required, or --activation',
  );
}
