/**
 * Reads a WebAssembly binary as far as changing it asks: its sections, and the instructions of each function
 * with where they stand. It knows the instructions that the kernels are made of and refuses others.
 */

export interface Instruction {
  /** Byte offset within the binary, which is what source maps of WebAssembly count. */
  readonly at: number;
  readonly length: number;
  /** One byte; for those behind a prefix, the prefix times 2¹⁶ and their number. */
  readonly code: number;
  /** Where the immediates begin, from the instruction's start. */
  readonly immediate: number;
}

export interface Body {
  /** Offset of the first byte after the size: the declarations of locals. */
  readonly start: number;
  readonly end: number;
  readonly instructions: readonly Instruction[];
}

export interface Section {
  readonly id: number;
  /** Of what comes after the size. */
  readonly start: number;
  readonly end: number;
}

export interface Binary {
  readonly bytes: Uint8Array;
  readonly sections: readonly Section[];
  readonly bodies: readonly Body[];
  readonly exports: readonly { readonly name: string; readonly func: number }[];
}

export const SIMD = 0xfd0000;
const BULK = 0xfc0000;
const CODE = 10;
const EXPORT = 7;

export function decode(given: Uint8Array): Binary {
  // A Buffer's slices would be the file itself.
  const bytes = new Uint8Array(given);
  const reader = new Reader(bytes, 8);
  const sections: Section[] = [];
  while (reader.at < bytes.length) {
    const id = reader.byte();
    const size = reader.unsigned();
    sections.push({ id, start: reader.at, end: reader.at + size });
    reader.at += size;
  }
  const bodies: Body[] = [];
  reader.at = sectionOf(sections, CODE).start;
  for (let count = reader.unsigned(); count > 0; count--) {
    const size = reader.unsigned();
    const start = reader.at;
    bodies.push({ start, end: start + size, instructions: instructionsOf(reader, start + size) });
  }
  reader.at = sectionOf(sections, EXPORT).start;
  const exports: { name: string; func: number }[] = [];
  for (let count = reader.unsigned(); count > 0; count--) {
    const length = reader.unsigned();
    const name = Buffer.from(bytes.subarray(reader.at, reader.at + length)).toString();
    reader.at += length;
    const kind = reader.byte();
    const index = reader.unsigned();
    if (kind === 0) exports.push({ name, func: index });
  }
  return { bytes, sections, bodies, exports };
}

export function sectionOf(sections: readonly Section[], id: number): Section {
  const found = sections.find((section) => section.id === id);
  if (!found) throw new Error(`the binary has no section ${id}`);
  return found;
}

function instructionsOf(reader: Reader, end: number): Instruction[] {
  for (let groups = reader.unsigned(); groups > 0; groups--) {
    reader.unsigned();
    reader.at++;
  }
  const out: Instruction[] = [];
  while (reader.at < end) {
    const at = reader.at;
    let code = reader.byte();
    if (code === 0xfc || code === 0xfd) code = code * 0x10000 + reader.unsigned();
    const immediate = reader.at - at;
    skipImmediates(reader, code);
    out.push({ at, length: reader.at - at, code, immediate });
  }
  if (reader.at !== end) throw new Error(`an instruction goes beyond its function, at ${end}`);
  return out;
}

/** WebAssembly's specification, "Binary format: instructions". */
function skipImmediates(reader: Reader, code: number): void {
  if (code >= SIMD) {
    const op = code - SIMD;
    if (op <= 11 || op === 92 || op === 93) reader.memory();
    else if (op === 12 || op === 13) reader.at += 16;
    else if (op >= 21 && op <= 34) reader.at++;
    else if (op >= 84 && op <= 91) {
      reader.memory();
      reader.at++;
    } else if (op > 255) throw new Error(`vector instruction ${op} is unknown here`);
  } else if (code >= BULK) {
    const op = code - BULK;
    if (op === 10) reader.at += 2;
    else if (op === 11) reader.at++;
    else if (op > 7) throw new Error(`instruction 0xfc ${op} is unknown here`);
  } else if (code >= 0x02 && code <= 0x04) reader.signed();
  else if (code === 0x0c || code === 0x0d || code === 0x10) reader.unsigned();
  else if (code === 0x0e) for (let count = reader.unsigned(); count >= 0; count--) reader.unsigned();
  else if (code >= 0x20 && code <= 0x24) reader.unsigned();
  else if (code >= 0x28 && code <= 0x3e) reader.memory();
  else if (code === 0x3f || code === 0x40) reader.at++;
  else if (code === 0x41 || code === 0x42) reader.signed();
  else if (code === 0x43) reader.at += 4;
  else if (code === 0x44) reader.at += 8;
  else if (!(code <= 0x01 || [0x05, 0x0b, 0x0f, 0x1a, 0x1b].includes(code) || (code >= 0x45 && code <= 0xc4)))
    throw new Error(`instruction 0x${code.toString(16)} is unknown here`);
}

export class Reader {
  readonly bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes;
    this.at = at;
  }

  byte(): number {
    return this.bytes[this.at++];
  }

  /** LEB128. */
  unsigned(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }

  signed(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return byte & 0x40 ? value - (1n << (shift + 7n)) : value;
    }
  }

  /** Alignment and offset. */
  memory(): { align: number; offset: number } {
    return { align: this.unsigned(), offset: this.unsigned() };
  }
}

export function unsigned(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  do {
    out.push(rest > 127 ? (rest % 128) + 128 : rest);
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return out;
}

export function signed(value: bigint): number[] {
  const out: number[] = [];
  for (let rest = value; ; ) {
    const byte = Number(rest & 0x7fn);
    rest >>= 7n;
    if ((rest === 0n && !(byte & 0x40)) || (rest === -1n && byte & 0x40)) return [...out, byte];
    out.push(byte | 0x80);
  }
}
