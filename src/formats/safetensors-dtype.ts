/**
 * The element types of safetensors that lanegrad reads, and the typed array each is stored in. Nothing else.
 */

/** What a reader gets for each dtype. */
export interface SafeData {
  F64: Float64Array;
  I64: BigInt64Array;
  U64: BigUint64Array;
  F32: Float32Array;
  I32: Int32Array;
  U32: Uint32Array;
  /** Widened, which is exact. */
  F16: Float32Array;
  /** Widened, which is exact. */
  BF16: Float32Array;
  I16: Int16Array;
  U16: Uint16Array;
  I8: Int8Array;
  U8: Uint8Array;
  /** 0 is false. */
  BOOL: Uint8Array;
}

export type SafeDtype = keyof SafeData;

const STORAGE = {
  F64: Float64Array,
  I64: BigInt64Array,
  U64: BigUint64Array,
  F32: Float32Array,
  I32: Int32Array,
  U32: Uint32Array,
  // Bits: Node 20 has no 16-bit float array.
  F16: Uint16Array,
  BF16: Uint16Array,
  I16: Int16Array,
  U16: Uint16Array,
  I8: Int8Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
} satisfies Record<SafeDtype, unknown>;

export const SUPPORTED: readonly SafeDtype[] = Object.keys(STORAGE).filter(isDtype);

export function isDtype(value: unknown): value is SafeDtype {
  return typeof value === 'string' && Object.hasOwn(STORAGE, value);
}

export function storageOf(dtype: SafeDtype): (typeof STORAGE)[SafeDtype] {
  return STORAGE[dtype];
}

/** Bytes of one element. */
export function elementBytes(dtype: SafeDtype): number {
  return STORAGE[dtype].BYTES_PER_ELEMENT;
}
