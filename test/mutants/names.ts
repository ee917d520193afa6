/** Names of the instructions that are changed or shown, by their code. */
import { SIMD } from './decode.js';

const scalar = `
  i32.eqz i32.eq i32.ne i32.lt_s i32.lt_u i32.gt_s i32.gt_u i32.le_s i32.le_u i32.ge_s i32.ge_u
  i64.eqz i64.eq i64.ne i64.lt_s i64.lt_u i64.gt_s i64.gt_u i64.le_s i64.le_u i64.ge_s i64.ge_u
  f32.eq f32.ne f32.lt f32.gt f32.le f32.ge f64.eq f64.ne f64.lt f64.gt f64.le f64.ge
  i32.clz i32.ctz i32.popcnt i32.add i32.sub i32.mul i32.div_s i32.div_u i32.rem_s i32.rem_u
  i32.and i32.or i32.xor i32.shl i32.shr_s i32.shr_u i32.rotl i32.rotr
  i64.clz i64.ctz i64.popcnt i64.add i64.sub i64.mul i64.div_s i64.div_u i64.rem_s i64.rem_u
  i64.and i64.or i64.xor i64.shl i64.shr_s i64.shr_u i64.rotl i64.rotr
  f32.abs f32.neg f32.ceil f32.floor f32.trunc f32.nearest f32.sqrt
  f32.add f32.sub f32.mul f32.div f32.min f32.max f32.copysign
  f64.abs f64.neg f64.ceil f64.floor f64.trunc f64.nearest f64.sqrt
  f64.add f64.sub f64.mul f64.div f64.min f64.max f64.copysign
  i32.wrap_i64 i32.trunc_f32_s i32.trunc_f32_u i32.trunc_f64_s i32.trunc_f64_u i64.extend_i32_s i64.extend_i32_u
  i64.trunc_f32_s i64.trunc_f32_u i64.trunc_f64_s i64.trunc_f64_u f32.convert_i32_s f32.convert_i32_u
  f32.convert_i64_s f32.convert_i64_u f32.demote_f64 f64.convert_i32_s f64.convert_i32_u f64.convert_i64_s
  f64.convert_i64_u f64.promote_f32
`;

const memory = `
  i32.load i64.load f32.load f64.load i32.load8_s i32.load8_u i32.load16_s i32.load16_u i64.load8_s i64.load8_u
  i64.load16_s i64.load16_u i64.load32_s i64.load32_u i32.store i64.store f32.store f64.store i32.store8
  i32.store16 i64.store8 i64.store16 i64.store32
`;

const vector: Record<number, string> = {
  0: 'v128.load',
  2: 'v128.load8x8_u',
  4: 'v128.load16x4_u',
  7: 'v128.load8_splat',
  8: 'v128.load16_splat',
  9: 'v128.load32_splat',
  10: 'v128.load64_splat',
  11: 'v128.store',
  12: 'v128.const',
  13: 'i8x16.shuffle',
  31: 'f32x4.extract_lane',
  32: 'f32x4.replace_lane',
  33: 'f64x2.extract_lane',
  34: 'f64x2.replace_lane',
  55: 'i32x4.eq',
  56: 'i32x4.ne',
  57: 'i32x4.lt_s',
  59: 'i32x4.gt_s',
  61: 'i32x4.le_s',
  63: 'i32x4.ge_s',
  65: 'f32x4.eq',
  66: 'f32x4.ne',
  67: 'f32x4.lt',
  68: 'f32x4.gt',
  69: 'f32x4.le',
  70: 'f32x4.ge',
  73: 'f64x2.lt',
  76: 'f64x2.ge',
  77: 'v128.not',
  78: 'v128.and',
  79: 'v128.andnot',
  80: 'v128.or',
  81: 'v128.xor',
  82: 'v128.bitselect',
  83: 'v128.any_true',
  86: 'v128.load32_lane',
  87: 'v128.load64_lane',
  90: 'v128.store32_lane',
  91: 'v128.store64_lane',
  92: 'v128.load32_zero',
  93: 'v128.load64_zero',
  94: 'f32x4.demote_f64x2_zero',
  95: 'f64x2.promote_low_f32x4',
  103: 'f32x4.ceil',
  104: 'f32x4.floor',
  106: 'f32x4.nearest',
  163: 'i32x4.all_true',
  171: 'i32x4.shl',
  172: 'i32x4.shr_s',
  173: 'i32x4.shr_u',
  174: 'i32x4.add',
  177: 'i32x4.sub',
  181: 'i32x4.mul',
  203: 'i64x2.shl',
  204: 'i64x2.shr_s',
  205: 'i64x2.shr_u',
  206: 'i64x2.add',
  209: 'i64x2.sub',
  213: 'i64x2.mul',
  222: 'i64x2.extmul_low_i32x4_u',
  223: 'i64x2.extmul_high_i32x4_u',
  224: 'f32x4.abs',
  225: 'f32x4.neg',
  227: 'f32x4.sqrt',
  228: 'f32x4.add',
  229: 'f32x4.sub',
  230: 'f32x4.mul',
  231: 'f32x4.div',
  232: 'f32x4.min',
  233: 'f32x4.max',
  234: 'f32x4.pmin',
  235: 'f32x4.pmax',
  236: 'f64x2.abs',
  237: 'f64x2.neg',
  239: 'f64x2.sqrt',
  240: 'f64x2.add',
  241: 'f64x2.sub',
  242: 'f64x2.mul',
  243: 'f64x2.div',
};

const words = (text: string) => text.trim().split(/\s+/);

const names = new Map<number, string>([
  [0x04, 'if'],
  [0x0d, 'br_if'],
  [0x1b, 'select'],
  [0x41, 'i32.const'],
  [0x42, 'i64.const'],
  [0x43, 'f32.const'],
  [0x44, 'f64.const'],
  ...words(scalar).map((name, i) => [0x45 + i, name] as const),
  ...words(memory).map((name, i) => [0x28 + i, name] as const),
  ...Object.entries(vector).map(([code, name]) => [SIMD + Number(code), name] as const),
]);

const codes = new Map([...names].map(([code, name]) => [name, code]));

/** Of an instruction that has none here: undefined. */
export const nameOf = (code: number): string | undefined => names.get(code);

export function codeOf(name: string): number {
  const code = codes.get(name);
  if (code === undefined) throw new Error(`no instruction is named ${name}`);
  return code;
}
