/** Convolutions: the readable twin of assembly/conv. Sums in double, one term after the other. */

import type { Kernels } from '../../engine/kernels.js';
import type { signatures } from '../convolve.js';
import { productEnds } from './activations.js';
import { readGeometry } from './geometry.js';
import type { ReferenceMemory, Twins } from './memory.js';

export function twins(memory: ReferenceMemory, kernels: Kernels): Twins<typeof signatures> {
  const { shift } = memory;
  const { activate, differentiate } = productEnds(memory, kernels);

  /** The words of a geometry, and channels and outputs of a group. */
  function read(geometry: number) {
    const {
      h: H,
      w: W,
      c: C,
      oh: OH,
      ow: OW,
      o: O,
      kh: KH,
      kw: KW,
      ...rest
    } = readGeometry(memory, geometry);
    const { sh: SH, sw: SW, dh: DH, dw: DW, pt: PT, pl: PL, groups } = rest;
    return { H, W, C, OH, OW, O, KH, KW, SH, SW, DH, DW, PT, PL, c: C / groups, o: O / groups };
  }

  /** Panels are the matrix itself here, rows without gaps. */
  function copy(panels: number, w: number, ldw: number, geometry: number): void {
    const { f } = memory;
    const { KH, KW, c, O } = read(geometry);
    for (let k = 0; k < KH * KW * c; k++) {
      for (let n = 0; n < O; n++) f[(panels >>> shift) + k * O + n] = f[(w >>> shift) + k * ldw + n];
    }
  }

  return {
    conv_pack: copy,
    conv_pack_turned: copy,

    conv_forward(y, _, x, panels, bias, geometry, from, to, activation) {
      const { f } = memory;
      const { H, W, C, OH, OW, O, KH, KW, SH, SW, DH, DW, PT, PL, c, o } = read(geometry);
      for (let m = from; m < to; m++) {
        const [b, i, j] = [Math.floor(m / (OH * OW)), Math.floor(m / OW) % OH, m % OW];
        for (let n = 0; n < O; n++) {
          const first = Math.floor(n / o) * c;
          let sum = bias ? f[(bias >>> shift) + n] : 0;
          for (let ky = 0; ky < KH; ky++) {
            for (let kx = 0; kx < KW; kx++) {
              const [h, w] = [i * SH - PT + ky * DH, j * SW - PL + kx * DW];
              if (h < 0 || h >= H || w < 0 || w >= W) continue;
              const pixel = (x >>> shift) + ((b * H + h) * W + w) * C + first;
              const tap = (panels >>> shift) + (ky * KW + kx) * c * O + n;
              for (let q = 0; q < c; q++) sum += f[pixel + q] * f[tap + q * O];
            }
          }
          f[(y >>> shift) + m * O + n] = sum;
        }
      }
      activate(activation, (y >>> shift) + from * O, (to - from) * O);
    },

    conv_image_gradient(dx, _, saved, dy, panels, bias, geometry, from, to, activation) {
      const { f } = memory;
      const { H, W, C, OH, OW, O, KH, KW, SH, SW, DH, DW, PT, PL, c, o } = read(geometry);
      for (let m = from; m < to; m++) {
        const [b, h, w] = [Math.floor(m / (H * W)), Math.floor(m / W) % H, m % W];
        for (let n = 0; n < C; n++) {
          const group = Math.floor(n / c);
          let sum = bias ? f[(bias >>> shift) + n] : 0;
          for (let ky = 0; ky < KH; ky++) {
            for (let kx = 0; kx < KW; kx++) {
              const [i, j] = [(h + PT - ky * DH) / SH, (w + PL - kx * DW) / SW];
              if (!Number.isInteger(i) || !Number.isInteger(j) || i < 0 || i >= OH || j < 0 || j >= OW)
                continue;
              const pixel = (dy >>> shift) + ((b * OH + i) * OW + j) * O + group * o;
              const tap = (panels >>> shift) + ((ky * KW + kx) * c + (n % c)) * O + group * o;
              for (let q = 0; q < o; q++) sum += f[pixel + q] * f[tap + q];
            }
          }
          f[(dx >>> shift) + m * C + n] = sum;
        }
      }
      const at = from * C;
      const place = (dx >>> shift) + at;
      if (saved) differentiate(activation, place, (saved >>> shift) + at, (to - from) * C);
      else activate(activation, place, (to - from) * C);
    },

    conv_weight_gradient(dw, lddw, dbias, _, x, dy, geometry, B, from, to) {
      const { f } = memory;
      const { H, W, C, OH, OW, O, KW, SH, SW, DH, DW, PT, PL, c, o } = read(geometry);
      for (let n = 0; n < O && dbias && from === 0; n++) {
        let sum = 0;
        for (let pixel = 0; pixel < B * OH * OW; pixel++) sum += f[(dy >>> shift) + pixel * O + n];
        f[(dbias >>> shift) + n] = sum;
      }
      for (let k = from; k < to; k++) {
        const [ky, kx, q] = [Math.floor(k / (KW * c)), Math.floor(k / c) % KW, k % c];
        for (let n = 0; n < O; n++) {
          const channel = Math.floor(n / o) * c + q;
          let sum = 0;
          for (let b = 0; b < B; b++) {
            for (let i = 0; i < OH; i++) {
              const h = i * SH - PT + ky * DH;
              if (h < 0 || h >= H) continue;
              for (let j = 0; j < OW; j++) {
                const w = j * SW - PL + kx * DW;
                if (w < 0 || w >= W) continue;
                const pixel = f[(x >>> shift) + ((b * H + h) * W + w) * C + channel];
                sum += pixel * f[(dy >>> shift) + ((b * OH + i) * OW + j) * O + n];
              }
            }
          }
          f[(dw >>> shift) + k * lddw + n] = sum;
        }
      }
    },
  };
}
