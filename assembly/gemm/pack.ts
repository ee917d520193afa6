/**
 * Packing: a block of an operand is rewritten as panels of R elements a step of k, in the order in which the
 * micro-kernel reads them. What lies beyond the block's edge is packed as zeros.
 *
 *   panel p:   k = 0: x[R·p … R·p+R-1],  k = 1: …,  k = K-1      (K·R floats, then panel p+1)
 *
 * `pack_rows` reads an operand whose panel elements lie side by side in memory (B of nn and tn, A of tn);
 * `pack_columns` one whose k runs along memory (A of nn and nt, B of nt), by transposing 4x4 blocks;
 * `pack_splat` reads A of either kind.
 */

import { interleave_high, interleave_low, join_high, join_low } from '../lanes';
import { load_tail } from '../tail';

/** One panel: dst[k][i] ← src[k, i], i < count ≤ R, ld floats from k to k + 1. */
export function pack_rows(dst: usize, src: usize, ld: i32, count: i32, K: i32, R: i32): void {
  const step = <usize>ld << 2;
  if (count < R && (R & 3) == 0) {
    pack_edge(dst, src, step, count, K, R);
  } else if (count < R) {
    pack_part(dst, src, step, 4, count, K, R);
  } else if (R == 16) {
    for (; K > 0; K--) {
      v128.store(dst, v128.load(src));
      v128.store(dst, v128.load(src, 16), 16);
      v128.store(dst, v128.load(src, 32), 32);
      v128.store(dst, v128.load(src, 48), 48);
      src += step;
      dst += 64;
    }
  } else if (R == 12) {
    for (; K > 0; K--) {
      v128.store(dst, v128.load(src));
      v128.store(dst, v128.load(src, 16), 16);
      v128.store(dst, v128.load(src, 32), 32);
      src += step;
      dst += 48;
    }
  } else if (R == 8) {
    for (; K > 0; K--) {
      v128.store(dst, v128.load(src));
      v128.store(dst, v128.load(src, 16), 16);
      src += step;
      dst += 32;
    }
  } else if (R == 5) {
    for (; K > 0; K--) {
      v128.store(dst, v128.load(src));
      store<f32>(dst, load<f32>(src, 16), 16);
      src += step;
      dst += 20;
    }
  } else if (R == 6) {
    for (; K > 0; K--) {
      v128.store(dst, v128.load(src));
      store<u64>(dst, load<u64>(src, 16), 16);
      src += step;
      dst += 24;
    }
  } else {
    for (; K > 0; K--) {
      v128.store(dst, v128.load(src));
      src += step;
      dst += 16;
    }
  }
}

/** One panel: dst[k][i] ← src[i, k], i < count ≤ R, ld floats from i to i + 1. */
export function pack_columns(dst: usize, src: usize, ld: i32, count: i32, K: i32, R: i32): void {
  const step = <usize>ld << 2;
  const panel = <usize>R << 2;
  if (count < R) {
    pack_part(dst, src, 4, step, count, K, R);
    return;
  }
  let i = 0;
  for (; i + 4 <= R; i += 4) {
    const p = src + <usize>i * step;
    transpose_four(dst + (<usize>i << 2), panel, p, p + step, p + (step << 1), p + 3 * step, K);
  }
  const p = src + <usize>i * step;
  if (i + 2 == R) transpose_two(dst + (<usize>i << 2), panel, p, p + step, K);
  else if (i < R) copy_one(dst + (<usize>i << 2), panel, p, K);
}

/** K steps of one panel, from the R (4, 5 or 6) rows that lie anywhere. */
export function pack_scattered(
  dst: usize, p0: usize, p1: usize, p2: usize, p3: usize, p4: usize, p5: usize, K: i32, R: i32,
): void {
  const panel = <usize>R << 2;
  transpose_four(dst, panel, p0, p1, p2, p3, K);
  if (R == 6) transpose_two(dst + 16, panel, p4, p5, K);
  else if (R == 5) copy_one(dst + 16, panel, p4, K);
}

/**
 * One panel, each element four times: dst[k][i][0 … 3] ← src[i, k] or src[k, i], i < count ≤ R, `stepI` and
 * `stepK` bytes from i to i + 1 and from k to k + 1.
 */
export function pack_splat(dst: usize, src: usize, stepI: usize, stepK: usize, count: i32, K: i32, R: i32): void {
  if (ASC_FEATURE_RELAXED_SIMD && count == 8) {
    splat_half(dst, src, stepI, stepK, K);
    splat_half(dst + 64, src + (stepI << 2), stepI, stepK, K);
    return;
  }
  if (count == R && R > 4) {
    const at2 = stepI << 1, at3 = at2 + stepI, at4 = stepI << 2, at5 = at4 + stepI;
    const step = <usize>R << 4;
    for (; K > 0; K--) {
      v128.store(dst, v128.load32_splat(src));
      v128.store(dst, v128.load32_splat(src + stepI), 16);
      v128.store(dst, v128.load32_splat(src + at2), 32);
      v128.store(dst, v128.load32_splat(src + at3), 48);
      v128.store(dst, v128.load32_splat(src + at4), 64);
      if (R > 5) v128.store(dst, v128.load32_splat(src + at5), 80);
      src += stepK;
      dst += step;
    }
    return;
  }
  const zero = f32x4.splat(0);
  for (; K > 0; K--) {
    let p = src;
    for (let i = 0; i < R; i++) {
      v128.store(dst, i < count ? v128.load32_splat(p) : zero);
      p += stepI;
      dst += 16;
    }
    src += stepK;
  }
}

