/**
 * Finds out what a file or folder is, by its content, and reads what there is to see in it. It prints
 * nothing. Node only.
 */
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { DataError, FileError, FormatError } from '../base/errors.js';
import { fileError } from '../base/files/atomic.js';
import { STANDARD_INPUT } from '../base/files/pipe.js';
import { unzip } from '../data/folder.js';
import { type IdxArray, readIdx } from '../data/idx.js';
import { flattenRecord } from '../formats/metrics.js';
import { type NpyArray, readNpy } from '../formats/npy.js';
import { readNpz } from '../formats/npz.js';
import { readDataFiles } from '../formats/onnx/load.js';
import { type FileFormat, foreignFormat, formatOf, HEAD_BYTES } from '../formats/recognise.js';
import { readSafetensors, type SafetensorsFile } from '../formats/safetensors.js';
import { readMetrics } from '../run/metrics.js';
import type { CsvOptions } from '../tables/csv-reading.js';
import { inputSource } from '../tables/file.js';
import { inspectTable } from '../tables/inspect.js';
import { readModel } from '../tables/model-file.js';
import { gunzipped, head } from '../tables/source.js';
import type { ByteSource } from '../tables/types.js';
import { inspectModel, inspectOnnx } from './models.js';
import type { InspectedTensor, Inspection, Pictures } from './types.js';

/**
 * Reads a model, a checkpoint, a run folder, or a data file: safetensors, ONNX, NPY, NPZ, IDX (also .gz), or
 * a table. The path `-` is standard input.
 *
 * @param reading How a table of delimited text is read; found out by default.
 * @throws FileError when it cannot be read, FormatError when it is damaged or nothing that is known,
 * DataError when it is empty.
 */
export async function inspectPath(path: string, reading: CsvOptions = {}): Promise<Inspection> {
  if (path === STANDARD_INPUT) return inspectFile(path, reading);
  const found = await stat(path).catch((cause) => {
    throw fileError(path, 'cannot be read', cause);
  });
  return found.isDirectory() ? inspectFolder(path) : inspectFile(path, reading);
}

async function inspectFile(given: string, reading: CsvOptions = {}): Promise<Inspection> {
  const source = await inputSource(given);
  const path = source.name;
  if (source.size === 0) throw new FormatError(path, 'the file is empty');
  if (basename(path) === 'metrics.jsonl') return inspectMetrics(path);
  const read = () => source.slice(0, source.size);
  // The first bytes say what it is: tables are read in chunks, and may be larger than memory.
  const first = await head(source, HEAD_BYTES);
  const format = formatOf(first);
  if (format === 'gzip') {
    if (formatOf(await head(gunzipped(source), HEAD_BYTES)) !== 'idx')
      return inspectTableSource(source, reading);
    return inspectIdx(path, await unzip(await read(), path));
  }
  if (format) return inspectBinary[format](path, await read());
  const foreign = foreignFormat(first);
  if (foreign !== undefined) throw new FormatError(path, `expected a model or data, given ${foreign}`);
  return inspectTableSource(source, reading);
}

async function inspectTableSource(source: ByteSource, reading: CsvOptions): Promise<Inspection> {
  return { path: source.name, kind: 'table', tensors: [], ...(await inspectTable(source, reading)) };
}

const inspectBinary: Record<
  Exclude<FileFormat, 'gzip'>,
  (path: string, bytes: Uint8Array) => Inspection | Promise<Inspection>
> = {
  idx: inspectIdx,
  npy: inspectNpy,
  npz: inspectNpz,
  safetensors: inspectSafetensors,
  onnx: (path, bytes) => inspectOnnx(path, bytes, () => readDataFiles(bytes, path)),
};

async function inspectFolder(path: string): Promise<Inspection> {
  const names = (
    await readdir(path).catch((cause) => {
      throw fileError(path, 'cannot be read', cause);
    })
  ).sort();
  const wanted = names.filter(
    (name) =>
      name === 'model.safetensors' ||
      name === 'metrics.jsonl' ||
      /^checkpoint.*safetensors$/.test(name) ||
      /ubyte(\.gz)?$/.test(name),
  );
  if (wanted.length === 0) {
    throw new FileError(
      path,
      'expected a run folder or a folder with IDX files: it has no model, metrics or images',
    );
  }
  const parts: Inspection[] = [];
  for (const name of wanted) parts.push(await inspectFile(join(path, name)));
  const isRun = names.includes('model.safetensors') || names.includes('metrics.jsonl');
  const facts: [string, string][] = [
    ['folder', isRun ? 'of a training run' : 'of IDX files'],
    ['files', names.join('  ')],
  ];
  if (names.includes('checkpoints')) {
    const checkpoints = await readdir(join(path, 'checkpoints')).catch(() => []);
    if (checkpoints.length > 0) facts.push(['checkpoints', checkpoints.sort().join('  ')]);
  }
  return { path, kind: isRun ? 'run' : 'idx', facts, tensors: [], parts };
}

