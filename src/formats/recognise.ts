/**
 * What a file is, by its own bytes: names of files say nothing that can be relied on. It reads none of them.
 */
import { zipNames } from './zip.js';

/** Bytes by which `formatOf` tells formats apart. */
export const HEAD_BYTES = 16;

type Test = (head: Uint8Array) => boolean;

function tests<Name extends string>(table: Record<Name, Test>): Readonly<Record<Name, Test>> {
  return table;
}

/** How the files of each format begin: those of models and of arrays, which are read as a whole. */
const formats = tests({
  gzip: (head) => begins(head, [0x1f, 0x8b]),
  npz: (head) => begins(head, [0x50, 0x4b]),
  npy: (head) => begins(head, [0x93, 0x4e]),
  // A header of 8 bytes, its upper ones zero, and an object.
  safetensors: (head) => head[8] === 0x7b && head[7] === 0 && head[6] === 0,
  // Two zeros, a type and a number of axes.
  idx: (head) => {
    const [zero, alsoZero, type, rank] = head;
    return (
      head.length >= 8 && zero === 0 && alsoZero === 0 && type >= 8 && type <= 14 && rank >= 1 && rank <= 8
    );
  },
  // The first field of an ONNX file is the IR version.
  onnx: (head) => head[0] === 0x08 && head[1] < 0x20,
});

export type FileFormat = keyof typeof formats;

/** What a file that begins like this is; undefined for anything else, such as a table. */
export function formatOf(head: Uint8Array): FileFormat | undefined {
  return (Object.keys(formats) as FileFormat[]).find((name) => formats[name](head));
}

/** How a field of ONNX's ModelProto begins: its number and its type. */
const MODEL_FIELDS: readonly number[] = [0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42, 0x72];

/**
 * Whether a file is ONNX: its fields may stand in any order, though hardly any begins with another than the
 * first.
 */
export function isOnnx(head: Uint8Array): boolean {
  const format = formatOf(head);
  return format === 'onnx' || (format === undefined && MODEL_FIELDS.includes(head[0]));
}

const SAVE_AS =
  "in Python, safetensors.torch.save_file(model.state_dict(), 'state.safetensors') writes what can be read here";
const EXPORT = "in Python, model.export('model.onnx', format='onnx') writes what can be read here";

/**
 * For a file of another program that no reader here takes: what it is, and what to do about it. Undefined for
 * any other.
 *
 * @param bytes The whole file; of one that is no ZIP archive its first bytes will do.
 */
export function foreignFormat(bytes: Uint8Array): string | undefined {
  if (formatOf(bytes) === 'npz') {
    const names = zipNames(bytes);
    if (names.some((name) => /(^|\/)data\.pkl$/.test(name)))
      return `a file of torch.save (.pt, .pth), whose pickle runs code when it is read; ${SAVE_AS}`;
    if (names.some((name) => /\.weights\.h5$/.test(name))) return `a Keras model; ${EXPORT}`;
    return undefined;
  }
  // The protocol's number follows, from 2 on.
  if (bytes[0] === 0x80 && bytes[1] >= 2 && bytes[1] <= 5 && formatOf(bytes) === undefined)
    return `a pickle of Python, as older versions of torch.save write it (.pt, .pth), which runs code when it is read; ${SAVE_AS}`;
  if (begins(bytes, [0x89, 0x48, 0x44, 0x46])) return `an HDF5 file, such as a Keras model; ${EXPORT}`;
  if (begins(bytes, [0x47, 0x47, 0x55, 0x46])) return 'a GGUF file; export the model as safetensors or ONNX';
  if (begins(bytes.subarray(4), [0x54, 0x46, 0x4c, 0x33]))
    return 'a TensorFlow Lite model; export the model as ONNX';
  return undefined;
}

function begins(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, i) => bytes[i] === byte);
}
