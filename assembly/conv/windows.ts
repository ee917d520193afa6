/**
 * Packing for convolutions: a product's panels are made straight from the image, so that no copy of all
 * windows is ever written.
 *
 * A pixel (i, j) of a grid sees a window of the image: rows i·strideY + offsetY + ty·stepY, columns alike.
 * Outside of the image there are zeros. What a window holds, row by row, are runs of elements that lie side
 * by side in memory: whole rows of it where its columns are neighbours, else the channels of one place.
 *
 *   image, NHWC             window 3x3 of C channels: 3 runs of 3·C
 *   ┌──────────────────┐
 *   │  ┌─────┐         │    A [pixels, K = TY·TX·C]:  a row is the window of a pixel
 *   │  │run 0│         │
 *   │  │run 1│         │    forward and the image's gradient take panels of its rows: `pack_windows`
 *   │  │run 2│         │    the weight's gradient takes panels of its columns: `pack_places`
 *   │  └─────┘         │
 *   └──────────────────┘
 */
import { KC, PACKED_B } from '../gemm/driver';
import { pack_rows, pack_scattered } from '../gemm/pack';
import { tile_rows } from '../gemm/tiles';

/**
 * Behind the panels of A:  | KC zeros | a run for each of six rows, KC floats each | where each row's pixel
 * lies: 3 words | from ASIDE on free |
 */
// @ts-ignore: decorator
@inline const ZERO_RUN: usize = PACKED_B;
// @ts-ignore: decorator
@inline const RUNS: usize = ZERO_RUN + (<usize>KC << 2);
// Floats of all six, which may be one.
// @ts-ignore: decorator
@inline const SPAN: i32 = 6 * KC;
// @ts-ignore: decorator
@inline export const LINE_COUNT: i32 = 6;
// @ts-ignore: decorator
@inline export const LINE_FLOATS: i32 = KC;

/** One of the six runs. */
// @ts-ignore: decorator
@inline
export function line_room(work: usize, i: i32): usize {
  return work + RUNS + (<usize>(i * KC) << 2);
}

// @ts-ignore: decorator
@inline const PIXELS: usize = RUNS + 6 * (<usize>KC << 2);
// @ts-ignore: decorator
@inline export const ASIDE: usize = PIXELS + 128;
// The weight's gradient has panels of dy there, and its six lines before those of A.
// @ts-ignore: decorator
@inline const LINES: usize = PACKED_B - 6 * (<usize>KC << 2);

/** Writes the zeros that stand for what lies outside of an image. */
export function clear_run(work: usize): void {
  memory.fill(work + ZERO_RUN, 0, <usize>KC << 2);
}

/**
 * Panels of the windows of `count` pixels from number `m` of the grid [.., PH, PW] on, K from `k` to k + kc.
 * `src` is the first of the channels that are seen, C of `pitch`. After `clear_run`.
 */
