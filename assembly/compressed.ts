/**
 * The lists of a matrix that is mostly zeros, by which sparse.ts multiplies: of each row the pairs (index,
 * value) of what is not zero. An index only ever picks a row of the other matrix, so its place there is kept:
 * offset = index · step, where step is the other matrix's leading dimension.
 *
 *   starts:  block j of row i has the entries starts[i·blocks + j] … starts[i·blocks + j + 1] - 1   (M·blocks + 1 numbers)
 *   offsets: i32, ascending within a row;  values: float32
 *
 * They are made from rows as they are; by transposing those of another matrix; or from a data set that is
 * kept compressed itself, three bytes an entry. MNIST takes half the memory so, and a batch is copied
 * straight into the lists:
 *
 *   rowStarts: as starts (u32);  columns: u16;  bytes: u8
 */

/**
 * Compresses x [M, N], its columns in blocks of `width` (a multiple of 8); offset = column · step. Returns
 * the number of entries; or -1, with nothing usable written, as soon as the rows so far hold more than
 * `limit` entries each on average, two rows of grace. `offsets` and `values` need limit·(M + 2) + N + 1
 * places.
 */
export function compress_rows(
  starts: usize, offsets: usize, values: usize, x: usize, ldx: i32, M: i32, N: i32, width: i32, limit: i32, step: i32,
): i32 {
  let count = 0;
  store<i32>(starts, 0);
  for (let m = 0; m < M; m++) {
    for (let from = 0; from < N; from += width) {
      const to = min(from + width, N);
      let n = from;
      for (; n + 8 <= to; n += 8) {
        const p = x + (<usize>n << 2);
        if (!v128.any_true(v128.or(v128.load(p), v128.load(p, 16)))) continue;
        const at = n * step;
        count = keep(offsets, values, count, p, at);
        count = keep(offsets, values, count, p + 4, at + step);
        count = keep(offsets, values, count, p + 8, at + 2 * step);
        count = keep(offsets, values, count, p + 12, at + 3 * step);
        count = keep(offsets, values, count, p + 16, at + 4 * step);
        count = keep(offsets, values, count, p + 20, at + 5 * step);
        count = keep(offsets, values, count, p + 24, at + 6 * step);
        count = keep(offsets, values, count, p + 28, at + 7 * step);
      }
      for (; n < to; n++) count = keep(offsets, values, count, x + (<usize>n << 2), n * step);
      starts += 4;
      store<i32>(starts, count);
    }
    if (count > limit * (m + 3)) return -1;
    x += <usize>ldx << 2;
  }
  return count > limit * M ? -1 : count;
}

/**
 * Writes an entry, and moves on if it counts: no branch to mispredict. Neither zero counts, hence all bits
 * but the sign.
 */
// @ts-ignore: decorator
@inline
function keep(offsets: usize, values: usize, count: i32, p: usize, offset: i32): i32 {
  const bits = load<u32>(p);
  const to = <usize>count << 2;
  store<i32>(offsets + to, offset);
  store<u32>(values + to, bits);
  return count + select<i32>(1, 0, bits << 1 != 0);
}

/**
 * The compressed columns of a matrix [M, N] from its compressed rows, which have `blocks` of `width` columns
 * each; the columns have one. Only those of the blocks `from` to `to` - 1 are made: what belongs to different
 * blocks lies apart, so threads may share them out. Of `starts`, N + 1 numbers, the first is written with the
 * first block, and where a column ends with its own. The step of the columns is that of the rows.
 */
export function transpose_compressed(
  starts: usize, offsets: usize, values: usize, rowStarts: usize, rowOffsets: usize, rowValues: usize,
  M: i32, N: i32, blocks: i32, width: i32, from: i32, to: i32, step: i32,
): void {
  const row = <usize>blocks << 2;
  // offset / step without a division: exact, as offsets are multiples of it below 2 ** 31.
  const inverse = 0x1_0000_0000 / <u64>step + 1;
  const toValue = rowValues - rowOffsets;
  // ends[n] is where column n ends, and n + 1 begins.
  const ends = starts + 4;
  if (from == 0) store<i32>(starts, 0);
  for (let j = from; j < to; j++) {
    const first = ends + (<usize>(j * width) << 2);
    const last = ends + (<usize>min((j + 1) * width, N) << 2);
    const block = rowStarts + (<usize>j << 2);
    memory.fill(first, 0, last - first);
    // The entries of each column are counted, and those of all blocks to the left.
    let place = 0;
    for (let m: usize = 0; m < <usize>M * row; m += row) {
      const begin = load<i32>(block + m);
      const end = rowOffsets + (<usize>load<i32>(block + m, 4) << 2);
      place += begin - load<i32>(rowStarts + m);
      for (let e = rowOffsets + (<usize>begin << 2); e < end; e += 4) {
        const p = ends + column(load<u32>(e), inverse);
        store<i32>(p, load<i32>(p) + 1);
      }
    }
    for (let p = first; p < last; p += 4) {
      const count = load<i32>(p);
      store<i32>(p, place);
      place += count;
    }
    // While entries are written, ends[n] is where the next one of column n goes.
    let offset = 0;
    for (let m: usize = 0; m < <usize>M * row; m += row) {
      const end = rowOffsets + (<usize>load<i32>(block + m, 4) << 2);
      for (let e = rowOffsets + (<usize>load<i32>(block + m) << 2); e < end; e += 4) {
        const p = ends + column(load<u32>(e), inverse);
        const at = load<i32>(p);
        store<i32>(p, at + 1);
        store<i32>(offsets + (<usize>at << 2), offset);
        store<f32>(values + (<usize>at << 2), load<f32>(e + toValue));
      }
      offset += step;
    }
  }
}

