/**
 * The micro-kernels: the only place where products are multiplied and added. Everything around them (blocks,
 * panels, edges, start values) belongs to `driver.ts`; the split is that of BLIS (Van Zee and van de Geijn,
 * 2015).
 *
 *            b: K rows of 8           Tile 6x8: twelve accumulators of four lanes stay in registers over all K.
 *           ┌────┬────┐               Each step loads one row of b and one element of each row of a.
 *           │ b0 │ b1 │
 *  a: K     ├────┼────┤               The accumulators begin with the rows at `start`, `ldstart` bytes apart: those of
 *  columns  │c00 │c01 │               C, or the bias or zeros with a distance of 0. So there is no branch at the
 *  of 6     │c10 │ …  │               end, every element is one sum in ascending k, and V8's re-vectoriser can fuse
 *           │ …  │    │               the accumulators in pairs.
 *           │c50 │c51 │
 *           └────┴────┘               Panels: a[k][6], b[k][8], dense. Distances here are bytes.
 *
 * SIMD on x86 has 16 registers, one of which V8 keeps for itself: accumulators + vectors of b + one of a, and
 * without fma one for the product that is about to be added. So the largest tile is 6x8 with fma and 5x8
 * without: there the sixth row's accumulator was spilled, and each step waited for it to come back from
 * memory: 28.7 against 46.8 GFLOPS on Zen 4 (a Xeon, which multiplies and adds half as much a cycle, hid it).
 * The 16-column tiles are for re-vectorised code, where two neighbours share one register of 256 bits; those
 * of 4 columns for the right edge.
 *
 * The products without fma are bound by the six instructions that Zen begins in a cycle: 35 a step of 5x8 by
 * count, four of them addresses of broadcasting loads. Where A's panels hold each element four times, plain
 * loads do, whose offsets cost nothing: 31, and 3 to 7 % more speed (Zen 3). The re-vectoriser does not fuse
 * such loads, so the 16-column tiles broadcast. Tried: 4x12, 4x8, 8x8, 4x16, 12x4 (slower, with fma by an
 * eighth and more); unrolling 5x8 and 6x8 twice over k (37 against 46 GFLOPS on Zen 4, Node 24; nothing
 * gained on a Xeon, a fifth lost there in Node 20), and with elements four times as well (0.83).
 */
import { madd } from '../lanes';

export function micro_6x8(c: usize, ldc: usize, start: usize, ldstart: usize, a: usize, b: usize, K: i32): void {
  tile(c, ldc, start, ldstart, a, b, K, 6, 2, 1);
}

export function micro_5x8(c: usize, ldc: usize, start: usize, ldstart: usize, a: usize, b: usize, K: i32): void {
  tile(c, ldc, start, ldstart, a, b, K, 5, 2, 1);
}

export function micro_4x8(c: usize, ldc: usize, start: usize, ldstart: usize, a: usize, b: usize, K: i32): void {
  tile(c, ldc, start, ldstart, a, b, K, 4, 2, 1);
}

export function micro_6x16(c: usize, ldc: usize, start: usize, ldstart: usize, a: usize, b: usize, K: i32): void {
  tile(c, ldc, start, ldstart, a, b, K, 6, 4, 1);
}

export function micro_5x16(c: usize, ldc: usize, start: usize, ldstart: usize, a: usize, b: usize, K: i32): void {
  tile(c, ldc, start, ldstart, a, b, K, 5, 4, 1);
}

export function micro_4x16(c: usize, ldc: usize, start: usize, ldstart: usize, a: usize, b: usize, K: i32): void {
  tile(c, ldc, start, ldstart, a, b, K, 4, 4, 1);
}

export function micro_6x4(c: usize, ldc: usize, start: usize, ldstart: usize, a: usize, b: usize, K: i32): void {
  tile(c, ldc, start, ldstart, a, b, K, 6, 1, 1);
}

export function micro_5x4(c: usize, ldc: usize, start: usize, ldstart: usize, a: usize, b: usize, K: i32): void {
  tile(c, ldc, start, ldstart, a, b, K, 5, 1, 1);
}

export function micro_4x4(c: usize, ldc: usize, start: usize, ldstart: usize, a: usize, b: usize, K: i32): void {
  tile(c, ldc, start, ldstart, a, b, K, 4, 1, 1);
}

// Where a panel of A holds each element four times.

export function splat_5x8(c: usize, ldc: usize, start: usize, ldstart: usize, a: usize, b: usize, K: i32): void {
  tile(c, ldc, start, ldstart, a, b, K, 5, 2, 4);
}

export function splat_4x8(c: usize, ldc: usize, start: usize, ldstart: usize, a: usize, b: usize, K: i32): void {
  tile(c, ldc, start, ldstart, a, b, K, 4, 2, 4);
}

export function splat_5x4(c: usize, ldc: usize, start: usize, ldstart: usize, a: usize, b: usize, K: i32): void {
  tile(c, ldc, start, ldstart, a, b, K, 5, 1, 4);
}

export function splat_4x4(c: usize, ldc: usize, start: usize, ldstart: usize, a: usize, b: usize, K: i32): void {
  tile(c, ldc, start, ldstart, a, b, K, 4, 1, 4);
}

/**
 * The tile of R (4, 5 or 6) rows and V (1, 2 or 4) vectors, where an element of a stands L times (1, or 4
 * with at most 5 rows). All are constants wherever this is inlined: what lies outside is compiled away.
 */
