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
 * gained on a Xeon, a fifth lost there in Node 20), and with elements four times as well (0.83). With a way
 * out between the steps, four of them a turn, 6x8 went from 69 to 81 % of a Cascade Lake Xeon's limit and 6x16
 * from 69 to 76 %; on Zen 5 they gain 0 and 1 to 3 %, 5x8 and 4x8 nothing anywhere. In Node 20, which has no
 * 6x16, training with 6x8 of four steps runs at 0.58 of its speed.
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
  if (ASC_FEATURE_RELAXED_SIMD && R == 6 && V == 4) {
    // Four steps a turn save three tests of the loop, additions and looks at the stack's limit each. The way out
    // between them keeps Binaryen from nesting an accumulator's products, which spills registers. Not in 6x8,
    // which Node 20 runs as well: there they are spilled all the same.
    for (; K > 0; K -= 4) {
      const b0 = v128.load(b);
      const b1 = v128.load(b, 16);
      const b2 = v128.load(b, 32);
      const b3 = v128.load(b, 48);
      const a0 = v128.load32_splat(a);
      c00 = madd(a0, b0, c00);
      c01 = madd(a0, b1, c01);
      c02 = madd(a0, b2, c02);
      c03 = madd(a0, b3, c03);
      const a1 = v128.load32_splat(a, 4);
      c10 = madd(a1, b0, c10);
      c11 = madd(a1, b1, c11);
      c12 = madd(a1, b2, c12);
      c13 = madd(a1, b3, c13);
      const a2 = v128.load32_splat(a, 8);
      c20 = madd(a2, b0, c20);
      c21 = madd(a2, b1, c21);
      c22 = madd(a2, b2, c22);
      c23 = madd(a2, b3, c23);
      const a3 = v128.load32_splat(a, 12);
      c30 = madd(a3, b0, c30);
      c31 = madd(a3, b1, c31);
      c32 = madd(a3, b2, c32);
      c33 = madd(a3, b3, c33);
      const a4 = v128.load32_splat(a, 16);
      c40 = madd(a4, b0, c40);
      c41 = madd(a4, b1, c41);
      c42 = madd(a4, b2, c42);
      c43 = madd(a4, b3, c43);
      const a5 = v128.load32_splat(a, 20);
      c50 = madd(a5, b0, c50);
      c51 = madd(a5, b1, c51);
      c52 = madd(a5, b2, c52);
      c53 = madd(a5, b3, c53);
      if (K <= 1) break;
      const b0_1 = v128.load(b, 64);
      const b1_1 = v128.load(b, 80);
      const b2_1 = v128.load(b, 96);
      const b3_1 = v128.load(b, 112);
      const a0_1 = v128.load32_splat(a, 24);
      c00 = madd(a0_1, b0_1, c00);
      c01 = madd(a0_1, b1_1, c01);
      c02 = madd(a0_1, b2_1, c02);
      c03 = madd(a0_1, b3_1, c03);
      const a1_1 = v128.load32_splat(a, 28);
      c10 = madd(a1_1, b0_1, c10);
      c11 = madd(a1_1, b1_1, c11);
      c12 = madd(a1_1, b2_1, c12);
      c13 = madd(a1_1, b3_1, c13);
      const a2_1 = v128.load32_splat(a, 32);
      c20 = madd(a2_1, b0_1, c20);
      c21 = madd(a2_1, b1_1, c21);
      c22 = madd(a2_1, b2_1, c22);
      c23 = madd(a2_1, b3_1, c23);
      const a3_1 = v128.load32_splat(a, 36);
      c30 = madd(a3_1, b0_1, c30);
      c31 = madd(a3_1, b1_1, c31);
      c32 = madd(a3_1, b2_1, c32);
      c33 = madd(a3_1, b3_1, c33);
      const a4_1 = v128.load32_splat(a, 40);
      c40 = madd(a4_1, b0_1, c40);
      c41 = madd(a4_1, b1_1, c41);
      c42 = madd(a4_1, b2_1, c42);
      c43 = madd(a4_1, b3_1, c43);
      const a5_1 = v128.load32_splat(a, 44);
      c50 = madd(a5_1, b0_1, c50);
      c51 = madd(a5_1, b1_1, c51);
      c52 = madd(a5_1, b2_1, c52);
      c53 = madd(a5_1, b3_1, c53);
      if (K <= 2) break;
      const b0_2 = v128.load(b, 128);
      const b1_2 = v128.load(b, 144);
      const b2_2 = v128.load(b, 160);
      const b3_2 = v128.load(b, 176);
      const a0_2 = v128.load32_splat(a, 48);
      c00 = madd(a0_2, b0_2, c00);
      c01 = madd(a0_2, b1_2, c01);
      c02 = madd(a0_2, b2_2, c02);
      c03 = madd(a0_2, b3_2, c03);
      const a1_2 = v128.load32_splat(a, 52);
      c10 = madd(a1_2, b0_2, c10);
      c11 = madd(a1_2, b1_2, c11);
      c12 = madd(a1_2, b2_2, c12);
      c13 = madd(a1_2, b3_2, c13);
      const a2_2 = v128.load32_splat(a, 56);
      c20 = madd(a2_2, b0_2, c20);
      c21 = madd(a2_2, b1_2, c21);
      c22 = madd(a2_2, b2_2, c22);
      c23 = madd(a2_2, b3_2, c23);
      const a3_2 = v128.load32_splat(a, 60);
      c30 = madd(a3_2, b0_2, c30);
      c31 = madd(a3_2, b1_2, c31);
      c32 = madd(a3_2, b2_2, c32);
      c33 = madd(a3_2, b3_2, c33);
      const a4_2 = v128.load32_splat(a, 64);
      c40 = madd(a4_2, b0_2, c40);
      c41 = madd(a4_2, b1_2, c41);
      c42 = madd(a4_2, b2_2, c42);
      c43 = madd(a4_2, b3_2, c43);
      const a5_2 = v128.load32_splat(a, 68);
      c50 = madd(a5_2, b0_2, c50);
      c51 = madd(a5_2, b1_2, c51);
      c52 = madd(a5_2, b2_2, c52);
      c53 = madd(a5_2, b3_2, c53);
      if (K <= 3) break;
      const b0_3 = v128.load(b, 192);
      const b1_3 = v128.load(b, 208);
      const b2_3 = v128.load(b, 224);
      const b3_3 = v128.load(b, 240);
      const a0_3 = v128.load32_splat(a, 72);
      c00 = madd(a0_3, b0_3, c00);
      c01 = madd(a0_3, b1_3, c01);
      c02 = madd(a0_3, b2_3, c02);
      c03 = madd(a0_3, b3_3, c03);
      const a1_3 = v128.load32_splat(a, 76);
      c10 = madd(a1_3, b0_3, c10);
      c11 = madd(a1_3, b1_3, c11);
      c12 = madd(a1_3, b2_3, c12);
      c13 = madd(a1_3, b3_3, c13);
      const a2_3 = v128.load32_splat(a, 80);
      c20 = madd(a2_3, b0_3, c20);
      c21 = madd(a2_3, b1_3, c21);
      c22 = madd(a2_3, b2_3, c22);
      c23 = madd(a2_3, b3_3, c23);
      const a3_3 = v128.load32_splat(a, 84);
      c30 = madd(a3_3, b0_3, c30);
      c31 = madd(a3_3, b1_3, c31);
      c32 = madd(a3_3, b2_3, c32);
      c33 = madd(a3_3, b3_3, c33);
      const a4_3 = v128.load32_splat(a, 88);
      c40 = madd(a4_3, b0_3, c40);
      c41 = madd(a4_3, b1_3, c41);
      c42 = madd(a4_3, b2_3, c42);
      c43 = madd(a4_3, b3_3, c43);
      const a5_3 = v128.load32_splat(a, 92);
      c50 = madd(a5_3, b0_3, c50);
      c51 = madd(a5_3, b1_3, c51);
      c52 = madd(a5_3, b2_3, c52);
      c53 = madd(a5_3, b3_3, c53);
      a += 96;
      b += 256;
    }
  } else {
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
