/**
 * Cyclic redundancy checks of 32 bits, reflected, over bytes: the polynomials that ZIP, PNG and gzip
 * (CRC-32), and TFRecord (CRC-32C, Castagnoli 1993) use. They find accidents, not forgery.
 */

const tables = { crc32: makeTable(0xedb88320), crc32c: makeTable(0x82f63b78) };

/** CRC-32 of ISO 3309, as an unsigned integer. */
export function crc32(bytes: Uint8Array): number {
  return update(tables.crc32, bytes);
}

/** CRC-32C of RFC 3720, as an unsigned integer. */
export function crc32c(bytes: Uint8Array): number {
  return update(tables.crc32c, bytes);
}

function makeTable(polynomial: number): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (polynomial & -(crc & 1));
    return crc;
  });
}

function update(table: Uint32Array, bytes: Uint8Array): number {
  let crc = ~0;
  for (let i = 0; i < bytes.length; i++) crc = (crc >>> 8) ^ table[(crc ^ bytes[i]) & 255];
  return ~crc >>> 0;
}
