/**
 * Binaries made of another one: with a budget for the turns of loops, with marks that tell which pieces of
 * code ran, and with one instruction changed. Two exported globals, or thousands, are all that is added.
 */
import { type Binary, type Section, sectionOf, unsigned } from './decode.js';

/** The exported budget: each turn of a loop takes one, and the last one traps. */
export const BUDGET = 'budget';
/** Mark i is exported as `m${i}`. */
export const MARK = 'm';

const [GLOBAL, EXPORT, CODE] = [6, 7, 10];
const [LOOP, IF, ELSE, END, BR_IF, BR_TABLE] = [0x03, 0x04, 0x05, 0x0b, 0x0d, 0x0e];
const [I32, MUTABLE, CONST] = [0x7f, 1, 0x41];

/** get, subtract 1, set; trap at 0. */
const spend = [0x23, 0, 0x41, 1, 0x6b, 0x24, 0, 0x23, 0, 0x45, IF, 0x40, 0x00, END];

/** Where a mutant is: a function, one of its instructions, and the bytes in its place. */
export interface Place {
  readonly func: number;
  readonly index: number;
  readonly bytes: readonly number[];
}

export class Assembler {
  readonly #binary: Binary;
  readonly #bodies: Buffer[];
  readonly #before: Buffer;
  readonly #after: Buffer;
  readonly #marked: boolean;
  /** The number of a piece of code without branches, by function and instruction. */
  readonly blocks: readonly Int32Array[];
  readonly marks: number;

  constructor(binary: Binary, { marked = false } = {}) {
    this.#binary = binary;
    this.#marked = marked;
    let marks = 0;
    this.blocks = binary.bodies.map(({ instructions }) => {
      const own = new Int32Array(instructions.length);
      let block = marks++;
      instructions.forEach(({ code }, i) => {
        own[i] = block;
        if (branches(code)) block = marks++;
      });
      return own;
    });
    this.marks = marks;
    const { bytes, sections } = binary;
    if (sections.some(({ id }) => id === GLOBAL)) throw new Error('the binary has globals already');
    const code = sectionOf(sections, CODE);
    const exported = sectionOf(sections, EXPORT);
    const globals = marked ? marks + 1 : 1;
    const added = Buffer.concat(
      Array.from({ length: globals }, (_, i) => {
        const name = Buffer.from(i === 0 ? BUDGET : MARK + (i - 1));
        return Buffer.from([...unsigned(name.length), ...name, 3, ...unsigned(i)]);
      }),
    );
    const one = Buffer.from([I32, MUTABLE, CONST, 0, END]);
    this.#before = Buffer.concat([
      bytes.subarray(0, start(sections, exported)),
      section(GLOBAL, Buffer.concat([Buffer.from(unsigned(globals)), ...Array(globals).fill(one)])),
      section(EXPORT, extended(bytes.subarray(exported.start, exported.end), globals, added)),
      bytes.subarray(exported.end, start(sections, code)),
    ]);
    this.#after = Buffer.from(bytes.subarray(code.end));
    this.#bodies = binary.bodies.map((_, func) => this.#body(func));
  }

  /** The whole binary, with at most one instruction changed. */
  module(place?: Place): Uint8Array {
    const parts: Buffer[] = [Buffer.from(unsigned(this.#bodies.length))];
    this.#bodies.forEach((own, func) => {
      parts.push(place?.func === func ? this.#body(func, place) : own);
    });
    return Buffer.concat([this.#before, section(CODE, Buffer.concat(parts)), this.#after]);
  }

  #body(func: number, place?: Place): Buffer {
    const { bytes, bodies } = this.#binary;
    const { start, instructions } = bodies[func];
    const own: Uint8Array[] = [bytes.subarray(start, instructions[0].at)];
    const mark = (block: number) => {
      if (this.#marked) own.push(Buffer.from([CONST, 1, 0x24, ...unsigned(block + 1)]));
    };
    mark(this.blocks[func][0]);
    instructions.forEach(({ at, length, code }, i) => {
      own.push(place?.index === i ? Buffer.from(place.bytes) : bytes.subarray(at, at + length));
      if (code === LOOP) own.push(Buffer.from(spend));
      if (branches(code) && i < instructions.length - 1) mark(this.blocks[func][i + 1]);
    });
    const body = Buffer.concat(own);
    return Buffer.concat([Buffer.from(unsigned(body.length)), body]);
  }
}

/** Whether what follows may run another number of times than what precedes. */
function branches(code: number): boolean {
  return [LOOP, IF, ELSE, END, BR_IF, BR_TABLE].includes(code);
}

/** Where a section begins with its id and size. */
function start(sections: readonly Section[], { start: own }: Section): number {
  const before = sections.filter((section) => section.start < own);
  return before.length > 0 ? Math.max(...before.map(({ end }) => end)) : 8;
}

function section(id: number, content: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([id, ...unsigned(content.length)]), content]);
}

/** A list with `count` entries more. */
function extended(list: Uint8Array, count: number, added: Uint8Array): Buffer {
  let length = 0;
  let at = 0;
  do length += (list[at] & 0x7f) * 128 ** at;
  while (list[at++] & 0x80);
  return Buffer.concat([Buffer.from(unsigned(length + count)), list.subarray(at), added]);
}
