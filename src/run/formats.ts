/**
 * The formats of other programs in which models and metrics come and go, one entry each: from it come what
 * `lanegrad import` and `lanegrad export` take, the flags that belong to a format, and their help. How a file
 * is recognised stands in formats/recognise.ts.
 */
import { dirname, extname, join } from 'node:path';
import { OptionError } from '../base/errors.js';
import { flag, oneOf, type Setting, type SettingsTable, type SettingValues, text } from '../base/settings.js';
import { readModelNpz, writeModelNpz } from '../formats/arrays.js';
import { metricsCsv, metricsEvents } from '../formats/metrics.js';
import { readDataFiles } from '../formats/onnx/load.js';
import { denseFromPytorch, readPytorch, writePytorch } from '../formats/pytorch.js';
import type { FileFormat } from '../formats/recognise.js';
import { activations } from '../nn/activations.js';
import type { Network } from '../nn/model.js';
import { type ModelMetadata, writeModel } from '../tables/model-file.js';
import { writeOnnx } from '../tables/onnx.js';
import { readOnnx } from '../tables/onnx-read.js';
import { eventFileName, readMetrics } from './metrics.js';

const group = 'Options:';

/** A model as it comes from a file. */
export interface FileModel {
  readonly model: Network;
  readonly metadata: ModelMetadata;
  /** What a person should know about it. */
  readonly note?: string;
}

interface ImportEntry {
  /** For messages: what the file should hold. */
  readonly what: string;
  readonly options: SettingsTable;
  /** `open` loads a model of lanegrad's. */
  read(
    bytes: Uint8Array,
    file: string,
    options: object,
    open: (path: string) => Promise<FileModel>,
  ): Promise<FileModel>;
}

interface ExportEntry {
  /** For messages and help: `ONNX`. */
  readonly title: string;
  readonly of: 'model' | 'metrics';
  readonly options: SettingsTable;
  /** The bytes, and where they go when nothing is said. `open` loads the model. */
  write(
    source: string,
    options: object,
    open: (path: string) => Promise<FileModel & { readonly path: string }>,
  ): Promise<{ path: string; bytes: Uint8Array }>;
}

const like = {
  kind: text('<model>'),
  about: 'a model, or a run folder, with the same layers',
  group,
} satisfies Setting;

/** An entry whose options are typed as its table says. */
function importOf<Table extends SettingsTable>(
  what: string,
  options: Table,
  read: (
    file: { readonly bytes: Uint8Array; readonly name: string },
    options: SettingValues<Table>,
    open: (path: string) => Promise<FileModel>,
  ) => FileModel | Promise<FileModel>,
): ImportEntry {
  return {
    what,
    options,
    read: async (bytes, name, given, open) => read({ bytes, name }, given as SettingValues<Table>, open),
  };
}

function openLike(path: string | undefined, open: (path: string) => Promise<FileModel>): Promise<FileModel> {
  if (path !== undefined) return open(path);
  throw new OptionError(
    '--like',
    'the file holds values only; a model with the same layers is required, or --activation',
  );
}

