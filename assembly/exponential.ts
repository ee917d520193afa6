/**
 * What is made of one power of e for each element: exp, activations, and those derivatives that read the
 * saved input. Each element depends on itself alone, and arrays may coincide.
 *
 * They are one function, whose stages (math.ts) do six vectors at once; done to one vector after the other,
 * they leave a processor waiting for the polynomial. What differs comes in branches before and after, not
 * nested, as the re-vectoriser fuses no vectors there. All stores come at the end with nothing loaded
 * between: TurboFan (Node 22) would do the work between them, too. Sigmoid in ns an element, Zen 4, one
 * vector after the other and six at once: Node 24, strict 1.27 and 0.85, fma 0.92 and 0.70; Node 22, 1.06
 * and 0.86, 0.83 and 0.74.
 */
import {
  any_limit, any_magic, any_scaled, down_limit, down_magic, down_scaled, exp4, exp_begun, exp_down4,
  exp_ended, exp_rest, exp_turns, minus_abs4,
} from './math';
import {
  bell_argument4, density_factor, gelu_argument4, gelu_slope4, normal_cdf4, normal_tail4, sigmoid_of4,
  sigmoid_slope_of4, softplus_of4, tanh_argument4, tanh_of4, tanh_small4,
} from './special';
import { load_some, store_some } from './tail';

// @ts-ignore: decorator
@inline
export const EXP: i32 = 0, SIGMOID: i32 = 1, TANH: i32 = 2, GELU: i32 = 3, GELU_TANH: i32 = 4, SILU: i32 = 5,
  SOFTPLUS: i32 = 6;
/** Derivatives come after functions. */
// @ts-ignore: decorator
@inline
export const GELU_SLOPE: i32 = 7, GELU_TANH_SLOPE: i32 = 8, SILU_SLOPE: i32 = 9, SOFTPLUS_SLOPE: i32 = 10,
  ELU_SLOPE: i32 = 11;

/** What is raised to the power of e, no more than 0 but for EXP. */
// @ts-ignore: decorator
@inline
function argument(x: v128, kind: i32): v128 {
  if (kind == TANH) return tanh_argument4(x);
  if (kind == GELU) return bell_argument4(x);
  if (kind == GELU_TANH) return minus_abs4(gelu_argument4(x));
  return kind == EXP || kind == ELU_SLOPE ? x : minus_abs4(x);
}

// @ts-ignore: decorator
@inline
function limit(x: v128, kind: i32): v128 {
  return kind == EXP ? any_limit(x) : down_limit(argument(x, kind));
}

/** The result, given the power z; for slopes, times dy. `a` is the factor of elu. */
// @ts-ignore: decorator
@inline
function result(x: v128, z: v128, dy: v128, a: v128, kind: i32): v128 {
  if (kind == SIGMOID) return sigmoid_of4(x, z);
  if (kind == TANH) return tanh_of4(x, z, tanh_small4(x));
  if (kind == GELU) return f32x4.mul(x, normal_cdf4(x, normal_tail4(x), z));
  if (kind == GELU_TANH) return f32x4.mul(x, sigmoid_of4(gelu_argument4(x), z));
  if (kind == SILU) return f32x4.mul(x, sigmoid_of4(x, z));
  if (kind == SOFTPLUS) return softplus_of4(x, z);
  if (kind == GELU_SLOPE) {
    const density = f32x4.mul(z, density_factor());
    return f32x4.mul(dy, f32x4.add(normal_cdf4(x, normal_tail4(x), z), f32x4.mul(x, density)));
  }
  if (kind == GELU_TANH_SLOPE) {
    // s + x·s'(u)·u', with s the sigmoid of u.
    const slope = f32x4.mul(gelu_slope4(x), sigmoid_slope_of4(z));
    return f32x4.mul(dy, f32x4.add(sigmoid_of4(gelu_argument4(x), z), slope));
  }
  if (kind == SILU_SLOPE) {
    return f32x4.mul(dy, f32x4.add(sigmoid_of4(x, z), f32x4.mul(x, sigmoid_slope_of4(z))));
  }
  if (kind == SOFTPLUS_SLOPE) return f32x4.mul(dy, sigmoid_of4(x, z));
  if (kind == ELU_SLOPE) {
    return v128.bitselect(dy, f32x4.mul(f32x4.mul(a, z), dy), f32x4.gt(x, f32x4.splat(0)));
  }
  return z;
}

