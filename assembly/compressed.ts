/**
 * Rows of a data set that is kept compressed: of each row the places and bytes that are not zero, three bytes an entry.
 * MNIST takes half the memory so, and a batch is copied straight into the lists that `sparse.ts` multiplies.
 *
 *   rowStarts: block j of row i has the entries rowStarts[i·blocks + j] … rowStarts[i·blocks + j + 1] - 1   (u32)
 *   columns: u16;  bytes: u8
 */

/**
 * Where the rows order[0 … M - 1] of a data set begin in compressed rows of their own. Returns the number of their entries; or -1,
 * with nothing usable written, when there would be more than `capacity`.
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

/** The entries of those rows, offset = column · step and value = byte · scale, at the places that `gather_starts` found. */
export function gather_entries(
  offsets: usize, values: usize, starts: usize, rowStarts: usize, columns: usize, bytes: usize, order: usize,
  M: i32, blocks: i32, scale: f32, step: i32,
): void {
  const row = <usize>blocks << 2;
  for (let m = 0; m < M; m++) {
    // All lines of the next rows are asked for at once; one after the other, in the loop below, each would be waited for.
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

/** Eight at a time, from the front and once from the back: nothing beyond the last is written, for it may be another thread's. */
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
