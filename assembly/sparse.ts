/**
 * Products with a matrix that is mostly zeros, kept as compressed rows: the pairs (index, value) of what is not zero.
 *
 *   starts:  row i has the entries starts[i] … starts[i + 1] - 1      (M + 1 numbers)
 *   indices: i32, ascending within a row;  values: float32
 *
 * Row i of a product is Σ value · B[index]: forward with the batch's rows, y = x·W, and for the weights' gradient with
 * its columns, dW = xᵀ·dy. Terms are added in the order of the dense product, from the same start, and 0·w adds nothing:
 * with finite operands the bits are the dense path's (but for the sign of a zero).
 *
 * Rows of B and C are padded to whole vectors: N here is a multiple of 4, and the padding is computed along. A strip of 12
 * vectors of columns (24 where the re-vectoriser makes two of them one) stays in registers for all entries of a row.
 */
import { apply_activation } from './activation';
import { madd, nmadd } from './lanes';

/**
 * Compresses x [M, N]. Returns the number of entries; or -1, with nothing usable written, as soon as the rows so far hold
 * more than `limit` entries each on average, two rows of grace. `indices` and `values` need limit·(M + 2) + N + 1 places.
 */
export function compress_rows(
  starts: usize, indices: usize, values: usize, x: usize, ldx: i32, M: i32, N: i32, limit: i32,
): i32 {
  const zero = f32x4.splat(0);
  let count = 0;
  store<i32>(starts, 0);
  for (let m = 0; m < M; m++) {
    let n = 0;
    for (; n + 8 <= N; n += 8) {
      const p = x + (<usize>n << 2);
      if (!v128.any_true(v128.or(v128.load(p), v128.load(p, 16)))) continue;
      count = keep(indices, values, count, p, n);
      count = keep(indices, values, count, p + 4, n + 1);
      count = keep(indices, values, count, p + 8, n + 2);
      count = keep(indices, values, count, p + 12, n + 3);
      count = keep(indices, values, count, p + 16, n + 4);
      count = keep(indices, values, count, p + 20, n + 5);
      count = keep(indices, values, count, p + 24, n + 6);
      count = keep(indices, values, count, p + 28, n + 7);
    }
    for (; n < N; n++) count = keep(indices, values, count, x + (<usize>n << 2), n);
    store<i32>(starts + (<usize>(m + 1) << 2), count);
    if (count > limit * (m + 3)) return -1;
    x += <usize>ldx << 2;
  }
  return count > limit * M ? -1 : count;
}

/** Writes an entry, and moves on if it counts: no branch to mispredict. Neither zero counts, hence all bits but the sign. */
// @ts-ignore: decorator
@inline
function keep(indices: usize, values: usize, count: i32, p: usize, index: i32): i32 {
  const bits = load<u32>(p);
  const to = <usize>count << 2;
  store<i32>(indices + to, index);
  store<u32>(values + to, bits);
  return count + select<i32>(1, 0, bits << 1 != 0);
}

/** The compressed columns of a matrix [M, N] from its compressed rows; `starts` has N + 2 places, of which N + 1 are kept. */
export function transpose_compressed(
  starts: usize, indices: usize, values: usize, rowStarts: usize, columns: usize, rowValues: usize, M: i32, N: i32,
): void {
  const total = load<i32>(rowStarts + (<usize>M << 2));
  memory.fill(starts, 0, <usize>(N + 2) << 2);
  // Two places on: after counting and adding up, starts[n + 1] is where column n's next entry goes.
  for (let e = 0; e < total; e++) {
    const p = starts + (<usize>(load<i32>(columns + (<usize>e << 2)) + 2) << 2);
    store<i32>(p, load<i32>(p) + 1);
  }
  let sum = 0;
  for (let n = 2; n <= N + 1; n++) {
    const p = starts + (<usize>n << 2);
    sum += load<i32>(p);
    store<i32>(p, sum);
  }
  let e = 0;
  for (let m = 0; m < M; m++) {
    const end = load<i32>(rowStarts + (<usize>(m + 1) << 2));
    for (; e < end; e++) {
      const p = starts + (<usize>(load<i32>(columns + (<usize>e << 2)) + 1) << 2);
      const to = <usize>load<i32>(p) << 2;
      store<i32>(indices + to, m);
      store<f32>(values + to, load<f32>(rowValues + (<usize>e << 2)));
      store<i32>(p, load<i32>(p) + 1);
    }
  }
}