/** y = f(x), or of slopes dy · f'(x). */
export function map_power(y: usize, x: usize, dy: usize, n: i32, kind: i32, parameter: f32): void {
  const a = f32x4.splat(parameter);
  const magic = kind == EXP ? any_magic() : down_magic();
  for (; n >= 24; n -= 24) {
    const v0 = v128.load(x), v1 = v128.load(x, 16), v2 = v128.load(x, 32);
    const v3 = v128.load(x, 48), v4 = v128.load(x, 64), v5 = v128.load(x, 80);
    let x0: v128, x1: v128, x2: v128, x3: v128, x4: v128, x5: v128;
    if (kind == TANH) {
      x0 = limit(v0, TANH), x1 = limit(v1, TANH), x2 = limit(v2, TANH);
      x3 = limit(v3, TANH), x4 = limit(v4, TANH), x5 = limit(v5, TANH);
    } else if (kind == EXP) {
      x0 = limit(v0, EXP), x1 = limit(v1, EXP), x2 = limit(v2, EXP);
      x3 = limit(v3, EXP), x4 = limit(v4, EXP), x5 = limit(v5, EXP);
    } else if (kind == GELU || kind == GELU_SLOPE) {
      x0 = limit(v0, GELU), x1 = limit(v1, GELU), x2 = limit(v2, GELU);
      x3 = limit(v3, GELU), x4 = limit(v4, GELU), x5 = limit(v5, GELU);
    } else if (kind == GELU_TANH || kind == GELU_TANH_SLOPE) {
      x0 = limit(v0, GELU_TANH), x1 = limit(v1, GELU_TANH), x2 = limit(v2, GELU_TANH);
      x3 = limit(v3, GELU_TANH), x4 = limit(v4, GELU_TANH), x5 = limit(v5, GELU_TANH);
    } else if (kind == ELU_SLOPE) {
      x0 = limit(v0, ELU_SLOPE), x1 = limit(v1, ELU_SLOPE), x2 = limit(v2, ELU_SLOPE);
      x3 = limit(v3, ELU_SLOPE), x4 = limit(v4, ELU_SLOPE), x5 = limit(v5, ELU_SLOPE);
    } else {
      x0 = limit(v0, SIGMOID), x1 = limit(v1, SIGMOID), x2 = limit(v2, SIGMOID);
      x3 = limit(v3, SIGMOID), x4 = limit(v4, SIGMOID), x5 = limit(v5, SIGMOID);
    }
    const t0 = exp_turns(x0, magic), t1 = exp_turns(x1, magic), t2 = exp_turns(x2, magic);
    const t3 = exp_turns(x3, magic), t4 = exp_turns(x4, magic), t5 = exp_turns(x5, magic);
    let r0 = exp_rest(x0, t0, magic), r1 = exp_rest(x1, t1, magic), r2 = exp_rest(x2, t2, magic);
    let r3 = exp_rest(x3, t3, magic), r4 = exp_rest(x4, t4, magic), r5 = exp_rest(x5, t5, magic);
    // n is above 0. V8 knows and leaves this out. Binaryen does not, and so leaves the stages apart.
    if (n <= 0) r0 = r1 = r2 = r3 = r4 = r5 = v0;
    let p0 = exp_begun(r0), p1 = exp_begun(r1), p2 = exp_begun(r2);
    let p3 = exp_begun(r3), p4 = exp_begun(r4), p5 = exp_begun(r5);
    if (n <= 0) p0 = p1 = p2 = p3 = p4 = p5 = v0;
    p0 = exp_ended(p0, r0), p1 = exp_ended(p1, r1), p2 = exp_ended(p2, r2);
    p3 = exp_ended(p3, r3), p4 = exp_ended(p4, r4), p5 = exp_ended(p5, r5);
    if (kind == EXP) {
      p0 = any_scaled(p0, t0), p1 = any_scaled(p1, t1), p2 = any_scaled(p2, t2);
      p3 = any_scaled(p3, t3), p4 = any_scaled(p4, t4), p5 = any_scaled(p5, t5);
    } else {
      p0 = down_scaled(p0, t0), p1 = down_scaled(p1, t1), p2 = down_scaled(p2, t2);
      p3 = down_scaled(p3, t3), p4 = down_scaled(p4, t4), p5 = down_scaled(p5, t5);
    }
    if (kind == SIGMOID) {
      p0 = result(v0, p0, v0, a, SIGMOID);
      p1 = result(v1, p1, v1, a, SIGMOID);
      p2 = result(v2, p2, v2, a, SIGMOID);
      p3 = result(v3, p3, v3, a, SIGMOID);
      p4 = result(v4, p4, v4, a, SIGMOID);
      p5 = result(v5, p5, v5, a, SIGMOID);
    } else if (kind == TANH) {
      p0 = result(v0, p0, v0, a, TANH);
      p1 = result(v1, p1, v1, a, TANH);
      p2 = result(v2, p2, v2, a, TANH);
      p3 = result(v3, p3, v3, a, TANH);
      p4 = result(v4, p4, v4, a, TANH);
      p5 = result(v5, p5, v5, a, TANH);
    } else if (kind == GELU) {
      p0 = result(v0, p0, v0, a, GELU);
      p1 = result(v1, p1, v1, a, GELU);
      p2 = result(v2, p2, v2, a, GELU);
      p3 = result(v3, p3, v3, a, GELU);
      p4 = result(v4, p4, v4, a, GELU);
      p5 = result(v5, p5, v5, a, GELU);
    } else if (kind == GELU_TANH) {
      p0 = result(v0, p0, v0, a, GELU_TANH);
      p1 = result(v1, p1, v1, a, GELU_TANH);
      p2 = result(v2, p2, v2, a, GELU_TANH);
      p3 = result(v3, p3, v3, a, GELU_TANH);
      p4 = result(v4, p4, v4, a, GELU_TANH);
      p5 = result(v5, p5, v5, a, GELU_TANH);
    } else if (kind == SILU) {
      p0 = result(v0, p0, v0, a, SILU);
      p1 = result(v1, p1, v1, a, SILU);
      p2 = result(v2, p2, v2, a, SILU);
      p3 = result(v3, p3, v3, a, SILU);
      p4 = result(v4, p4, v4, a, SILU);
      p5 = result(v5, p5, v5, a, SILU);
    } else if (kind == SOFTPLUS) {
      p0 = result(v0, p0, v0, a, SOFTPLUS);
      p1 = result(v1, p1, v1, a, SOFTPLUS);
      p2 = result(v2, p2, v2, a, SOFTPLUS);
      p3 = result(v3, p3, v3, a, SOFTPLUS);
      p4 = result(v4, p4, v4, a, SOFTPLUS);
      p5 = result(v5, p5, v5, a, SOFTPLUS);
    } else if (kind == GELU_SLOPE) {
      p0 = result(v0, p0, v128.load(dy), a, GELU_SLOPE);
      p1 = result(v1, p1, v128.load(dy, 16), a, GELU_SLOPE);
      p2 = result(v2, p2, v128.load(dy, 32), a, GELU_SLOPE);
      p3 = result(v3, p3, v128.load(dy, 48), a, GELU_SLOPE);
      p4 = result(v4, p4, v128.load(dy, 64), a, GELU_SLOPE);
      p5 = result(v5, p5, v128.load(dy, 80), a, GELU_SLOPE);
    } else if (kind == GELU_TANH_SLOPE) {
      p0 = result(v0, p0, v128.load(dy), a, GELU_TANH_SLOPE);
      p1 = result(v1, p1, v128.load(dy, 16), a, GELU_TANH_SLOPE);
      p2 = result(v2, p2, v128.load(dy, 32), a, GELU_TANH_SLOPE);
      p3 = result(v3, p3, v128.load(dy, 48), a, GELU_TANH_SLOPE);
      p4 = result(v4, p4, v128.load(dy, 64), a, GELU_TANH_SLOPE);
      p5 = result(v5, p5, v128.load(dy, 80), a, GELU_TANH_SLOPE);
    } else if (kind == SILU_SLOPE) {
      p0 = result(v0, p0, v128.load(dy), a, SILU_SLOPE);
      p1 = result(v1, p1, v128.load(dy, 16), a, SILU_SLOPE);
      p2 = result(v2, p2, v128.load(dy, 32), a, SILU_SLOPE);
      p3 = result(v3, p3, v128.load(dy, 48), a, SILU_SLOPE);
      p4 = result(v4, p4, v128.load(dy, 64), a, SILU_SLOPE);
      p5 = result(v5, p5, v128.load(dy, 80), a, SILU_SLOPE);
    } else if (kind == SOFTPLUS_SLOPE) {
      p0 = result(v0, p0, v128.load(dy), a, SOFTPLUS_SLOPE);
      p1 = result(v1, p1, v128.load(dy, 16), a, SOFTPLUS_SLOPE);
      p2 = result(v2, p2, v128.load(dy, 32), a, SOFTPLUS_SLOPE);
      p3 = result(v3, p3, v128.load(dy, 48), a, SOFTPLUS_SLOPE);
      p4 = result(v4, p4, v128.load(dy, 64), a, SOFTPLUS_SLOPE);
      p5 = result(v5, p5, v128.load(dy, 80), a, SOFTPLUS_SLOPE);
    } else if (kind == ELU_SLOPE) {
      p0 = result(v0, p0, v128.load(dy), a, ELU_SLOPE);
      p1 = result(v1, p1, v128.load(dy, 16), a, ELU_SLOPE);
      p2 = result(v2, p2, v128.load(dy, 32), a, ELU_SLOPE);
      p3 = result(v3, p3, v128.load(dy, 48), a, ELU_SLOPE);
      p4 = result(v4, p4, v128.load(dy, 64), a, ELU_SLOPE);
      p5 = result(v5, p5, v128.load(dy, 80), a, ELU_SLOPE);
    }
    v128.store(y, p0);
    v128.store(y, p1, 16);
    v128.store(y, p2, 32);
    v128.store(y, p3, 48);
    v128.store(y, p4, 64);
    v128.store(y, p5, 80);
    x += 96;
    dy += 96;
    y += 96;
  }
  for (; n > 0; n -= 4) {
    const count = min(n, 4);
    const v = load_some(x, count);
    const d = kind >= GELU_SLOPE ? load_some(dy, count) : v;
    let z = v;
    if (kind == TANH) z = argument(v, TANH);
    else if (kind == GELU || kind == GELU_SLOPE) z = argument(v, GELU);
    else if (kind == GELU_TANH || kind == GELU_TANH_SLOPE) z = argument(v, GELU_TANH);
    else if (kind != ELU_SLOPE) z = argument(v, SIGMOID);
    if (kind == EXP) z = exp4(v);
    else z = exp_down4(z);
    if (kind == SIGMOID) z = result(v, z, d, a, SIGMOID);
    else if (kind == TANH) z = result(v, z, d, a, TANH);
    else if (kind == GELU) z = result(v, z, d, a, GELU);
    else if (kind == GELU_TANH) z = result(v, z, d, a, GELU_TANH);
    else if (kind == SILU) z = result(v, z, d, a, SILU);
    else if (kind == SOFTPLUS) z = result(v, z, d, a, SOFTPLUS);
    else if (kind == GELU_SLOPE) z = result(v, z, d, a, GELU_SLOPE);
    else if (kind == GELU_TANH_SLOPE) z = result(v, z, d, a, GELU_TANH_SLOPE);
    else if (kind == SILU_SLOPE) z = result(v, z, d, a, SILU_SLOPE);
    else if (kind == SOFTPLUS_SLOPE) z = result(v, z, d, a, SOFTPLUS_SLOPE);
    else if (kind == ELU_SLOPE) z = result(v, z, d, a, ELU_SLOPE);
    store_some(y, z, count);
    x += 16;
    dy += 16;
    y += 16;
  }
}