export const importFormats = {
  onnx: importOf('an ONNX model', {}, async ({ bytes, name }) => {
    const { softmax, sigmoid, ...imported } = readOnnx(bytes, name, {
      externalData: await readDataFiles(bytes, name),
    });
    const end = softmax ? 'softmax' : sigmoid ? 'sigmoid' : undefined;
    return {
      ...imported,
      ...(end && { note: `the ${end} at its end is left out: predict and the losses apply it` }),
    };
  }),
  safetensors: importOf(
    'a state_dict in safetensors',
    {
      like,
      activation: { kind: oneOf(activations), about: 'state_dict: between its linear layers', group },
      prefix: { kind: text('<text>'), about: 'state_dict: what its names begin with, such as net.', group },
      modules: {
        kind: text('<names>'),
        about: 'state_dict: its modules in order, such as hidden,out',
        group,
      },
    },
    async ({ bytes, name }, { like: path, activation, prefix = '', modules }, open) => {
      const names = { prefix, ...(modules !== undefined && { modules: modules.split(',') }) };
      if (activation !== undefined) {
        if (path === undefined) {
          return { model: denseFromPytorch(bytes, name, { activation, ...names }), metadata: {} };
        }
        throw new OptionError('--like', 'expected without --activation: the model says what its layers are');
      }
      const opened = await openLike(path, open);
      readPytorch(bytes, name, opened.model, names);
      return opened;
    },
  ),
  npz: importOf('arrays in NPZ', { like }, async ({ bytes, name }, { like: path }, open) => {
    const opened = await openLike(path, open);
    readModelNpz(bytes, name, opened.model);
    return opened;
  }),
} satisfies Partial<Record<FileFormat, ImportEntry>>;

function exportEntries<Name extends string>(
  entries: Record<Name, ExportEntry>,
): Readonly<Record<Name, ExportEntry>> {
  return entries;
}

/** An entry of a model's format; the file stands beside the model, with another ending. */
function exportOf<Table extends SettingsTable>(
  title: string,
  options: Table,
  write: (model: FileModel, options: SettingValues<Table>) => { ending: string; bytes: Uint8Array },
): ExportEntry {
  return {
    title,
    of: 'model',
    options,
    async write(source, given, open) {
      const opened = await open(source);
      const { ending, bytes } = write(opened, given as SettingValues<Table>);
      const { path } = opened;
      return { path: `${path.slice(0, path.length - extname(path).length)}${ending}`, bytes };
    },
  };
}

export const exportFormats = exportEntries({
  onnx: exportOf(
    'ONNX',
    {
      rawInputs: {
        kind: flag(),
        about: 'onnx: take pixels, or the columns of a table, and prepare them inside',
        group,
      },
      softmax: { kind: flag(), about: 'onnx: return probabilities in place of logits', group },
    },
    ({ model, metadata }, { rawInputs = false, softmax = false }) => ({
      ending: '.onnx',
      bytes: writeOnnx(model, { metadata, rawInputs, softmax }),
    }),
  ),
  safetensors: exportOf(
    'safetensors',
    {
      layout: {
        kind: oneOf(['lanegrad', 'pytorch']),
        about: 'safetensors: lanegrad rebuilds the model, pytorch is a state_dict',
        group,
        fallback: 'lanegrad',
      },
      prefix: { kind: text('<text>'), about: 'pytorch: what names begin with, such as net.', group },
    },
    ({ model, metadata }, { layout, prefix = '' }) =>
      layout === 'pytorch'
        ? { ending: '.pytorch.safetensors', bytes: writePytorch(model, { prefix }) }
        : { ending: '.copy.safetensors', bytes: writeModel(model, metadata) },
  ),
  npz: exportOf('NPZ', {}, ({ model }) => ({ ending: '.npz', bytes: writeModelNpz(model) })),
  csv: {
    title: 'CSV',
    of: 'metrics',
    options: {
      escapeFormulas: {
        kind: flag(),
        about: 'csv: put an apostrophe before names that a spreadsheet would compute, such as =1+1',
        group,
      },
    },
    async write(source, { escapeFormulas = false }: { escapeFormulas?: boolean }) {
      const { path, records } = await readMetrics(source);
      const bytes = new TextEncoder().encode(metricsCsv(records, { escapeFormulas }));
      return { path: join(dirname(path), 'metrics.csv'), bytes };
    },
  },
  tensorboard: {
    title: 'for TensorBoard',
    of: 'metrics',
    options: {},
    async write(source) {
      const { path, records, endSeconds } = await readMetrics(source);
      return {
        path: join(dirname(path), eventFileName(endSeconds)),
        bytes: metricsEvents(records, endSeconds),
      };
    },
  },
});
