/** The elements of ONNX's tensors as numbers, in whichever of its fields and widths they stand. */
import { elementsOf } from '../../base/arrays.js';
import { show } from '../../base/errors.js';
import { toHostOrder, widenBf16, widenF16 } from '../bytes.js';
import type { Fail } from '../protobuf.js';
import { dataTypes, type OnnxTensor } from './proto.js';

/** Axes that an array may have, as in numpy. */
export const MAX_RANK = 64;

/** Of one element of the types that are read. */
const BYTES: ReadonlyMap<number, number> = new Map([
  [dataTypes.float, 4],
  [dataTypes.uint8, 1],
  [dataTypes.int8, 1],
  [dataTypes.uint16, 2],
  [dataTypes.int16, 2],
  [dataTypes.int32, 4],
  [dataTypes.int64, 8],
  [dataTypes.bool, 1],
  [dataTypes.float16, 2],
  [dataTypes.double, 8],
  [dataTypes.uint32, 4],
  [dataTypes.uint64, 8],
  [dataTypes.bfloat16, 2],
]);

/**
 * The elements of a tensor of floats, of any width, as float32. Fails when there are more or fewer than its
 * shape says.
 */
export function floatValues(tensor: OnnxTensor, fail: Fail): Float32Array {
  const { dataType, floats, doubles, ints = [] } = tensor;
  const raw = checkedRaw(tensor, fail);
  switch (dataType) {
    case dataTypes.float:
      return checkCount(raw ? new Float32Array(raw) : (floats ?? new Float32Array(0)), tensor, fail);
    case dataTypes.double:
      return Float32Array.from(
        checkCount(raw ? new Float64Array(raw) : (doubles ?? new Float64Array(0)), tensor, fail),
      );
    case dataTypes.float16:
    case dataTypes.bfloat16: {
      // The list holds 16 bits in each number.
      const bits = checkCount(raw ? new Uint16Array(raw) : Uint16Array.from(ints), tensor, fail);
      return dataType === dataTypes.float16 ? widenF16(bits) : widenBf16(bits);
    }
    default:
      return fail(`expected a tensor of floats, given one of type ${dataType}`);
  }
}

/** Whole numbers from their bytes in the host's order. */
const readers: ReadonlyMap<number, (raw: ArrayBuffer) => readonly number[]> = new Map([
  [dataTypes.uint8, (raw: ArrayBuffer) => Array.from(new Uint8Array(raw))],
  [dataTypes.int8, (raw: ArrayBuffer) => Array.from(new Int8Array(raw))],
  [dataTypes.uint16, (raw: ArrayBuffer) => Array.from(new Uint16Array(raw))],
  [dataTypes.int16, (raw: ArrayBuffer) => Array.from(new Int16Array(raw))],
  [dataTypes.int32, (raw: ArrayBuffer) => Array.from(new Int32Array(raw))],
  [dataTypes.int64, (raw: ArrayBuffer) => Array.from(new BigInt64Array(raw), Number)],
  [dataTypes.uint32, (raw: ArrayBuffer) => Array.from(new Uint32Array(raw))],
  [dataTypes.uint64, (raw: ArrayBuffer) => Array.from(new BigUint64Array(raw), Number)],
  [dataTypes.bool, (raw: ArrayBuffer) => Array.from(new Uint8Array(raw))],
]);

/** The elements of a tensor of whole numbers, or of truth values as 0 and 1. */
export function intValues(tensor: OnnxTensor, fail: Fail): readonly number[] {
  const { dataType, ints = [] } = tensor;
  const read = readers.get(dataType);
  if (!read) return fail(`expected a tensor of whole numbers, given one of type ${dataType}`);
  const raw = checkedRaw(tensor, fail);
  const values = raw ? read(raw) : ints;
  return checkCount(values, tensor, fail);
}

/** Elements that its shape says. */
export function countOf({ dims }: OnnxTensor, fail: Fail): number {
  if (dims.some((length) => length < 0)) fail(`a shape ${show(dims)} is not allowed`);
  const count = elementsOf(dims);
  return Number.isSafeInteger(count) ? count : fail(`the shape ${show(dims)} overflows`);
}

/** Bytes that its shape and type need. */
export function bytesOf(tensor: OnnxTensor, fail: Fail): number {
  const bytes = BYTES.get(tensor.dataType);
  return bytes === undefined
    ? fail(`tensors of type ${tensor.dataType} are not supported`)
    : bytes * countOf(tensor, fail);
}

/**
 * A copy of the raw elements in the host's order, compared with the shape before anything is copied;
 * undefined where there are none.
 */
function checkedRaw(tensor: OnnxTensor, fail: Fail): ArrayBuffer | undefined {
  const { raw, external, dataType } = tensor;
  if (external) {
    fail(`its data are in another file, ${show(external.location)}, which was not given as externalData`);
  }
  const elementBytes = BYTES.get(dataType);
  if (!raw || elementBytes === undefined) return undefined;
  if (raw.length % elementBytes !== 0)
    fail(`expected elements of ${elementBytes} bytes, given ${raw.length} bytes`);
  checkCount({ length: raw.length / elementBytes }, tensor, fail);
  return toHostOrder(raw, elementBytes, 'little');
}

function checkCount<T extends { readonly length: number }>(values: T, tensor: OnnxTensor, fail: Fail): T {
  const count = countOf(tensor, fail);
  if (values.length === count) return values;
  return fail(`a tensor of shape ${show(tensor.dims)} needs ${count} values, given ${values.length}`);
}