/** C = f(start + S·B): S compressed [M, ·], B [·, N]; start is the row `bias` if present, else 0. N is a multiple of 4. */
export function sparse_gemm(
  c: usize, ldc: i32, starts: usize, indices: usize, values: usize, b: usize, ldb: i32, bias: usize,
  M: i32, N: i32, activation: i32, wide: i32,
): void {
  const row = <usize>ldc << 2;
  const step = <usize>ldb << 2;
  let n = 0;
  if (wide) {
    for (; n + 96 <= N; n += 96) store_24(c, row, starts, indices, values, b, step, bias, M, n);
  }
  for (; n + 48 <= N; n += 48) store_12(c, row, starts, indices, values, b, step, bias, M, n);
  for (; n + 16 <= N; n += 16) store_4(c, row, starts, indices, values, b, step, bias, M, n);
  for (; n < N; n += 4) store_1(c, row, starts, indices, values, b, step, bias, M, n);
  apply_activation(c, ldc, M, N, activation);
}

/**
 * W = W - rate · (S·B), row by row: the gradient Sᵀ·B of a linear layer and its plain SGD step in one pass. Rows of S
 * without entries are left alone. N is a multiple of 4.
 */
export function sparse_sgd(
  w: usize, ldw: i32, starts: usize, indices: usize, values: usize, b: usize, ldb: i32, M: i32, N: i32, rate: f32,
  wide: i32,
): void {
  const row = <usize>ldw << 2;
  const step = <usize>ldb << 2;
  let n = 0;
  if (wide) {
    for (; n + 96 <= N; n += 96) update_24(w, row, starts, indices, values, b, step, M, n, rate);
  }
  for (; n + 48 <= N; n += 48) update_12(w, row, starts, indices, values, b, step, M, n, rate);
  for (; n + 16 <= N; n += 16) update_4(w, row, starts, indices, values, b, step, M, n, rate);
  for (; n < N; n += 4) update_1(w, row, starts, indices, values, b, step, M, n, rate);
}

function store_24(
  c: usize, row: usize, starts: usize, indices: usize, values: usize, b: usize, step: usize, bias: usize, M: i32, n: i32,
): void {
  strip(c, row, starts, indices, values, b, step, bias, M, n, 0, 24, false);
}

function update_24(
  w: usize, row: usize, starts: usize, indices: usize, values: usize, b: usize, step: usize, M: i32, n: i32, rate: f32,
): void {
  strip(w, row, starts, indices, values, b, step, 0, M, n, rate, 24, true);
}

function store_12(
  c: usize, row: usize, starts: usize, indices: usize, values: usize, b: usize, step: usize, bias: usize, M: i32, n: i32,
): void {
  strip(c, row, starts, indices, values, b, step, bias, M, n, 0, 12, false);
}

function update_12(
  w: usize, row: usize, starts: usize, indices: usize, values: usize, b: usize, step: usize, M: i32, n: i32, rate: f32,
): void {
  strip(w, row, starts, indices, values, b, step, 0, M, n, rate, 12, true);
}

function store_4(
  c: usize, row: usize, starts: usize, indices: usize, values: usize, b: usize, step: usize, bias: usize, M: i32, n: i32,
): void {
  strip(c, row, starts, indices, values, b, step, bias, M, n, 0, 4, false);
}

function update_4(
  w: usize, row: usize, starts: usize, indices: usize, values: usize, b: usize, step: usize, M: i32, n: i32, rate: f32,
): void {
  strip(w, row, starts, indices, values, b, step, 0, M, n, rate, 4, true);
}

function store_1(
  c: usize, row: usize, starts: usize, indices: usize, values: usize, b: usize, step: usize, bias: usize, M: i32, n: i32,
): void {
  strip(c, row, starts, indices, values, b, step, bias, M, n, 0, 1, false);
}

function update_1(
  w: usize, row: usize, starts: usize, indices: usize, values: usize, b: usize, step: usize, M: i32, n: i32, rate: f32,
): void {
  strip(w, row, starts, indices, values, b, step, 0, M, n, rate, 1, true);
}

