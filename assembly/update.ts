/**
 * What happens to gradients and parameters around a step: flat arrays, element by element. Each kernel is a
 * body of one to four floats, inlined for vectors and once more for the tail, whose length n & 3 is seen not
 * to be 4.
 */
import { sign4 } from './math';
import { load_once, load_some, store_once, store_some } from './tail';

export function multiply(y: usize, a: usize, b: usize, n: i32): void {
  for (; n >= 4; n -= 4) {
    v128.store(y, f32x4.mul(v128.load(a), v128.load(b)));
    y += 16;
    a += 16;
    b += 16;
  }
  if (n > 0) store_once(y, f32x4.mul(load_once(a, n), load_once(b, n)), n);
}

export function scale(x: usize, n: i32, factor: f32): void {
  const f = f32x4.splat(factor);
  for (; n >= 4; n -= 4) {
    v128.store(x, f32x4.mul(v128.load(x), f));
    x += 16;
  }
  if (n > 0) store_once(x, f32x4.mul(load_once(x, n), f), n);
}

// @ts-ignore: decorator
@inline
function add_scaled_body(y: usize, x: usize, f: v128, accumulate: i32, count: i32): void {
  let v = f32x4.mul(load_some(x, count), f);
  if (accumulate) v = f32x4.add(load_some(y, count), v);
  store_some(y, v, count);
}

export function add_scaled(y: usize, x: usize, n: i32, factor: f32, accumulate: i32): void {
  const f = f32x4.splat(factor);
  for (; n >= 4; n -= 4) {
    add_scaled_body(y, x, f, accumulate, 4);
    x += 16;
    y += 16;
  }
  if (n > 0) add_scaled_body(y, x, f, accumulate, n & 3);
}

// @ts-ignore: decorator
@inline
function clamp_body(x: usize, most: v128, least: v128, count: i32): void {
  // Either keeps its first operand when it cannot compare: NaN stays.
  store_some(x, f32x4.pmax(f32x4.pmin(load_some(x, count), most), least), count);
}

export function clamp(x: usize, n: i32, limit: f32): void {
  const most = f32x4.splat(limit);
  const least = f32x4.splat(-limit);
  for (; n >= 4; n -= 4) {
    clamp_body(x, most, least, 4);
    x += 16;
  }
  if (n > 0) clamp_body(x, most, least, n & 3);
}

// @ts-ignore: decorator
@inline
function penalize_body(g: usize, w: usize, l1: v128, l2: v128, count: i32): void {
  const v = load_some(w, count);
  const sign = v128.and(v128.or(l1, sign4(v)), f32x4.ne(v, f32x4.splat(0)));
  store_some(g, f32x4.add(load_some(g, count), f32x4.add(f32x4.mul(l2, v), sign)), count);
}

export function penalize(g: usize, w: usize, n: i32, l1: f32, l2: f32): void {
  const one = f32x4.splat(l1);
  const two = f32x4.splat(l2);
  for (; n >= 4; n -= 4) {
    penalize_body(g, w, one, two, 4);
    g += 16;
    w += 16;
  }
  if (n > 0) penalize_body(g, w, one, two, n & 3);
}

// @ts-ignore: decorator
@inline
function move_body(y: usize, x: usize, share: v128, count: i32): void {
  const old = load_some(y, count);
  store_some(y, f32x4.add(old, f32x4.mul(share, f32x4.sub(load_some(x, count), old))), count);
}

export function move_towards(y: usize, x: usize, n: i32, share: f32): void {
  const s = f32x4.splat(share);
  for (; n >= 4; n -= 4) {
    move_body(y, x, s, 4);
    y += 16;
    x += 16;
  }
  if (n > 0) move_body(y, x, s, n & 3);
}

// @ts-ignore: decorator
@inline
function swap_body(x: usize, y: usize, count: i32): void {
  const kept = load_some(x, count);
  store_some(x, load_some(y, count), count);
  store_some(y, kept, count);
}

export function swap(x: usize, y: usize, n: i32): void {
  for (; n >= 4; n -= 4) {
    swap_body(x, y, 4);
    x += 16;
    y += 16;
  }
  if (n > 0) swap_body(x, y, n & 3);
}