export function pack_windows(
  to: usize, work: usize, src: usize, m: i32, count: i32, k: i32, kc: i32, PH: i32, PW: i32,
  strideY: i32, strideX: i32, offsetY: i32, offsetX: i32, stepY: i32, stepX: i32, TX: i32,
  H: i32, W: i32, pitch: i32, C: i32,
): void {
  const whole = stepX == 1 && C == pitch;
  const length = whole ? TX * C : C;
  const first = k / length;
  const image = <usize>(H * W * pitch) << 2;
  let i = m / PW, j = m % PW;
  let base = src + <usize>(i / PH) * image;
  i %= PH;
  while (count > 0) {
    const R = tile_rows(count);
    const jFirst = j;
    let pixel = work + PIXELS;
    for (let r = 0; r < R; r++) {
      // What lies beyond the last pixel has no image.
      store<usize>(pixel, r < count ? base : 0);
      store<i32>(pixel, i * strideY + offsetY, 4);
      store<i32>(pixel, j * strideX + offsetX, 8);
      pixel += 12;
      if (++j == PW) {
        j = 0;
        if (++i == PH) {
          i = 0;
          base += image;
        }
      }
    }
    // Pixels of one row of the grid see neighbouring windows.
    const rows = min(R, count);
    const straight = whole && jFirst + rows <= PW && (rows - 1) * strideX * pitch + min(length, kc) <= SPAN;
    let run = first, e = k - first * length;
    for (let left = kc; left > 0; ) {
      const n = min(length - e, left);
      const y = (whole ? run : run / TX) * stepY;
      if (straight) {
        const p = span_of(work, y, e, (rows - 1) * strideX * pitch + n, H, W, pitch);
        const step = p == work + ZERO_RUN ? 0 : <usize>(strideX * pitch) << 2;
        if (step == 4 && rows == R) {
          pack_rows(to, p, 1, R, n, R);
        } else {
          const p1 = rows > 1 ? p + step : p;
          const p2 = rows > 2 ? p1 + step : p1;
          const p3 = rows > 3 ? p2 + step : p2;
          const p4 = rows > 4 ? p3 + step : p3;
          pack_scattered(to, p, p1, p2, p3, p4, rows > 5 ? p4 + step : p4, n, R);
        }
      } else {
        const x = whole ? 0 : run % TX * stepX;
        const p0 = run_of(work, 0, y, x, e, n, whole, TX, H, W, pitch);
        const p1 = run_of(work, 1, y, x, e, n, whole, TX, H, W, pitch);
        const p2 = run_of(work, 2, y, x, e, n, whole, TX, H, W, pitch);
        const p3 = run_of(work, 3, y, x, e, n, whole, TX, H, W, pitch);
        const p4 = R > 4 ? run_of(work, 4, y, x, e, n, whole, TX, H, W, pitch) : p3;
        const p5 = R > 5 ? run_of(work, 5, y, x, e, n, whole, TX, H, W, pitch) : p3;
        pack_scattered(to, p0, p1, p2, p3, p4, p5, n, R);
      }
      to += <usize>(n * R) << 2;
      left -= n;
      e = 0;
      run++;
    }
    count -= R;
  }
}

/**
 * Where `n` elements, from number `e` of the first pixel's run on, lie: in the image, or put together with
 * zeros, or ZERO_RUN for nothing else.
 */
function span_of(work: usize, y: i32, e: i32, n: i32, H: i32, W: i32, pitch: i32): usize {
  const pixel = work + PIXELS;
  const iy = load<i32>(pixel, 4) + y;
  if (<u32>iy >= <u32>H) return work + ZERO_RUN;
  const start = load<i32>(pixel, 8) * pitch + e;
  const at = load<usize>(pixel) + (<usize>(iy * W * pitch + start) << 2);
  if (start >= 0 && start + n <= W * pitch) return at;
  return clipped(work + RUNS, at, n, max(0, -start), min(n, W * pitch - start));
}

/** Elements `from` to `end` of n that would lie at `at`, and zeros around them. */
export function clipped(line: usize, at: usize, n: i32, from: i32, end: i32): usize {
  // Lines have room for whole vectors.
  const zero = f32x4.splat(0);
  for (let q: usize = 0; q < <usize>n << 2; q += 16) v128.store(line + q, zero);
  let q = from;
  for (; q + 4 <= end; q += 4) v128.store(line + (<usize>q << 2), v128.load(at + (<usize>q << 2)));
  for (; q < end; q++) store<f32>(line + (<usize>q << 2), load<f32>(at + (<usize>q << 2)));
  return line;
}

