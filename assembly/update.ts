/** What happens to gradients and parameters around a step: flat arrays, element by element, and two sums of fixed order. */
import { abs4, sign4 } from './math';
import { load_some, store_some } from './tail';

export function multiply(y: usize, a: usize, b: usize, n: i32): void {
  for (; n > 0; n -= 4) {
    const count = min(n, 4);
    store_some(y, f32x4.mul(load_some(a, count), load_some(b, count)), count);
    y += 16;
    a += 16;
    b += 16;
  }
}

export function scale(x: usize, n: i32, factor: f32): void {
  const f = f32x4.splat(factor);
  for (; n > 0; n -= 4) {
    const count = min(n, 4);
    store_some(x, f32x4.mul(load_some(x, count), f), count);
    x += 16;
  }
}

export function add_scaled(y: usize, x: usize, n: i32, factor: f32, accumulate: i32): void {
  const f = f32x4.splat(factor);
  for (; n > 0; n -= 4) {
    const count = min(n, 4);
    let v = f32x4.mul(load_some(x, count), f);
    if (accumulate) v = f32x4.add(load_some(y, count), v);
    store_some(y, v, count);
    x += 16;
    y += 16;
  }
}

export function clamp(x: usize, n: i32, limit: f32): void {
  const most = f32x4.splat(limit);
  const least = f32x4.splat(-limit);
  for (; n > 0; n -= 4) {
    const count = min(n, 4);
    // Either keeps its first operand when it cannot compare: NaN stays.
    store_some(x, f32x4.pmax(f32x4.pmin(load_some(x, count), most), least), count);
    x += 16;
  }
}

export function penalize(g: usize, w: usize, n: i32, l1: f32, l2: f32): void {
  const one = f32x4.splat(l1);
  const two = f32x4.splat(l2);
  for (; n > 0; n -= 4) {
    const count = min(n, 4);
    const v = load_some(w, count);
    const sign = v128.and(v128.or(one, sign4(v)), f32x4.ne(v, f32x4.splat(0)));
    store_some(g, f32x4.add(load_some(g, count), f32x4.add(f32x4.mul(two, v), sign)), count);
    g += 16;
    w += 16;
  }
}

export function move_towards(y: usize, x: usize, n: i32, share: f32): void {
  const s = f32x4.splat(share);
  for (; n > 0; n -= 4) {
    const count = min(n, 4);
    const old = load_some(y, count);
    store_some(y, f32x4.add(old, f32x4.mul(s, f32x4.sub(load_some(x, count), old))), count);
    y += 16;
    x += 16;
  }
}

export function swap(x: usize, y: usize, n: i32): void {
  for (; n > 0; n -= 4) {
    const count = min(n, 4);
    const kept = load_some(x, count);
    store_some(x, load_some(y, count), count);
    store_some(y, kept, count);
    x += 16;
    y += 16;
  }
}