/** Columns n … n + 4·W - 1 of all rows. W and `update` are constants wherever this is inlined. */
// @ts-ignore: decorator
@inline
function strip(
  c: usize, row: usize, starts: usize, indices: usize, values: usize, b: usize, step: usize, bias: usize,
  M: i32, n: i32, rate: f32, W: i32, update: bool,
): void {
  c += <usize>n << 2;
  b += <usize>n << 2;
  const zero = f32x4.splat(0);
  const factor = f32x4.splat(rate);
  if (bias) bias += <usize>n << 2;
  let e = <usize>load<i32>(starts) << 2;
  for (let m = 0; m < M; m++) {
    const end = <usize>load<i32>(starts + (<usize>(m + 1) << 2)) << 2;
    if (!update || e < end) {
      let a0 = zero, a1 = zero, a2 = zero, a3 = zero, a4 = zero, a5 = zero, a6 = zero, a7 = zero, a8 = zero, a9 = zero, a10 = zero, a11 = zero, a12 = zero, a13 = zero, a14 = zero, a15 = zero, a16 = zero, a17 = zero, a18 = zero, a19 = zero, a20 = zero, a21 = zero, a22 = zero, a23 = zero;
      if (!update && bias) {
        a0 = v128.load(bias);
        if (W > 1) a1 = v128.load(bias, 16);
        if (W > 2) a2 = v128.load(bias, 32);
        if (W > 3) a3 = v128.load(bias, 48);
        if (W > 4) a4 = v128.load(bias, 64);
        if (W > 5) a5 = v128.load(bias, 80);
        if (W > 6) a6 = v128.load(bias, 96);
        if (W > 7) a7 = v128.load(bias, 112);
        if (W > 8) a8 = v128.load(bias, 128);
        if (W > 9) a9 = v128.load(bias, 144);
        if (W > 10) a10 = v128.load(bias, 160);
        if (W > 11) a11 = v128.load(bias, 176);
        if (W > 12) a12 = v128.load(bias, 192);
        if (W > 13) a13 = v128.load(bias, 208);
        if (W > 14) a14 = v128.load(bias, 224);
        if (W > 15) a15 = v128.load(bias, 240);
        if (W > 16) a16 = v128.load(bias, 256);
        if (W > 17) a17 = v128.load(bias, 272);
        if (W > 18) a18 = v128.load(bias, 288);
        if (W > 19) a19 = v128.load(bias, 304);
        if (W > 20) a20 = v128.load(bias, 320);
        if (W > 21) a21 = v128.load(bias, 336);
        if (W > 22) a22 = v128.load(bias, 352);
        if (W > 23) a23 = v128.load(bias, 368);
      }
      for (; e < end; e += 4) {
        const p = b + <usize>load<i32>(indices + e) * step;
        const x = v128.load32_splat(values + e);
        a0 = madd(x, v128.load(p), a0);
        if (W > 1) a1 = madd(x, v128.load(p, 16), a1);
        if (W > 2) a2 = madd(x, v128.load(p, 32), a2);
        if (W > 3) a3 = madd(x, v128.load(p, 48), a3);
        if (W > 4) a4 = madd(x, v128.load(p, 64), a4);
        if (W > 5) a5 = madd(x, v128.load(p, 80), a5);
        if (W > 6) a6 = madd(x, v128.load(p, 96), a6);
        if (W > 7) a7 = madd(x, v128.load(p, 112), a7);
        if (W > 8) a8 = madd(x, v128.load(p, 128), a8);
        if (W > 9) a9 = madd(x, v128.load(p, 144), a9);
        if (W > 10) a10 = madd(x, v128.load(p, 160), a10);
        if (W > 11) a11 = madd(x, v128.load(p, 176), a11);
        if (W > 12) a12 = madd(x, v128.load(p, 192), a12);
        if (W > 13) a13 = madd(x, v128.load(p, 208), a13);
        if (W > 14) a14 = madd(x, v128.load(p, 224), a14);
        if (W > 15) a15 = madd(x, v128.load(p, 240), a15);
        if (W > 16) a16 = madd(x, v128.load(p, 256), a16);
        if (W > 17) a17 = madd(x, v128.load(p, 272), a17);
        if (W > 18) a18 = madd(x, v128.load(p, 288), a18);
        if (W > 19) a19 = madd(x, v128.load(p, 304), a19);
        if (W > 20) a20 = madd(x, v128.load(p, 320), a20);
        if (W > 21) a21 = madd(x, v128.load(p, 336), a21);
        if (W > 22) a22 = madd(x, v128.load(p, 352), a22);
        if (W > 23) a23 = madd(x, v128.load(p, 368), a23);
      }
      if (update) {
        v128.store(c, nmadd(factor, a0, v128.load(c)));
        if (W > 1) v128.store(c, nmadd(factor, a1, v128.load(c, 16)), 16);
        if (W > 2) v128.store(c, nmadd(factor, a2, v128.load(c, 32)), 32);
        if (W > 3) v128.store(c, nmadd(factor, a3, v128.load(c, 48)), 48);
        if (W > 4) v128.store(c, nmadd(factor, a4, v128.load(c, 64)), 64);
        if (W > 5) v128.store(c, nmadd(factor, a5, v128.load(c, 80)), 80);
        if (W > 6) v128.store(c, nmadd(factor, a6, v128.load(c, 96)), 96);
        if (W > 7) v128.store(c, nmadd(factor, a7, v128.load(c, 112)), 112);
        if (W > 8) v128.store(c, nmadd(factor, a8, v128.load(c, 128)), 128);
        if (W > 9) v128.store(c, nmadd(factor, a9, v128.load(c, 144)), 144);
        if (W > 10) v128.store(c, nmadd(factor, a10, v128.load(c, 160)), 160);
        if (W > 11) v128.store(c, nmadd(factor, a11, v128.load(c, 176)), 176);
        if (W > 12) v128.store(c, nmadd(factor, a12, v128.load(c, 192)), 192);
        if (W > 13) v128.store(c, nmadd(factor, a13, v128.load(c, 208)), 208);
        if (W > 14) v128.store(c, nmadd(factor, a14, v128.load(c, 224)), 224);
        if (W > 15) v128.store(c, nmadd(factor, a15, v128.load(c, 240)), 240);
        if (W > 16) v128.store(c, nmadd(factor, a16, v128.load(c, 256)), 256);
        if (W > 17) v128.store(c, nmadd(factor, a17, v128.load(c, 272)), 272);
        if (W > 18) v128.store(c, nmadd(factor, a18, v128.load(c, 288)), 288);
        if (W > 19) v128.store(c, nmadd(factor, a19, v128.load(c, 304)), 304);
        if (W > 20) v128.store(c, nmadd(factor, a20, v128.load(c, 320)), 320);
        if (W > 21) v128.store(c, nmadd(factor, a21, v128.load(c, 336)), 336);
        if (W > 22) v128.store(c, nmadd(factor, a22, v128.load(c, 352)), 352);
        if (W > 23) v128.store(c, nmadd(factor, a23, v128.load(c, 368)), 368);
      } else {
        v128.store(c, a0);
        if (W > 1) v128.store(c, a1, 16);
        if (W > 2) v128.store(c, a2, 32);
        if (W > 3) v128.store(c, a3, 48);
        if (W > 4) v128.store(c, a4, 64);
        if (W > 5) v128.store(c, a5, 80);
        if (W > 6) v128.store(c, a6, 96);
        if (W > 7) v128.store(c, a7, 112);
        if (W > 8) v128.store(c, a8, 128);
        if (W > 9) v128.store(c, a9, 144);
        if (W > 10) v128.store(c, a10, 160);
        if (W > 11) v128.store(c, a11, 176);
        if (W > 12) v128.store(c, a12, 192);
        if (W > 13) v128.store(c, a13, 208);
        if (W > 14) v128.store(c, a14, 224);
        if (W > 15) v128.store(c, a15, 240);
        if (W > 16) v128.store(c, a16, 256);
        if (W > 17) v128.store(c, a17, 272);
        if (W > 18) v128.store(c, a18, 288);
        if (W > 19) v128.store(c, a19, 304);
        if (W > 20) v128.store(c, a20, 320);
        if (W > 21) v128.store(c, a21, 336);
        if (W > 22) v128.store(c, a22, 352);
        if (W > 23) v128.store(c, a23, 368);
      }
    }
    c += row;
  }
}