/** Where `n` elements from number `e` of a run lie, for pixel r: in the image, or put together with zeros. */
function run_of(
  work: usize, r: i32, y: i32, x: i32, e: i32, n: i32, whole: bool, TX: i32, H: i32, W: i32, pitch: i32,
): usize {
  const pixel = work + PIXELS + <usize>r * 12;
  const base = load<usize>(pixel);
  const iy = load<i32>(pixel, 4) + y;
  const ix = load<i32>(pixel, 8) + x;
  if (!base || <u32>iy >= <u32>H) return work + ZERO_RUN;
  const row = base + (<usize>(iy * W * pitch) << 2);
  const at = row + (<usize>(ix * pitch + e) << 2);
  if (!whole) return <u32>ix < <u32>W ? at : work + ZERO_RUN;
  if (ix >= 0 && ix + TX <= W) return at;
  const start = ix * pitch + e;
  const from = max(0, -start), end = min(n, W * pitch - start);
  if (end <= from) return work + ZERO_RUN;
  return clipped(work + RUNS + (<usize>(r * KC) << 2), at, n, from, end);
}

/**
 * One panel of columns of A: of each of `count` pixels from number m on, elements k to k + rows of its
 * window; zeros up to R.
 */
export function pack_places(
  to: usize, work: usize, src: usize, m: i32, count: i32, k: i32, rows: i32, R: i32, PH: i32, PW: i32,
  strideY: i32, strideX: i32, offsetY: i32, offsetX: i32, stepY: i32, stepX: i32, TX: i32,
  H: i32, W: i32, pitch: i32, C: i32,
): void {
  const whole = stepX == 1 && C == pitch;
  const length = whole ? TX * C : C;
  const image = <usize>(H * W * pitch) << 2;
  if (whole && pitch == 1 && strideX == 1 && PW <= KC) {
    return pack_lines(to, work, src, m, count, k, rows, R, PH, PW, strideY, offsetY, offsetX, stepY, TX, H, W);
  }
  if (rows < R) memory.fill(to, 0, <usize>(count * R) << 2);
  for (let first = 0; first < rows; ) {
    const run = (k + first) / length;
    const e = k + first - run * length;
    const n = min(length - e, rows - first);
    const y = offsetY + (whole ? run : run / TX) * stepY;
    const x = offsetX + (whole ? 0 : run % TX * stepX);
    // The places of the run's columns in the row of the window: x + a to x + b.
    const a = whole ? e / C : 0, b = whole ? (e + n - 1) / C : 0;
    let i = m / PW, j = m % PW;
    let base = src + <usize>(i / PH) * image;
    i %= PH;
    let out = to + (<usize>first << 2);
    for (let left = count; left > 0; ) {
      const pixels = min(left, PW - j);
      const iy = i * strideY + y;
      if (<u32>iy >= <u32>H) {
        for (let q = 0; q < pixels; q++) {
          for (let c: usize = 0; c < <usize>n << 2; c += 4) store<f32>(out + c, 0);
          out += <usize>R << 2;
        }
      } else {
        const row = base + (<usize>(iy * W * pitch) << 2);
        // Columns j of the grid whose run lies within the image: from low to high.
        const low = min(max(j, ceil_div(-x - a, strideX)), j + pixels);
        const high = max(low, min(j + pixels, floor_div(W - 1 - x - b, strideX) + 1));
        out = copy_clipped(out, row, x * pitch + e, strideX * pitch, j, low, n, R, W * pitch);
        out = copy_inside(out, row + (<usize>((low * strideX + x) * pitch + e) << 2), strideX * pitch, high - low, n, R);
        out = copy_clipped(out, row, x * pitch + e, strideX * pitch, high, j + pixels, n, R, W * pitch);
      }
      left -= pixels;
      j = 0;
      if (++i == PH) {
        i = 0;
        base += image;
      }
    }
    first += n;
  }
}

/**
 * The same of images of one channel, where neighbouring pixels of the grid see neighbours: what a row of the
 * grid has of one element of the window lies side by side in the image.
 */
