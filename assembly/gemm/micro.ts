/**
 * The micro-kernels: the only place where products are multiplied and added. Everything around them (blocks, panels,
 * edges, start values) belongs to `driver.ts`; the split is that of BLIS (Van Zee and van de Geijn, 2015).
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
 * SIMD on x86 has 16 registers: accumulators + vectors of b + one of a. The 8-column tiles fill them with 128 bits; the
 * 16-column tiles are for re-vectorised code, where two neighbours share one register of 256; those of 4 columns for the
 * right edge. Per cent of the limit, one
 * core of a Sapphire Rapids Xeon, K = 256, strict / fma: 6x8 106 / 96 (a limit loop of 12 chains is bound by latency),
 * 4x12 107 / 83, 5x8 106 / 92, 4x8 105 / 80, 4x16 97 / 83, 8x8 101 / 84, 12x4 97 / 82, 6x16 89 / 72 (they spill).
 * Unrolling k twice gained nothing in Node 24 and cost a fifth in Node 20.
 */
import { madd } from '../lanes';

export function micro_6x8(c: usize, ldc: usize, start: usize, ldstart: usize, a: usize, b: usize, K: i32): void {
  let c00 = v128.load(start), c01 = v128.load(start, 16);
  start += ldstart;
  let c10 = v128.load(start), c11 = v128.load(start, 16);
  start += ldstart;
  let c20 = v128.load(start), c21 = v128.load(start, 16);
  start += ldstart;
  let c30 = v128.load(start), c31 = v128.load(start, 16);
  start += ldstart;
  let c40 = v128.load(start), c41 = v128.load(start, 16);
  start += ldstart;
  let c50 = v128.load(start), c51 = v128.load(start, 16);
  for (; K > 0; K--) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    const a0 = v128.load32_splat(a);
    c00 = madd(a0, b0, c00);
    c01 = madd(a0, b1, c01);
    const a1 = v128.load32_splat(a, 4);
    c10 = madd(a1, b0, c10);
    c11 = madd(a1, b1, c11);
    const a2 = v128.load32_splat(a, 8);
    c20 = madd(a2, b0, c20);
    c21 = madd(a2, b1, c21);
    const a3 = v128.load32_splat(a, 12);
    c30 = madd(a3, b0, c30);
    c31 = madd(a3, b1, c31);
    const a4 = v128.load32_splat(a, 16);
    c40 = madd(a4, b0, c40);
    c41 = madd(a4, b1, c41);
    const a5 = v128.load32_splat(a, 20);
    c50 = madd(a5, b0, c50);
    c51 = madd(a5, b1, c51);
    a += 24;
    b += 32;
  }
  v128.store(c, c00);
  v128.store(c, c01, 16);
  c += ldc;
  v128.store(c, c10);
  v128.store(c, c11, 16);
  c += ldc;
  v128.store(c, c20);
  v128.store(c, c21, 16);
  c += ldc;
  v128.store(c, c30);
  v128.store(c, c31, 16);
  c += ldc;
  v128.store(c, c40);
  v128.store(c, c41, 16);
  c += ldc;
  v128.store(c, c50);
  v128.store(c, c51, 16);
}

export function micro_4x8(c: usize, ldc: usize, start: usize, ldstart: usize, a: usize, b: usize, K: i32): void {
  let c00 = v128.load(start), c01 = v128.load(start, 16);
  start += ldstart;
  let c10 = v128.load(start), c11 = v128.load(start, 16);
  start += ldstart;
  let c20 = v128.load(start), c21 = v128.load(start, 16);
  start += ldstart;
  let c30 = v128.load(start), c31 = v128.load(start, 16);
  for (; K > 0; K--) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    const a0 = v128.load32_splat(a);
    c00 = madd(a0, b0, c00);
    c01 = madd(a0, b1, c01);
    const a1 = v128.load32_splat(a, 4);
    c10 = madd(a1, b0, c10);
    c11 = madd(a1, b1, c11);
    const a2 = v128.load32_splat(a, 8);
    c20 = madd(a2, b0, c20);
    c21 = madd(a2, b1, c21);
    const a3 = v128.load32_splat(a, 12);
    c30 = madd(a3, b0, c30);
    c31 = madd(a3, b1, c31);
    a += 16;
    b += 32;
  }
  v128.store(c, c00);
  v128.store(c, c01, 16);
  c += ldc;
  v128.store(c, c10);
  v128.store(c, c11, 16);
  c += ldc;
  v128.store(c, c20);
  v128.store(c, c21, 16);
  c += ldc;
  v128.store(c, c30);
  v128.store(c, c31, 16);
}

