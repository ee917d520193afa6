/** `lanegrad import`: a model from the files of other programs. */
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { Activation } from '../engine/kernels.js';
import { OptionError } from '../errors.js';
import { readFileBytes, writeFileAtomic } from '../files/atomic.js';
import { readModelNpz } from '../formats/arrays.js';
import { type ModelMetadata, writeModel } from '../formats/model.js';
import { readOnnx } from '../formats/onnx/read.js';
import { denseFromPytorch, readPytorch } from '../formats/pytorch.js';
import { activations } from '../nn/activations.js';
import type { Sequential } from '../nn/sequential.js';
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
  const format = formatOf(bytes);
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

type Format = 'onnx' | 'safetensors' | 'npz';

const readAs: Record<Format, (bytes: Uint8Array, file: string, options: ImportOptions) => Promise<Imported>> =
  {
    async onnx(bytes, file) {
      const { softmax, sigmoid, ...imported } = readOnnx(bytes, file);
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

/** ZIP has its own first bytes; safetensors a length of 8 bytes and then {; the rest is left to the reader of ONNX. */
function formatOf(bytes: Uint8Array): Format {
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) return 'npz';
  return bytes[8] === 0x7b && bytes[7] === 0 ? 'safetensors' : 'onnx';
}

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
