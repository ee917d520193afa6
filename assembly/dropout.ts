/**
 * Dropout: elements set to 0 at random, the others scaled up. Philox4x32-10 (see random.ts) on four counters
 * at a time: the number of an element depends on seed, stream, step, batch and place, so rows may be done
 * apart and in any order.
 */
import { load_some, store_some } from './tail';

/** The low halves of the four 64-bit products in e (lanes 0 and 1) and o (lanes 2 and 3). */
// @ts-ignore: decorator
@inline
function low(e: v128, o: v128): v128 {
  return v128.shuffle<i32>(e, o, 0, 2, 4, 6);
}

// @ts-ignore: decorator
@inline
function high(e: v128, o: v128): v128 {
  return v128.shuffle<i32>(e, o, 1, 3, 5, 7);
}

/** One block of four words: mask = bits kept ? scale : 0, and y = x · mask. */
// @ts-ignore: decorator
@inline
function emit(y: usize, mask: usize, x: usize, bits: v128, limit: v128, scale: v128, count: i32): void {
  // 24 bits, exact as floats, and so is their product with 2⁻²⁴ that the limit stands for.
  const drawn = f32x4.convert_i32x4_s(i32x4.shr_u(bits, 8));
  const m = v128.andnot(scale, f32x4.lt(drawn, limit));
  store_some(mask, m, count);
  store_some(y, f32x4.mul(load_some(x, count), m), count);
}

export function dropout_forward(
  y: usize, ldy: i32, mask: usize, ldmask: i32, x: usize, ldx: i32, M: i32, N: i32,
  seedLow: u32, seedHigh: u32, stream: u32, step: u32, batch: u32, first: i32, rate: f32,
): void {
  const a = i32x4.splat(<i32>0xd2511f53);
  const b = i32x4.splat(<i32>0xcd9e8d57);
  const limit = f32x4.splat(rate * <f32>16777216.0);
  const scale = f32x4.splat(<f32>1.0 / (<f32>1.0 - rate));
  const blocks = (N + 3) >> 2;
  for (let m = 0; m < M; m++) {
    const row = <u32>(first + m) * <u32>blocks;
    for (let j = 0; j < blocks; j += 4) {
      let x0 = i32x4.add(i32x4.splat(row + j), i32x4(0, 1, 2, 3));
      let x1 = i32x4.splat(batch);
      let x2 = i32x4.splat(stream);
      let x3 = i32x4.splat(step);
      let k0 = seedLow;
      let k1 = seedHigh;
      for (let round = 0; round < 10; round++) {
        const e0 = i64x2.extmul_low_i32x4_u(x0, a);
        const o0 = i64x2.extmul_high_i32x4_u(x0, a);
        const e1 = i64x2.extmul_low_i32x4_u(x2, b);
        const o1 = i64x2.extmul_high_i32x4_u(x2, b);
        x0 = v128.xor(v128.xor(high(e1, o1), x1), i32x4.splat(k0));
        x2 = v128.xor(v128.xor(high(e0, o0), x3), i32x4.splat(k1));
        x1 = low(e1, o1);
        x3 = low(e0, o0);
        k0 += 0x9e3779b9;
        k1 += 0xbb67ae85;
      }
      // Lane b of x0 … x3 are the words of block j + b: transposed, a vector is a block.
      const p = v128.shuffle<i32>(x0, x1, 0, 4, 1, 5);
      const q = v128.shuffle<i32>(x2, x3, 0, 4, 1, 5);
      const r = v128.shuffle<i32>(x0, x1, 2, 6, 3, 7);
      const s = v128.shuffle<i32>(x2, x3, 2, 6, 3, 7);
      const at = <usize>j << 4;
      const left = N - (j << 2);
      emit(y + at, mask + at, x + at, v128.shuffle<i64>(p, q, 0, 2), limit, scale, min(left, 4));
      if (left > 4) {
        const to = at + 16;
        emit(y + to, mask + to, x + to, v128.shuffle<i64>(p, q, 1, 3), limit, scale, min(left - 4, 4));
      }
      if (left > 8) {
        const to = at + 32;
        emit(y + to, mask + to, x + to, v128.shuffle<i64>(r, s, 0, 2), limit, scale, min(left - 8, 4));
      }
      if (left > 12) {
        const to = at + 48;
        emit(y + to, mask + to, x + to, v128.shuffle<i64>(r, s, 1, 3), limit, scale, min(left - 12, 4));
      }
    }
    y += <usize>ldy << 2;
    mask += <usize>ldmask << 2;
    x += <usize>ldx << 2;
  }
}