function inspectIdx(path: string, bytes: Uint8Array): Inspection {
  const { type, dims, data }: IdxArray = readIdx(bytes, path);
  const tensor = withImages({ name: 'data', dtype: type, shape: dims, values: data });
  return { path, kind: 'idx', facts: [['file', 'IDX, the format of MNIST']], tensors: [tensor] };
}

function inspectNpy(path: string, bytes: Uint8Array): Inspection {
  const tensor = fromNpy('data', readNpy(bytes, path));
  return { path, kind: 'npy', facts: [['file', 'NPY, an array of numpy']], tensors: [tensor] };
}

function inspectNpz(path: string, bytes: Uint8Array): Inspection {
  const tensors = [...readNpz(bytes, path)].map(([name, array]) => fromNpy(name, array));
  return { path, kind: 'npz', facts: [['file', `NPZ, ${tensors.length} arrays of numpy`]], tensors };
}

function fromNpy(name: string, { dtype, shape, data }: NpyArray): InspectedTensor {
  // Texts have no statistics; the shape says how many there are.
  return withImages({
    name,
    dtype,
    shape,
    values: dtype === 'string' ? [] : (data as ArrayLike<number | bigint>),
  });
}

/** Three axes, the last two of a picture's size, are taken for images. */
function withImages(tensor: InspectedTensor): InspectedTensor {
  const { shape, values } = tensor;
  const [count, height, width] = shape;
  if (shape.length !== 3 || height < 2 || width < 2 || height > 1024 || width > 1024 || values.length === 0)
    return tensor;
  const at = (picture: number, pixel: number) => Number(values[picture * height * width + pixel]);
  const pictures: Pictures = { count, height, width, at };
  return { ...tensor, pictures };
}

async function inspectSafetensors(path: string, bytes: Uint8Array): Promise<Inspection> {
  const file = readSafetensors(bytes, path);
  if (file.metadata.lanegrad !== undefined) return inspectModel(path, readModel(bytes, path));
  const checkpoint = file.metadata['lanegrad.checkpoint'];
  const tensors = [...file.tensors].map(([name, { dtype, shape, data }]) => ({
    name,
    dtype,
    shape,
    values: data,
  }));
  if (checkpoint !== undefined) {
    return { path, kind: 'checkpoint', facts: checkpointFacts(path, checkpoint), tensors };
  }
  return { path, kind: 'safetensors', facts: safetensorsFacts(file), tensors };
}

function safetensorsFacts({ tensors, metadata }: SafetensorsFile): [string, string][] {
  return [
    ['file', `safetensors, ${tensors.size} tensors`],
    ...Object.entries(metadata).map(([key, text]): [string, string] => [
      key,
      text.length > 60 ? `${text.slice(0, 57)}…` : text,
    ]),
  ];
}

/** Position and configuration as they stand in the file; what they mean is the business of who resumes. */
function checkpointFacts(path: string, text: string): [string, string][] {
  let description: unknown;
  try {
    description = JSON.parse(text);
  } catch (cause) {
    throw new FormatError(path, `metadata "lanegrad.checkpoint": not JSON: ${(cause as Error).message}`, {
      cause,
    });
  }
  const facts: [string, string][] = [['file', 'checkpoint of a training run']];
  if (typeof description !== 'object' || description === null) return facts;
  for (const part of ['position', 'engine', 'configuration'] as const) {
    const value = (description as Record<string, unknown>)[part];
    if (typeof value !== 'object' || value === null) continue;
    for (const [name, own] of Object.entries(flattenRecord(path, value))) facts.push([name, String(own)]);
  }
  return facts;
}

async function inspectMetrics(path: string): Promise<Inspection> {
  const { records } = await readMetrics(path);
  if (records.length === 0) throw new DataError(path, 'expected at least one epoch');
  const flat = records.map((record) => flattenRecord(path, record));
  return {
    path,
    kind: 'metrics',
    facts: [['file', `metrics of ${records.length} epochs`]],
    tensors: [],
    records: flat,
  };
}