/** Four rows of a panel of eight, each element four times. */
function splat_half(dst: usize, src: usize, stepI: usize, stepK: usize, K: i32): void {
  const at2 = stepI << 1, at3 = at2 + stepI;
  for (; K > 0; K--) {
    v128.store(dst, v128.load32_splat(src));
    v128.store(dst, v128.load32_splat(src + stepI), 16);
    v128.store(dst, v128.load32_splat(src + at2), 32);
    v128.store(dst, v128.load32_splat(src + at3), 48);
    src += stepK;
    dst += 128;
  }
}

/** A panel of R (a multiple of 4) with fewer elements a step, which lie side by side. */
function pack_edge(dst: usize, src: usize, step: usize, count: i32, K: i32, R: i32): void {
  const rest = count & 3;
  const whole = <usize>(count - rest) << 2;
  const end = <usize>R << 2;
  const zero = f32x4.splat(0);
  for (; K > 0; K--) {
    let at: usize = 0;
    for (; at < whole; at += 16) v128.store(dst + at, v128.load(src + at));
    if (rest) {
      v128.store(dst + at, load_tail(src + at, rest, zero));
      at += 16;
    }
    for (; at < end; at += 16) v128.store(dst + at, zero);
    src += step;
    dst += end;
  }
}

/**
 * A panel with fewer than R elements a step, one by one: `stepK` and `stepI` bytes from k to k + 1 and i to i
 * + 1.
 */
function pack_part(dst: usize, src: usize, stepK: usize, stepI: usize, count: i32, K: i32, R: i32): void {
  for (let k = 0; k < K; k++) {
    let p = src;
    for (let i = 0; i < count; i++) {
      store<f32>(dst, load<f32>(p));
      p += stepI;
      dst += 4;
    }
    for (let i = count; i < R; i++) {
      store<f32>(dst, 0);
      dst += 4;
    }
    src += stepK;
  }
}

/** Four rows become K steps of four floats, `panel` bytes apart. */
export function transpose_four(out: usize, panel: usize, p0: usize, p1: usize, p2: usize, p3: usize, K: i32): void {
  for (; K >= 4; K -= 4) {
    const r0 = v128.load(p0), r1 = v128.load(p1), r2 = v128.load(p2), r3 = v128.load(p3);
    const low01 = interleave_low(r0, r1);
    const low23 = interleave_low(r2, r3);
    const high01 = interleave_high(r0, r1);
    const high23 = interleave_high(r2, r3);
    v128.store(out, join_low(low01, low23));
    out += panel;
    v128.store(out, join_high(low01, low23));
    out += panel;
    v128.store(out, join_low(high01, high23));
    out += panel;
    v128.store(out, join_high(high01, high23));
    out += panel;
    p0 += 16;
    p1 += 16;
    p2 += 16;
    p3 += 16;
  }
  for (; K > 0; K--) {
    store<f32>(out, load<f32>(p0));
    store<f32>(out, load<f32>(p1), 4);
    store<f32>(out, load<f32>(p2), 8);
    store<f32>(out, load<f32>(p3), 12);
    out += panel;
    p0 += 4;
    p1 += 4;
    p2 += 4;
    p3 += 4;
  }
}

/** The same for two rows. */
export function transpose_two(out: usize, panel: usize, p0: usize, p1: usize, K: i32): void {
  for (; K >= 4; K -= 4) {
    const r0 = v128.load(p0), r1 = v128.load(p1);
    const low = interleave_low(r0, r1);
    const high = interleave_high(r0, r1);
    v128.store_lane<i64>(out, low, 0);
    out += panel;
    v128.store_lane<i64>(out, low, 1);
    out += panel;
    v128.store_lane<i64>(out, high, 0);
    out += panel;
    v128.store_lane<i64>(out, high, 1);
    out += panel;
    p0 += 16;
    p1 += 16;
  }
  for (; K > 0; K--) {
    store<f32>(out, load<f32>(p0));
    store<f32>(out, load<f32>(p1), 4);
    out += panel;
    p0 += 4;
    p1 += 4;
  }
}

/** One row of src becomes K steps of one float. */
export function copy_one(out: usize, panel: usize, p: usize, K: i32): void {
  for (; K >= 4; K -= 4) {
    const v = v128.load(p);
    v128.store_lane<f32>(out, v, 0);
    out += panel;
    v128.store_lane<f32>(out, v, 1);
    out += panel;
    v128.store_lane<f32>(out, v, 2);
    out += panel;
    v128.store_lane<f32>(out, v, 3);
    out += panel;
    p += 16;
  }
  for (; K > 0; K--) {
    store<f32>(out, load<f32>(p));
    out += panel;
    p += 4;
  }
}
