/** Rows of a data set, picked by index into a batch. */

export function gather_u8(
  y: usize, ldy: i32, x: usize, indices: usize, M: i32, N: i32, scale: f32, offset: f32,
): void {
  const s = f32x4.splat(scale);
  const o = f32x4.splat(offset);
  for (let m = 0; m < M; m++) {
    let p = x + <usize>load<u32>(indices) * <usize>N;
    let q = y;
    let n = N;
    for (; n >= 16; n -= 16) {
      const bytes = v128.load(p);
      const low = i16x8.extend_low_i8x16_u(bytes);
      const high = i16x8.extend_high_i8x16_u(bytes);
      v128.store(q, normalise(i32x4.extend_low_i16x8_u(low), s, o));
      v128.store(q, normalise(i32x4.extend_high_i16x8_u(low), s, o), 16);
      v128.store(q, normalise(i32x4.extend_low_i16x8_u(high), s, o), 32);
      v128.store(q, normalise(i32x4.extend_high_i16x8_u(high), s, o), 48);
      p += 16;
      q += 64;
    }
    for (; n > 0; n--) {
      const v = normalise(i32x4.splat(<i32>load<u8>(p)), s, o);
      store<f32>(q, f32x4.extract_lane(v, 0));
      p += 1;
      q += 4;
    }
    indices += 4;
    y += <usize>ldy << 2;
  }
}

/** Multiply, round, add: the same in every binary. */
// @ts-ignore: decorator
@inline
function normalise(v: v128, scale: v128, offset: v128): v128 {
  return f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(v), scale), offset);
}

export function gather_f32(y: usize, ldy: i32, x: usize, indices: usize, M: i32, N: i32): void {
  const bytes = <usize>N << 2;
  for (let m = 0; m < M; m++) {
    memory.copy(y, x + <usize>load<u32>(indices) * bytes, bytes);
    indices += 4;
    y += <usize>ldy << 2;
  }
}

export function gather_i32(y: usize, x: usize, indices: usize, M: i32): void {
  for (let m = 0; m < M; m++) {
    store<i32>(y, load<i32>(x + (<usize>load<u32>(indices) << 2)));
    y += 4;
    indices += 4;
  }
}
