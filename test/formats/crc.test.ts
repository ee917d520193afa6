/** Checksums against published values. */
import { expect, test } from 'vitest';
import { crc32, crc32c } from '../../src/formats/crc.js';

const text = (value: string) => new TextEncoder().encode(value);

test('CRC-32', () => {
  // The check values of "123456789" in Ross Williams' catalogue, as RevEng keeps it.
  expect(crc32(text('123456789'))).toBe(0xcbf43926);
  expect(crc32(text(''))).toBe(0);
});

test('CRC-32C', () => {
  expect(crc32c(text('123456789'))).toBe(0xe3069283);
  // RFC 3720, B.4.
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => 31 - i))).toBe(0x113fdb5c);
});
