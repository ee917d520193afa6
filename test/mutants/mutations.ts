/**
 * What one instruction may become: an operation its counterpart, a constant its neighbour, its negative, its
 * double or nothing, a branch its opposite, an address or a lane the next one, a store nothing. All keep
 * the types of the stack, so that each mutant is a valid module.
 */
import { type Binary, type Instruction, Reader, SIMD, signed, unsigned } from './decode.js';
import { codeOf, nameOf } from './names.js';

export interface Change {
  /** As a reader of the module's text would see it. */
  readonly before: string;
  readonly after: string;
  /** In place of the instruction's. */
  readonly bytes: readonly number[];
}

/** Each becomes the other, in every type that has both; those to the left of an arrow become the right one. */
const swaps = new Map<number, string>();
const pairs: [types: string, pairs: string][] = [
  ['i32 i64 f32 f64', 'add-sub eq-ne'],
  ['i32 i64', 'mul>add and-or xor>or shl-shr_u shr_s>shl'],
  ['i32 i64', 'div_s>mul div_u>mul rem_s>div_s rem_u>div_u'],
  ['i32 i64', 'lt_s-le_s gt_s-ge_s lt_u-le_u gt_u-ge_u'],
  ['f32 f64', 'mul-div min-max lt-le gt-ge floor-ceil nearest>floor trunc>ceil'],
  ['f32 f64', 'convert_i32_s-convert_i32_u'],
  ['i32', 'load8_s-load8_u load16_s-load16_u trunc_f32_s>trunc_f32_u trunc_f64_s>trunc_f64_u'],
  ['i64', 'load32_s-load32_u extend_i32_s-extend_i32_u'],
  ['f32x4', 'add-sub mul-div min-max pmin-pmax eq-ne lt-le gt-ge ceil-floor nearest>floor'],
  ['f64x2', 'add-sub mul-div ge>lt'],
  ['i32x4', 'add-sub mul>add eq-ne gt_s-ge_s shl-shr_u'],
  ['i64x2', 'add-sub shl-shr_u shr_s>shl extmul_low_i32x4_u-extmul_high_i32x4_u'],
  ['v128', 'and-or xor>or andnot>and any_true>i32x4.all_true'],
];
for (const [types, list] of pairs) {
  for (const type of types.split(' ')) {
    for (const pair of list.split(' ')) {
      const [from, to] = pair.split(/[->]/);
      const full = (name: string) => (name.includes('.') ? name : `${type}.${name}`);
      swaps.set(codeOf(full(from)), full(to));
      if (pair.includes('-')) swaps.set(codeOf(full(to)), full(from));
    }
  }
}

/** Functions of one number that may be left out: what goes in has the type of what comes out. */
const removable = new Set(
  ['f32', 'f64', 'f32x4'].flatMap((type) => ['abs', 'neg', 'sqrt'].map((name) => codeOf(`${type}.${name}`))),
);

const EQZ = 0x45;
const NOP = 0x01;
const DROP = 0x1a;

/** All that `instruction` may become, the same each time. */
export function changesOf({ bytes }: Binary, instruction: Instruction): Change[] {
  const { at, code, length } = instruction;
  const name = nameOf(code);
  if (name === undefined) return [];
  const own = [...bytes.subarray(at, at + length)];
  const opcode = own.slice(0, instruction.immediate);
  const reader = new Reader(bytes, at + instruction.immediate);
  const swap = swaps.get(code);
  const change = (after: string, changed: number[], before = name): Change => ({
    before,
    after,
    bytes: changed,
  });
  if (name === 'if' || name === 'br_if') return [change(`not ${name}`, [EQZ, ...own])];
  if (name === 'select') return [change('not select', [EQZ, ...own])];
  if (name === 'v128.bitselect') return [change('not bitselect', [...encode(codeOf('v128.not')), ...own])];
  if (name === 'v128.const' || name === 'i8x16.shuffle') {
    const lanes = new DataView(bytes.slice(reader.at, reader.at + 16).buffer);
    return name === 'v128.const' ? vectors(lanes, opcode) : shuffles(lanes, opcode);
  }
  if (name === 'i32.const' || name === 'i64.const') {
    const value = reader.signed();
    return neighbours(value).map((v) =>
      change(`${name} ${v}`, [...opcode, ...signed(v)], `${name} ${value}`),
    );
  }
  if (name === 'f32.const' || name === 'f64.const') {
    const size = name === 'f32.const' ? 4 : 8;
    const view = new DataView(bytes.slice(reader.at, reader.at + size).buffer);
    const value = size === 4 ? view.getFloat32(0, true) : view.getFloat64(0, true);
    return others(value).map((v) => {
      if (size === 4) view.setFloat32(0, v, true);
      else view.setFloat64(0, v, true);
      const changed = [...opcode, ...new Uint8Array(view.buffer)];
      return change(`${name} ${text(v)}`, changed, `${name} ${text(value)}`);
    });
  }
  if (/load|store/.test(name)) {
    const { align, offset } = reader.memory();
    const rest = own.slice(reader.at - at);
    const step = stepOf(name);
    const moved = [...opcode, ...unsigned(align), ...unsigned(offset + step), ...rest];
    const changes = [change(`offset=${offset + step}`, moved, `${name} offset=${offset}`)];
    if (name.includes('store')) changes.push(change('nothing', [DROP, DROP]));
    if (name.includes('_lane')) {
      const other = rest[0] ^ 1;
      changes.push(change(`lane ${other}`, [...own.slice(0, -1), other], `${name} ${rest[0]}`));
    }
    if (swap !== undefined)
      changes.push(change(swap, [...encode(codeOf(swap)), ...own.slice(opcode.length)]));
    return changes;
  }
  if (name.endsWith('_lane')) {
    const other = own[own.length - 1] ^ 1;
    return [change(`lane ${other}`, [...opcode, other], `${name} ${own[own.length - 1]}`)];
  }
  if (removable.has(code)) return [change('nothing', [NOP])];
  if (swap !== undefined) return [change(swap, encode(codeOf(swap)))];
  return [];
}

