/**
 * Rows of a data set that is kept compressed: of each row the places and bytes that are not zero, three bytes an entry.
 * MNIST takes half the memory so, and a batch is copied straight into the lists that `sparse.ts` multiplies.
 *
 *   rowStarts: block j of row i has the entries rowStarts[i·blocks + j] … rowStarts[i·blocks + j + 1] - 1   (u32)
 *   columns: u16;  bytes: u8                                        (eight more of each than there are entries)
 */

/**
 * The compressed rows indices[0 … M - 1] of a data set, value = byte · scale. Returns the number of entries; or -1, with
 * nothing usable written, when there would be more than `capacity`. `lists` have capacity + 8 places.
 */
export function gather_compressed(
  starts: usize, indices: usize, values: usize, rowStarts: usize, columns: usize, bytes: usize, order: usize,
  M: i32, blocks: i32, capacity: i32, scale: f32,
): i32 {
  const factor = f32x4.splat(scale);
  let count = 0;
  store<i32>(starts, 0);
  for (let m = 0; m < M; m++) {
    let p = rowStarts + ((<usize>load<u32>(order + (<usize>m << 2)) * <usize>blocks) << 2);
    const first = load<u32>(p);
    for (let j = 0; j < blocks; j++) {
      p += 4;
      starts += 4;
      store<i32>(starts, count + <i32>(load<u32>(p) - first));
    }
    const length = <i32>(load<u32>(p) - first);
    if (count + length > capacity) return -1;
    // Eight at a time; what is written too much belongs to the next row, or to the places beyond the end.
    for (let e = 0; e < length; e += 8) {
      const from = <usize>first + <usize>e;
      const to = <usize>(count + e) << 2;
      const wide = v128.load(columns + (from << 1));
      v128.store(indices + to, i32x4.extend_low_i16x8_u(wide));
      v128.store(indices + to, i32x4.extend_high_i16x8_u(wide), 16);
      const small = v128.load8x8_u(bytes + from);
      v128.store(values + to, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(small)), factor));
      v128.store(values + to, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_u(small)), factor), 16);
    }
    count += length;
  }
  return count;
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