// @ts-ignore: decorator
@inline
function column(offset: u32, inverse: u64): usize {
  return <usize>((<u64>offset * inverse) >> 32) << 2;
}

/**
 * Where the rows order[0 … M - 1] of a data set begin in compressed rows of their own. Returns the number of
 * their entries; or -1, with nothing usable written, when there would be more than `capacity`.
 */
export function gather_starts(
  starts: usize, rowStarts: usize, order: usize, M: i32, blocks: i32, capacity: i32,
): i32 {
  let count = 0;
  store<i32>(starts, 0);
  for (let m = 0; m < M; m++) {
    let p = rowStarts + ((<usize>load<u32>(order + (<usize>m << 2)) * <usize>blocks) << 2);
    const shift = count - load<i32>(p);
    for (let j = 0; j < blocks; j++) {
      p += 4;
      starts += 4;
      count = shift + load<i32>(p);
      store<i32>(starts, count);
    }
    if (count > capacity) return -1;
  }
  return count;
}

/** Rows whose entries are fetched ahead: the data set lies in main memory, and rows are picked at random. */
// @ts-ignore: decorator
@inline const AHEAD: i32 = 16;

/**
 * The entries of those rows, offset = column · step and value = byte · scale, at the places that
 * `gather_starts` found.
 */
export function gather_entries(
  offsets: usize, values: usize, starts: usize, rowStarts: usize, columns: usize, bytes: usize, order: usize,
  M: i32, blocks: i32, scale: f32, step: i32,
): void {
  const row = <usize>blocks << 2;
  for (let m = 0; m < M; m++) {
    // All lines of the next rows are asked for at once; one after the other, in the loop below, each would be
    // waited for.
    if (m % AHEAD == 0) fetch(starts, rowStarts, columns, bytes, order, min(AHEAD, M - m), row);
    const first = <usize>load<u32>(rowStarts + <usize>load<u32>(order) * row);
    const to = <usize>load<i32>(starts);
    copy_entries(offsets + (to << 2), values + (to << 2), columns + (first << 1), bytes + first,
      load<i32>(starts + row) - <i32>to, scale, step);
    order += 4;
    starts += row;
  }
}

function fetch(starts: usize, rowStarts: usize, columns: usize, bytes: usize, order: usize, rows: i32, row: usize): void {
  for (let m = 0; m < rows; m++) {
    const first = <usize>load<u32>(rowStarts + <usize>load<u32>(order) * row);
    const end = first + <usize>(load<i32>(starts + row) - load<i32>(starts));
    // A load may trap, so it is made although nobody wants its result.
    for (let p = columns + (first << 1); p < columns + (end << 1); p += 64) load<u8>(p);
    for (let p = bytes + first; p < bytes + end; p += 64) load<u8>(p);
    order += 4;
    starts += row;
  }
}

/**
 * Eight at a time, from the front and once from the back: nothing beyond the last is written, for it may be
 * another thread's.
 */
function copy_entries(
  offsets: usize, values: usize, columns: usize, bytes: usize, length: i32, scale: f32, step: i32,
): void {
  const factor = f32x4.splat(scale);
  const steps = i32x4.splat(step);
  let e: usize = 0;
  for (; e + 8 <= <usize>length; e += 8) copy_eight(offsets, values, columns, bytes, e, factor, steps);
  if (e == <usize>length) return;
  if (length >= 8) {
    copy_eight(offsets, values, columns, bytes, <usize>length - 8, factor, steps);
    return;
  }
  for (; e < <usize>length; e++) {
    store<i32>(offsets + (e << 2), <i32>load<u16>(columns + (e << 1)) * step);
    store<f32>(values + (e << 2), <f32>load<u8>(bytes + e) * scale);
  }
}

// @ts-ignore: decorator
@inline
function copy_eight(
  offsets: usize, values: usize, columns: usize, bytes: usize, e: usize, factor: v128, steps: v128,
): void {
  const to = e << 2;
  const wide = v128.load(columns + (e << 1));
  v128.store(offsets + to, i32x4.mul(i32x4.extend_low_i16x8_u(wide), steps));
  v128.store(offsets + to, i32x4.mul(i32x4.extend_high_i16x8_u(wide), steps), 16);
  const small = v128.load8x8_u(bytes + e);
  v128.store(values + to, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(small)), factor));
  v128.store(values + to, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_u(small)), factor), 16);
}

/** y[m, n] = byte · scale at the entries of row indices[m], else 0: the same rows, uncompressed. */
export function expand_compressed(
  y: usize, ldy: i32, rowStarts: usize, columns: usize, bytes: usize, order: usize,
  M: i32, N: i32, blocks: i32, scale: f32,
): void {
  for (let m = 0; m < M; m++) {
    memory.fill(y, 0, <usize>N << 2);
    const p = rowStarts + ((<usize>load<u32>(order + (<usize>m << 2)) * <usize>blocks) << 2);
    const end = load<u32>(p + (<usize>blocks << 2));
    for (let e = load<u32>(p); e < end; e++) {
      const to = y + (<usize>load<u16>(columns + (<usize>e << 1)) << 2);
      store<f32>(to, <f32>load<u8>(bytes + <usize>e) * scale);
    }
    y += <usize>ldy << 2;
  }
}