/**
 * The next ones of a whole number. Large ones are often bits of a float: its negative and about its double.
 */
function neighbours(value: bigint): bigint[] {
  if (value === 0n) return [1n];
  if (value > -(2n ** 24n) && value < 2n ** 24n) return [value + 1n, value - 1n];
  return [BigInt.asIntN(32, value ^ 0x80000000n), BigInt.asIntN(32, value + 0x800000n)];
}

function encode(code: number): number[] {
  return code >= SIMD ? [0xfd, ...unsigned(code - SIMD)] : [code];
}

/** Of the element, so that a place before or behind the right one is meant. */
function stepOf(name: string): number {
  const bits = /(?:load|store)(8|16|32|64)/.exec(name)?.[1];
  if (bits) return Number(bits) / 8;
  return name.startsWith('i64') || name.startsWith('f64') ? 8 : 4;
}

/** The negative, the double, and nothing. */
function others(value: number): number[] {
  if (value === 0) return [1];
  if (Number.isNaN(value)) return [0];
  const double = Number.isFinite(value) ? value * 2 : 1;
  return [-value, double, 0].filter((v) => !Object.is(v, value));
}

function text(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

/**
 * Lanes that hold equal floats become others all at once, those that differ the first one alone. Of whole
 * numbers the lowest bit changes, of masks the highest; nothing becomes 1.0, which is much as either.
 */
function vectors(lanes: DataView, opcode: number[]): Change[] {
  const bits = [0, 4, 8, 12].map((i) => lanes.getUint32(i, true));
  const before = `v128.const ${bits.map(hex).join(' ')}`;
  return replaced(bits, lanes).map((changed) => {
    const bytes = [...opcode, ...new Uint8Array(Uint32Array.from(changed).buffer)];
    return { before, after: changed.map(hex).join(' '), bytes };
  });
}

function replaced(bits: readonly number[], lanes: DataView): number[][] {
  const [first, second, third, fourth] = bits;
  const equal = bits.every((b) => b === first);
  const alone = (b: number) => [b, second, third, fourth];
  if (first === third && second === fourth && !equal && plausible(lanes.getFloat64(0, true))) {
    return others(lanes.getFloat64(0, true)).map((v) => {
      const [low, high] = new Uint32Array(Float64Array.of(v).buffer);
      return [low, high, low, high];
    });
  }
  if (isFloat(first))
    return others(lanes.getFloat32(0, true)).map((v) =>
      equal ? Array(4).fill(bitsOf(v)) : alone(bitsOf(v)),
    );
  if (first === 0) return [alone(bitsOf(1))];
  return [alone(first < 2 ** 24 ? first ^ 1 : (first ^ 0x80000000) >>> 0)];
}

function isFloat(bits: number): boolean {
  return plausible(new Float32Array(Uint32Array.of(bits).buffer)[0]);
}

/** Whether it looks like a number that somebody wrote down, and not like whole numbers or a mask. */
function plausible(value: number): boolean {
  return Math.abs(value) > 1e-30 && Math.abs(value) < 1e30;
}

function bitsOf(value: number): number {
  return new Uint32Array(Float32Array.of(value).buffer)[0];
}

/** The first lane of 32 bits, and the last, come from the lane beside the right one. */
function shuffles(lanes: DataView, opcode: number[]): Change[] {
  const own = [...new Uint8Array(lanes.buffer)];
  return [0, 12].map((from) => {
    const changed = own.map((b, i) => (i >= from && i < from + 4 ? b ^ 4 : b));
    return {
      before: `i8x16.shuffle ${own.join(' ')}`,
      after: changed.join(' '),
      bytes: [...opcode, ...changed],
    };
  });
}

function hex(bits: number): string {
  return `0x${bits.toString(16).padStart(8, '0')}`;
}
