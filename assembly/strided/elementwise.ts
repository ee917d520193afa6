/**
 * Functions of one, two and three numbers over strided tensors: any operand may be repeated (stride 0) or lie
 * apart.
 */
import { UNARY_COPY } from '../../build/assembly/constants';
import { BINARY, row, SELECT } from './rows';
import { copy_plane, pack_row, STAGE, stage, unpack_row } from './stage';

export function strided_unary(
  y: usize, sy0: i32, sy1: i32, sy2: i32, work: usize, x: usize, sx0: i32, sx1: i32, sx2: i32,
  D0: i32, D1: i32, D2: i32, op: i32, parameter: f32,
): void {
  if (op == UNARY_COPY && sy2 == 1 && sx2 != 1) {
    for (let i = 0; i < D0; i++) {
      copy_plane(y, sy1, x, sx1, sx2, D1, D2);
      x += <usize>sx0 << 2;
      y += <usize>sy0 << 2;
    }
  } else {
    nest(y, sy0, sy1, sy2, work, 0, 0, 0, 1, x, sx0, sx1, sx2, 0, 0, 0, 1, D0, D1, D2, op, parameter);
  }
}

export function strided_binary(
  y: usize, sy0: i32, sy1: i32, sy2: i32, work: usize, a: usize, sa0: i32, sa1: i32, sa2: i32,
  b: usize, sb0: i32, sb1: i32, sb2: i32, D0: i32, D1: i32, D2: i32, op: i32,
): void {
  nest(y, sy0, sy1, sy2, work, 0, 0, 0, 1, a, sa0, sa1, sa2, b, sb0, sb1, sb2, D0, D1, D2, op + BINARY, 0);
}

export function strided_select(
  y: usize, sy0: i32, sy1: i32, sy2: i32, work: usize, c: usize, sc0: i32, sc1: i32, sc2: i32,
  a: usize, sa0: i32, sa1: i32, sa2: i32, b: usize, sb0: i32, sb1: i32, sb2: i32, D0: i32, D1: i32, D2: i32,
): void {
  nest(y, sy0, sy1, sy2, work, c, sc0, sc1, sc2, a, sa0, sa1, sa2, b, sb0, sb1, sb2, D0, D1, D2, SELECT, 0);
}

/** Where an operand is absent its pointer is 0, and its last stride 1. */
function nest(
  y: usize, sy0: i32, sy1: i32, sy2: i32, work: usize, c: usize, sc0: i32, sc1: i32, sc2: i32,
  a: usize, sa0: i32, sa1: i32, sa2: i32, b: usize, sb0: i32, sb1: i32, sb2: i32,
  D0: i32, D1: i32, D2: i32, op: i32, parameter: f32,
): void {
  const block = sy2 == 1 && sc2 == 1 && sa2 == 1 && sb2 == 1 ? D2 : STAGE;
  const side = stage(work, 4);
  for (let i = 0; i < D0; i++) {
    for (let from = 0; from < D2; from += block) {
      const n = min(block, D2 - from);
      const whole = n & ~7, rest = n & 7;
      const behind = <usize>whole << 2;
      let o = c + (<usize>(i * sc0 + from * sc2) << 2);
      let p = a + (<usize>(i * sa0 + from * sa2) << 2);
      let q = b + (<usize>(i * sb0 + from * sb2) << 2);
      let r = y + (<usize>(i * sy0 + from * sy2) << 2);
      let lastO: usize = 0, lastP: usize = 0, lastQ: usize = 0;
      for (let j = 0; j < D1; j++) {
        const t = beside(stage(work, 0), o, sc2, n, lastO);
        const u = beside(stage(work, 1), p, sa2, n, lastP);
        const v = beside(stage(work, 2), q, sb2, n, lastQ);
        const w = sy2 == 1 ? r : stage(work, 3);
        lastO = o;
        lastP = p;
        lastQ = q;
        if (whole) row(w, t, u, v, whole, op, parameter, side);
        if (rest) {
          // The last one to seven are done apart, so that no function needs code for them.
          if (c) pack_row(side + 256, t + behind, 4, rest);
          pack_row(side + 288, u + behind, 4, rest);
          if (b) pack_row(side + 320, v + behind, 4, rest);
          row(side + 352, side + 256, side + 288, side + 320, 8, op, parameter, side);
          pack_row(w + behind, side + 352, 4, rest);
        }
        if (sy2 != 1) unpack_row(r, <usize>sy2 << 2, w, n);
        o += <usize>sc1 << 2;
        p += <usize>sa1 << 2;
        q += <usize>sb1 << 2;
        r += <usize>sy1 << 2;
      }
    }
  }
}

/**
 * Where n floats, `step` apart, are side by side: where they are, or at `place`, unless `last` says that they
 * were put there.
 */
// @ts-ignore: decorator
@inline
function beside(place: usize, p: usize, step: i32, n: i32, last: usize): usize {
  if (step == 1) return p;
  if (p != last) pack_row(place, p, <usize>step << 2, n);
  return place;
}
