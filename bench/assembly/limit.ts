/**
 * The machine's arithmetic limit: independent chains of c·y + x that never leave the registers. Nothing that
 * a matrix product does can be faster. Thirteen chains and two operands fill the 15 registers that V8 gives
 * out (one of 16 is its own): a fourteenth was spilled, and took a sixth of the speed on Zen 4. The chains
 * are loaded and stored in adjacent pairs, so that V8's re-vectoriser may fuse them to 256 bits just as it
 * does in the kernels.
 */
import { madd } from '../../assembly/lanes';

/**
 * `steps` times 13 multiply-adds on 4 lanes: 104 floating-point operations a step. `p` points to 480 bytes.
 */
export function multiply_add_limit(p: usize, steps: i32): void {
  chains(p, steps, false);
}

/**
 * The same with 26 chains, which are 13 of 256 bits when they are fused; otherwise they would not fit the
 * registers.
 */
export function multiply_add_limit_wide(p: usize, steps: i32): void {
  chains(p, steps, true);
}

/** `wide` is a constant wherever this is inlined. */
// @ts-ignore: decorator
@inline
function chains(p: usize, steps: i32, wide: bool): void {
  const zero = f32x4.splat(0);
  let c0 = v128.load(p);
  let c1 = v128.load(p, 16);
  let c2 = v128.load(p, 32);
  let c3 = v128.load(p, 48);
  let c4 = v128.load(p, 64);
  let c5 = v128.load(p, 80);
  let c6 = v128.load(p, 96);
  let c7 = v128.load(p, 112);
  let c8 = v128.load(p, 128);
  let c9 = v128.load(p, 144);
  let c10 = v128.load(p, 160);
  let c11 = v128.load(p, 176);
  let c12 = v128.load(p, 192);
  let c13 = wide ? v128.load(p, 208) : zero;
  let c14 = wide ? v128.load(p, 224) : zero;
  let c15 = wide ? v128.load(p, 240) : zero;
  let c16 = wide ? v128.load(p, 256) : zero;
  let c17 = wide ? v128.load(p, 272) : zero;
  let c18 = wide ? v128.load(p, 288) : zero;
  let c19 = wide ? v128.load(p, 304) : zero;
  let c20 = wide ? v128.load(p, 320) : zero;
  let c21 = wide ? v128.load(p, 336) : zero;
  let c22 = wide ? v128.load(p, 352) : zero;
  let c23 = wide ? v128.load(p, 368) : zero;
  let c24 = wide ? v128.load(p, 384) : zero;
  let c25 = wide ? v128.load(p, 400) : zero;
  const x = v128.load32_splat(p, 448);
  const y = v128.load32_splat(p, 464);
  for (; steps > 0; steps--) {
    c0 = madd(c0, y, x);
    c1 = madd(c1, y, x);
    c2 = madd(c2, y, x);
    c3 = madd(c3, y, x);
    c4 = madd(c4, y, x);
    c5 = madd(c5, y, x);
    c6 = madd(c6, y, x);
    c7 = madd(c7, y, x);
    c8 = madd(c8, y, x);
    c9 = madd(c9, y, x);
    c10 = madd(c10, y, x);
    c11 = madd(c11, y, x);
    c12 = madd(c12, y, x);
    if (wide) c13 = madd(c13, y, x);
    if (wide) c14 = madd(c14, y, x);
    if (wide) c15 = madd(c15, y, x);
    if (wide) c16 = madd(c16, y, x);
    if (wide) c17 = madd(c17, y, x);
    if (wide) c18 = madd(c18, y, x);
    if (wide) c19 = madd(c19, y, x);
    if (wide) c20 = madd(c20, y, x);
    if (wide) c21 = madd(c21, y, x);
    if (wide) c22 = madd(c22, y, x);
    if (wide) c23 = madd(c23, y, x);
    if (wide) c24 = madd(c24, y, x);
    if (wide) c25 = madd(c25, y, x);
  }
  v128.store(p, c0);
  v128.store(p, c1, 16);
  v128.store(p, c2, 32);
  v128.store(p, c3, 48);
  v128.store(p, c4, 64);
  v128.store(p, c5, 80);
  v128.store(p, c6, 96);
  v128.store(p, c7, 112);
  v128.store(p, c8, 128);
  v128.store(p, c9, 144);
  v128.store(p, c10, 160);
  v128.store(p, c11, 176);
  v128.store(p, c12, 192);
  if (wide) v128.store(p, c13, 208);
  if (wide) v128.store(p, c14, 224);
  if (wide) v128.store(p, c15, 240);
  if (wide) v128.store(p, c16, 256);
  if (wide) v128.store(p, c17, 272);
  if (wide) v128.store(p, c18, 288);
  if (wide) v128.store(p, c19, 304);
  if (wide) v128.store(p, c20, 320);
  if (wide) v128.store(p, c21, 336);
  if (wide) v128.store(p, c22, 352);
  if (wide) v128.store(p, c23, 368);
  if (wide) v128.store(p, c24, 384);
  if (wide) v128.store(p, c25, 400);
}
