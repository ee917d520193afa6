/**
 * The last one to three floats of a row: loaded into a vector and stored from it lane by lane, so that no
 * kernel touches a byte outside its arrays and the tail goes through the very same arithmetic as the rest.
 */

/** `count` (1 to 3) floats at `p`; the other lanes keep those of `fill`. */
// @ts-ignore: decorator
@inline
export function load_tail(p: usize, count: i32, fill: v128): v128 {
  let v = v128.load_lane<f32>(p, fill, 0);
  if (count > 1) v = v128.load_lane<f32>(p, v, 1, 4);
  if (count > 2) v = v128.load_lane<f32>(p, v, 2, 8);
  return v;
}

/** Stores the first `count` (1 to 3) lanes at `p`. */
// @ts-ignore: decorator
@inline
export function store_tail(p: usize, v: v128, count: i32): void {
  v128.store_lane<f32>(p, v, 0);
  if (count > 1) v128.store_lane<f32>(p, v, 1, 4);
  if (count > 2) v128.store_lane<f32>(p, v, 2, 8);
}

/** `count` (1 to 4) floats at `p`, the other lanes 0: for loops, where it is 4 nearly always. */
// @ts-ignore: decorator
@inline
export function load_some(p: usize, count: i32): v128 {
  return count == 4 ? v128.load(p) : load_once(p, count);
}

/**
 * The same where that is done once. Out of line (compile.mjs), and so is its counterpart: such places are
 * many.
 */
export function load_once(p: usize, count: i32): v128 {
  return count == 4 ? v128.load(p) : load_tail(p, count, f32x4.splat(0));
}

/** Stores the first `count` (1 to 4) lanes at `p`. */
// @ts-ignore: decorator
@inline
export function store_some(p: usize, v: v128, count: i32): void {
  if (count == 4) v128.store(p, v);
  else store_once(p, v, count);
}

/** Stores them where that is done once. */
export function store_once(p: usize, v: v128, count: i32): void {
  if (count == 4) v128.store(p, v);
  else store_tail(p, v, count);
}

/** v with the lanes from `count` (1 to 4) on set to 0. */
// @ts-ignore: decorator
@inline
export function keep_lanes(v: v128, count: i32): v128 {
  return v128.and(v, i32x4.gt_s(i32x4.splat(count), i32x4(0, 1, 2, 3)));
}