export function micro_6x16(c: usize, ldc: usize, start: usize, ldstart: usize, a: usize, b: usize, K: i32): void {
  let c00 = v128.load(start), c01 = v128.load(start, 16), c02 = v128.load(start, 32), c03 = v128.load(start, 48);
  start += ldstart;
  let c10 = v128.load(start), c11 = v128.load(start, 16), c12 = v128.load(start, 32), c13 = v128.load(start, 48);
  start += ldstart;
  let c20 = v128.load(start), c21 = v128.load(start, 16), c22 = v128.load(start, 32), c23 = v128.load(start, 48);
  start += ldstart;
  let c30 = v128.load(start), c31 = v128.load(start, 16), c32 = v128.load(start, 32), c33 = v128.load(start, 48);
  start += ldstart;
  let c40 = v128.load(start), c41 = v128.load(start, 16), c42 = v128.load(start, 32), c43 = v128.load(start, 48);
  start += ldstart;
  let c50 = v128.load(start), c51 = v128.load(start, 16), c52 = v128.load(start, 32), c53 = v128.load(start, 48);
  for (; K > 0; K--) {
    const b0 = v128.load(b), b1 = v128.load(b, 16), b2 = v128.load(b, 32), b3 = v128.load(b, 48);
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
    a += 24;
    b += 64;
  }
  v128.store(c, c00);
  v128.store(c, c01, 16);
  v128.store(c, c02, 32);
  v128.store(c, c03, 48);
  c += ldc;
  v128.store(c, c10);
  v128.store(c, c11, 16);
  v128.store(c, c12, 32);
  v128.store(c, c13, 48);
  c += ldc;
  v128.store(c, c20);
  v128.store(c, c21, 16);
  v128.store(c, c22, 32);
  v128.store(c, c23, 48);
  c += ldc;
  v128.store(c, c30);
  v128.store(c, c31, 16);
  v128.store(c, c32, 32);
  v128.store(c, c33, 48);
  c += ldc;
  v128.store(c, c40);
  v128.store(c, c41, 16);
  v128.store(c, c42, 32);
  v128.store(c, c43, 48);
  c += ldc;
  v128.store(c, c50);
  v128.store(c, c51, 16);
  v128.store(c, c52, 32);
  v128.store(c, c53, 48);
}

export function micro_4x16(c: usize, ldc: usize, start: usize, ldstart: usize, a: usize, b: usize, K: i32): void {
  let c00 = v128.load(start), c01 = v128.load(start, 16), c02 = v128.load(start, 32), c03 = v128.load(start, 48);
  start += ldstart;
  let c10 = v128.load(start), c11 = v128.load(start, 16), c12 = v128.load(start, 32), c13 = v128.load(start, 48);
  start += ldstart;
  let c20 = v128.load(start), c21 = v128.load(start, 16), c22 = v128.load(start, 32), c23 = v128.load(start, 48);
  start += ldstart;
  let c30 = v128.load(start), c31 = v128.load(start, 16), c32 = v128.load(start, 32), c33 = v128.load(start, 48);
  for (; K > 0; K--) {
    const b0 = v128.load(b), b1 = v128.load(b, 16), b2 = v128.load(b, 32), b3 = v128.load(b, 48);
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
    a += 16;
    b += 64;
  }
  v128.store(c, c00);
  v128.store(c, c01, 16);
  v128.store(c, c02, 32);
  v128.store(c, c03, 48);
  c += ldc;
  v128.store(c, c10);
  v128.store(c, c11, 16);
  v128.store(c, c12, 32);
  v128.store(c, c13, 48);
  c += ldc;
  v128.store(c, c20);
  v128.store(c, c21, 16);
  v128.store(c, c22, 32);
  v128.store(c, c23, 48);
  c += ldc;
  v128.store(c, c30);
  v128.store(c, c31, 16);
  v128.store(c, c32, 32);
  v128.store(c, c33, 48);
}

export function micro_6x4(c: usize, ldc: usize, start: usize, ldstart: usize, a: usize, b: usize, K: i32): void {
  let c00 = v128.load(start);
  start += ldstart;
  let c10 = v128.load(start);
  start += ldstart;
  let c20 = v128.load(start);
  start += ldstart;
  let c30 = v128.load(start);
  start += ldstart;
  let c40 = v128.load(start);
  start += ldstart;
  let c50 = v128.load(start);
  for (; K > 0; K--) {
    const b0 = v128.load(b);
    const a0 = v128.load32_splat(a);
    c00 = madd(a0, b0, c00);
    const a1 = v128.load32_splat(a, 4);
    c10 = madd(a1, b0, c10);
    const a2 = v128.load32_splat(a, 8);
    c20 = madd(a2, b0, c20);
    const a3 = v128.load32_splat(a, 12);
    c30 = madd(a3, b0, c30);
    const a4 = v128.load32_splat(a, 16);
    c40 = madd(a4, b0, c40);
    const a5 = v128.load32_splat(a, 20);
    c50 = madd(a5, b0, c50);
    a += 24;
    b += 16;
  }
  v128.store(c, c00);
  c += ldc;
  v128.store(c, c10);
  c += ldc;
  v128.store(c, c20);
  c += ldc;
  v128.store(c, c30);
  c += ldc;
  v128.store(c, c40);
  c += ldc;
  v128.store(c, c50);
}

export function micro_4x4(c: usize, ldc: usize, start: usize, ldstart: usize, a: usize, b: usize, K: i32): void {
  let c00 = v128.load(start);
  start += ldstart;
  let c10 = v128.load(start);
  start += ldstart;
  let c20 = v128.load(start);
  start += ldstart;
  let c30 = v128.load(start);
  for (; K > 0; K--) {
    const b0 = v128.load(b);
    const a0 = v128.load32_splat(a);
    c00 = madd(a0, b0, c00);
    const a1 = v128.load32_splat(a, 4);
    c10 = madd(a1, b0, c10);
    const a2 = v128.load32_splat(a, 8);
    c20 = madd(a2, b0, c20);
    const a3 = v128.load32_splat(a, 12);
    c30 = madd(a3, b0, c30);
    a += 16;
    b += 16;
  }
  v128.store(c, c00);
  c += ldc;
  v128.store(c, c10);
  c += ldc;
  v128.store(c, c20);
  c += ldc;
  v128.store(c, c30);
}