// @ts-ignore: decorator
@inline
function tile(
  c: usize, ldc: usize, start: usize, ldstart: usize, a: usize, b: usize, K: i32, R: i32, V: i32, L: i32,
): void {
  const zero = f32x4.splat(0);
  let c00 = v128.load(start);
  let c01 = V > 1 ? v128.load(start, 16) : zero;
  let c02 = V > 2 ? v128.load(start, 32) : zero;
  let c03 = V > 2 ? v128.load(start, 48) : zero;
  start += ldstart;
  let c10 = v128.load(start);
  let c11 = V > 1 ? v128.load(start, 16) : zero;
  let c12 = V > 2 ? v128.load(start, 32) : zero;
  let c13 = V > 2 ? v128.load(start, 48) : zero;
  start += ldstart;
  let c20 = v128.load(start);
  let c21 = V > 1 ? v128.load(start, 16) : zero;
  let c22 = V > 2 ? v128.load(start, 32) : zero;
  let c23 = V > 2 ? v128.load(start, 48) : zero;
  start += ldstart;
  let c30 = v128.load(start);
  let c31 = V > 1 ? v128.load(start, 16) : zero;
  let c32 = V > 2 ? v128.load(start, 32) : zero;
  let c33 = V > 2 ? v128.load(start, 48) : zero;
  start += ldstart;
  let c40 = R > 4 ? v128.load(start) : zero;
  let c41 = R > 4 && V > 1 ? v128.load(start, 16) : zero;
  let c42 = R > 4 && V > 2 ? v128.load(start, 32) : zero;
  let c43 = R > 4 && V > 2 ? v128.load(start, 48) : zero;
  start += ldstart;
  let c50 = R > 5 ? v128.load(start) : zero;
  let c51 = R > 5 && V > 1 ? v128.load(start, 16) : zero;
  let c52 = R > 5 && V > 2 ? v128.load(start, 32) : zero;
  let c53 = R > 5 && V > 2 ? v128.load(start, 48) : zero;
  for (; K > 0; K--) {
    const b0 = v128.load(b);
    const b1 = V > 1 ? v128.load(b, 16) : zero;
    const b2 = V > 2 ? v128.load(b, 32) : zero;
    const b3 = V > 2 ? v128.load(b, 48) : zero;
    const a0 = L == 4 ? v128.load(a) : v128.load32_splat(a);
    c00 = madd(a0, b0, c00);
    if (V > 1) c01 = madd(a0, b1, c01);
    if (V > 2) c02 = madd(a0, b2, c02);
    if (V > 2) c03 = madd(a0, b3, c03);
    const a1 = L == 4 ? v128.load(a, 16) : v128.load32_splat(a, 4);
    c10 = madd(a1, b0, c10);
    if (V > 1) c11 = madd(a1, b1, c11);
    if (V > 2) c12 = madd(a1, b2, c12);
    if (V > 2) c13 = madd(a1, b3, c13);
    const a2 = L == 4 ? v128.load(a, 32) : v128.load32_splat(a, 8);
    c20 = madd(a2, b0, c20);
    if (V > 1) c21 = madd(a2, b1, c21);
    if (V > 2) c22 = madd(a2, b2, c22);
    if (V > 2) c23 = madd(a2, b3, c23);
    const a3 = L == 4 ? v128.load(a, 48) : v128.load32_splat(a, 12);
    c30 = madd(a3, b0, c30);
    if (V > 1) c31 = madd(a3, b1, c31);
    if (V > 2) c32 = madd(a3, b2, c32);
    if (V > 2) c33 = madd(a3, b3, c33);
    const a4 = R > 4 ? (L == 4 ? v128.load(a, 64) : v128.load32_splat(a, 16)) : zero;
    if (R > 4) c40 = madd(a4, b0, c40);
    if (R > 4 && V > 1) c41 = madd(a4, b1, c41);
    if (R > 4 && V > 2) c42 = madd(a4, b2, c42);
    if (R > 4 && V > 2) c43 = madd(a4, b3, c43);
    const a5 = R > 5 ? v128.load32_splat(a, 20) : zero;
    if (R > 5) c50 = madd(a5, b0, c50);
    if (R > 5 && V > 1) c51 = madd(a5, b1, c51);
    if (R > 5 && V > 2) c52 = madd(a5, b2, c52);
    if (R > 5 && V > 2) c53 = madd(a5, b3, c53);
    a += <usize>(R * L) << 2;
    b += <usize>V << 4;
  }
  v128.store(c, c00);
  if (V > 1) v128.store(c, c01, 16);
  if (V > 2) v128.store(c, c02, 32);
  if (V > 2) v128.store(c, c03, 48);
  c += ldc;
  v128.store(c, c10);
  if (V > 1) v128.store(c, c11, 16);
  if (V > 2) v128.store(c, c12, 32);
  if (V > 2) v128.store(c, c13, 48);
  c += ldc;
  v128.store(c, c20);
  if (V > 1) v128.store(c, c21, 16);
  if (V > 2) v128.store(c, c22, 32);
  if (V > 2) v128.store(c, c23, 48);
  c += ldc;
  v128.store(c, c30);
  if (V > 1) v128.store(c, c31, 16);
  if (V > 2) v128.store(c, c32, 32);
  if (V > 2) v128.store(c, c33, 48);
  c += ldc;
  if (R > 4) v128.store(c, c40);
  if (R > 4 && V > 1) v128.store(c, c41, 16);
  if (R > 4 && V > 2) v128.store(c, c42, 32);
  if (R > 4 && V > 2) v128.store(c, c43, 48);
  c += ldc;
  if (R > 5) v128.store(c, c50);
  if (R > 5 && V > 1) v128.store(c, c51, 16);
  if (R > 5 && V > 2) v128.store(c, c52, 32);
  if (R > 5 && V > 2) v128.store(c, c53, 48);
}
