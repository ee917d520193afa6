/**
 * The gradient of an image the other way round: what each pixel of DY gives to its window is one row of a
 * product, and is added where it belongs.
 *
 *   T [pixels, KH·KW·C] = DY [pixels, O] · Wᵀ [O, KH·KW·C]        DX[window of pixel] += T[pixel]
 *
 * For images of few channels, whose tiles would be mostly empty, and where windows without padding make DX
 * larger than DY. The sums of an element go through its pixels of DY in order. Parts are whole images.
 */
import { KC, MC, panels_of_b } from '../gemm/driver';
import { pack_columns } from '../gemm/pack';
import { PACKED_A, tile_rows, tiles, ZEROS } from '../gemm/tiles';
import { load_some, store_some } from '../tail';
import { finish, panel_floats } from './blocks';
import {
  C, DH, DW, GROUPS, H, KH, KW, O, OH, OW, PL, PT, SH, SW, W, word,
} from '../geometry';
import { ASIDE } from './windows';

/** Floats that there are for T. */
// @ts-ignore: decorator
@inline const ROOM: i32 = 120_000;

export function pack_scattering(panels: usize, w: usize, ldw: i32, geometry: usize, wide: i32): void {
  const groups = word(geometry, GROUPS);
  const outs = word(geometry, O) / groups;
  const N = word(geometry, KH) * word(geometry, KW) * (word(geometry, C) / groups);
  for (let g = 0; g < groups; g++) {
    panels_of_b(panels, w + (<usize>(g * outs) << 2), ldw, N, outs, true, wide);
    panels += <usize>panel_floats(outs, N) << 2;
  }
}

export function scatter_gradient(
  dx: usize, work: usize, saved: usize, dy: usize, panels: usize, bias: usize, geometry: usize, from: i32, to: i32, activation: i32, wide: i32,
): void {
  const groups = word(geometry, GROUPS);
  const channels = word(geometry, C), pitch = word(geometry, O);
  const outs = pitch / groups;
  const N = word(geometry, KH) * word(geometry, KW) * (channels / groups);
  const pixels = word(geometry, H) * word(geometry, W);
  const grid = word(geometry, OH) * word(geometry, OW);
  const height = max(1, min(MC, ROOM / N));
  const row = <usize>N << 2;
  const t = work + ASIDE;
  for (let image = from / pixels; image < to / pixels; image++) {
    const out = dx + (<usize>(image * pixels * channels) << 2);
    begin(out, bias, pixels, channels);
    let b = panels;
    for (let g = 0; g < groups; g++) {
      for (let m = 0; m < grid; m += height) {
        const mc = min(height, grid - m);
        const rows = dy + (<usize>((image * grid + m) * pitch + g * outs) << 2);
        for (let k = 0; k < outs; k += KC) {
          const kc = min(KC, outs - k);
          let panel = work + PACKED_A;
          for (let i = 0; i < mc; ) {
            const R = tile_rows(mc - i);
            pack_columns(panel, rows + (<usize>(i * pitch + k) << 2), pitch, min(R, mc - i), kc, R);
            panel += <usize>(kc * R) << 2;
            i += R;
          }
          if (k == 0) tiles(t, row, ZEROS, 0, 0, work, b, outs, k, mc, N, kc, wide, false);
          else tiles(t, row, t, row, 4, work, b, outs, k, mc, N, kc, wide, false);
        }
        spread(out, t, m, mc, g, geometry);
      }
      b += <usize>panel_floats(outs, N) << 2;
    }
    finish(out, saved ? saved + (<usize>(image * pixels * channels) << 2) : 0, channels, pixels, channels, activation);
  }
}

/** The bias everywhere, or 0. */
function begin(out: usize, bias: usize, pixels: i32, channels: i32): void {
  const bytes = <usize>channels << 2;
  if (!bias) return memory.fill(out, 0, <usize>pixels * bytes);
  for (; pixels > 0; pixels--) {
    memory.copy(out, bias, bytes);
    out += bytes;
  }
}

/** Adds rows of T, those of `count` pixels of DY from number m on, to one image. */
function spread(out: usize, t: usize, m: i32, count: i32, g: i32, geometry: usize): void {
  const groups = word(geometry, GROUPS);
  const pitch = word(geometry, C);
  const channels = pitch / groups;
  const height = word(geometry, H), width = word(geometry, W);
  const sizeY = word(geometry, KH), sizeX = word(geometry, KW);
  const stepX = word(geometry, DW);
  const whole = stepX == 1 && groups == 1;
  let i = m / word(geometry, OW), j = m % word(geometry, OW);
  for (; count > 0; count--) {
    const x = j * word(geometry, SW) - word(geometry, PL);
    let y = i * word(geometry, SH) - word(geometry, PT);
    for (let ky = 0; ky < sizeY; ky++) {
      if (<u32>y < <u32>height) {
        const row = out + (<usize>((y * width + x) * pitch + g * channels) << 2);
        if (whole) {
          const first = max(0, -x), end = min(sizeX, width - x);
          add_to(row + (<usize>(first * pitch) << 2), t + (<usize>(first * pitch) << 2), (end - first) * pitch);
        } else {
          for (let kx = 0; kx < sizeX; kx++) {
            if (<u32>(x + kx * stepX) >= <u32>width) continue;
            add_to(row + (<usize>(kx * stepX * pitch) << 2), t + (<usize>(kx * channels) << 2), channels);
          }
        }
      }
      t += <usize>(sizeX * channels) << 2;
      y += word(geometry, DH);
    }
    if (++j == word(geometry, OW)) {
      j = 0;
      i++;
    }
  }
}

/** Adds n floats. */
function add_to(to: usize, from: usize, n: i32): void {
  for (; n >= 4; n -= 4) {
    v128.store(to, f32x4.add(v128.load(to), v128.load(from)));
    to += 16;
    from += 16;
  }
  if (n > 0) store_some(to, f32x4.add(load_some(to, n), load_some(from, n)), n);
}
