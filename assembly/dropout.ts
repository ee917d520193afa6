/**
 * Dropout: elements set to 0 at random, the others scaled up. The number of an element (random.ts) depends on
 * seed, stream, step, batch and place, so rows may be done apart and in any order.
 */
import { block, store_words } from './random';
import { load_some, store_some } from './tail';

/** Bits kept ? scale : 0. */
// @ts-ignore: decorator
@inline
function mask_of(bits: v128, limit: v128, scale: v128): v128 {
  // 24 bits, exact as floats, and so is their product with 2⁻²⁴ that the limit stands for.
  return v128.andnot(scale, f32x4.lt(f32x4.convert_i32x4_s(i32x4.shr_u(bits, 8)), limit));
}

export function dropout_forward(
  y: usize, ldy: i32, mask: usize, ldmask: i32, x: usize, ldx: i32, M: i32, N: i32,
  seedLow: u32, seedHigh: u32, stream: u32, step: u32, batch: u32, first: i32, rate: f32,
): void {
  const limit = f32x4.splat(rate * <f32>16777216.0);
  const scale = f32x4.splat(<f32>1.0 / (<f32>1.0 - rate));
  let counter = <u32>first * <u32>((N + 3) >> 2);
  // Rows of whole blocks with nothing between them are one row.
  if (((N & 3) | (ldy ^ N) | (ldmask ^ N) | (ldx ^ N)) == 0) {
    N *= M;
    M = min(M, 1);
  }
  for (let m = 0; m < M; m++) {
    let p = mask;
    const toX = x - mask;
    const toY = y - mask;
    let n = N;
    for (; n >= 32; n -= 32) {
      store_words(p, counter, batch, stream, step, seedLow, seedHigh);
      counter += 8;
      for (const end = p + 128; p < end; p += 16) {
        const v = mask_of(v128.load(p), limit, scale);
        v128.store(p, v);
        v128.store(p + toY, f32x4.mul(v128.load(p + toX), v));
      }
    }
    for (; n > 0; n -= 4) {
      const count = min(n, 4);
      const v = mask_of(block(counter++, batch, stream, step, seedLow, seedHigh), limit, scale);
      store_some(p, v, count);
      store_some(p + toY, f32x4.mul(load_some(p + toX, count), v), count);
      p += 16;
    }
    y += <usize>ldy << 2;
    mask += <usize>ldmask << 2;
    x += <usize>ldx << 2;
  }
}