function pack_lines(
  to: usize, work: usize, src: usize, m: i32, count: i32, k: i32, rows: i32, R: i32, PH: i32, PW: i32,
  strideY: i32, offsetY: i32, offsetX: i32, stepY: i32, TX: i32, H: i32, W: i32,
): void {
  let i = m / PW, j = m % PW;
  let base = src + (<usize>(i / PH * H * W) << 2);
  i %= PH;
  while (count > 0) {
    const n = min(count, PW - j);
    const y = i * strideY + offsetY, x = j + offsetX;
    // Rows that are missing hold whatever the last one does: their products are not kept.
    const p0 = line_of(work, 0, base, y, x, k, n, stepY, TX, H, W);
    const p1 = rows > 1 ? line_of(work, 1, base, y, x, k + 1, n, stepY, TX, H, W) : p0;
    const p2 = rows > 2 ? line_of(work, 2, base, y, x, k + 2, n, stepY, TX, H, W) : p1;
    const p3 = rows > 3 ? line_of(work, 3, base, y, x, k + 3, n, stepY, TX, H, W) : p2;
    const p4 = rows > 4 ? line_of(work, 4, base, y, x, k + 4, n, stepY, TX, H, W) : p3;
    const p5 = rows > 5 ? line_of(work, 5, base, y, x, k + 5, n, stepY, TX, H, W) : p4;
    pack_scattered(to, p0, p1, p2, p3, p4, p5, n, R);
    to += <usize>(n * R) << 2;
    count -= n;
    j = 0;
    if (++i == PH) {
      i = 0;
      base += <usize>(H * W) << 2;
    }
  }
}

/** Element k of the windows of n pixels in a row. */
function line_of(
  work: usize, r: i32, base: usize, y: i32, x: i32, k: i32, n: i32, stepY: i32, TX: i32, H: i32, W: i32,
): usize {
  y += k / TX * stepY;
  x += k % TX;
  const line = work + LINES + (<usize>(r * KC) << 2);
  const inside = <u32>y < <u32>H;
  const at = base + (<usize>(y * W + x) << 2);
  if (inside && x >= 0 && x + n <= W) return at;
  return clipped(line, at, n, inside ? max(0, -x) : n, inside ? min(n, W - x) : n);
}

// @ts-ignore: decorator
@inline
function floor_div(a: i32, b: i32): i32 {
  return a >= 0 ? a / b : -((b - 1 - a) / b);
}

// @ts-ignore: decorator
@inline
function ceil_div(a: i32, b: i32): i32 {
  return a > 0 ? (a + b - 1) / b : -(-a / b);
}

/** n elements of each of `count` runs that lie `step` floats apart. Returns where the next goes. */
function copy_inside(out: usize, from: usize, step: i32, count: i32, n: i32, R: i32): usize {
  const move = <usize>step << 2;
  const panel = <usize>R << 2;
  if (n == 6) {
    for (; count > 0; count--) {
      v128.store(out, v128.load(from));
      store<u64>(out, load<u64>(from, 16), 16);
      from += move;
      out += panel;
    }
  } else if (n == 5) {
    for (; count > 0; count--) {
      v128.store(out, v128.load(from));
      store<f32>(out, load<f32>(from, 16), 16);
      from += move;
      out += panel;
    }
  } else if (n == 4) {
    for (; count > 0; count--) {
      v128.store(out, v128.load(from));
      from += move;
      out += panel;
    }
  } else {
    for (; count > 0; count--) {
      store<f32>(out, load<f32>(from));
      if (n > 1) store<f32>(out, load<f32>(from, 4), 4);
      if (n > 2) store<f32>(out, load<f32>(from, 8), 8);
      from += move;
      out += panel;
    }
  }
  return out;
}

/** The same for grid columns from j to `end` of a row that has `width` floats, zeros outside. */
function copy_clipped(
  out: usize, row: usize, start: i32, step: i32, j: i32, end: i32, n: i32, R: i32, width: i32,
): usize {
  for (; j < end; j++) {
    for (let c = 0; c < n; c++) {
      const at = start + j * step + c;
      store<f32>(out + (<usize>c << 2), <u32>at < <u32>width ? load<f32>(row + (<usize>at << 2)) : 0);
    }
    out += <usize>R << 2;
  }
  return out;
}
