/** Max pooling: the readable twin of assembly/pool.ts. */
import type { signatures } from '../pool.js';
import { readGeometry } from './geometry.js';
import type { ReferenceMemory, Twins } from './memory.js';

// biome-ignore format: an argument list a line or two
export function twins(memory: ReferenceMemory): Twins<typeof signatures> {
  const { shift } = memory;

  /** Each pixel of each window that lies within the image: its place in y, in x and in the window. */
  function each(pointer: number, visit: (window: number, pixel: number, place: number) => void): void {
    const { h: H, w: W, oh: OH, ow: OW, kh, kw, sh, sw, dh, dw, pt: top, pl: left } = readGeometry(memory, pointer);
    for (let oh = 0; oh < OH; oh++) {
      for (let ow = 0; ow < OW; ow++) {
        for (let i = 0; i < kh; i++) {
          for (let j = 0; j < kw; j++) {
            const [h, w] = [oh * sh - top + i * dh, ow * sw - left + j * dw];
            if (h >= 0 && h < H && w >= 0 && w < W) visit(oh * OW + ow, h * W + w, i * kw + j);
          }
        }
      }
    }
  }

  /** The kept places: element (pixel of y, channel), as bytes or as words. */
  function placesOf(geometry: number) {
    const { c: C, kh, kw } = readGeometry(memory, geometry);
    const stride = Math.ceil(C / 4) * 4;
    const isWide = kh * kw > 256;
    const array = isWide ? memory.i32 : memory.u8;
    return { C, array, at: (pointer: number, window: number, c: number) => (isWide ? pointer >>> 2 : pointer) + window * stride + c };
  }

  return {
    max_pool_forward(y, ldy, argmax, ldargmax, x, ldx, geometry, M) {
      const { f } = memory;
      const { C, array, at } = placesOf(geometry);
      const { oh: OH, ow: OW } = readGeometry(memory, geometry);
      for (let m = 0; m < M; m++) {
        const [p, q] = [(x >>> shift) + m * ldx, (y >>> shift) + m * ldy];
        const kept = argmax + 4 * m * ldargmax;
        f.fill(-Infinity, q, q + OH * OW * C);
        let last = -1;
        each(geometry, (window, pixel, place) => {
          for (let c = 0; c < C; c++) {
            const [v, best] = [f[p + pixel * C + c], f[q + window * C + c]];
            // NaN is the largest, and the first of equals is taken.
            if (window === last && (v <= best || Number.isNaN(best))) continue;
            f[q + window * C + c] = v;
            if (argmax) array[at(kept, window, c)] = place;
          }
          last = window;
        });
      }
    },

    max_pool_backward(dx, lddx, argmax, ldargmax, dy, lddy, geometry, M) {
      const { f } = memory;
      const { C, array, at } = placesOf(geometry);
      const { h: H, w: W } = readGeometry(memory, geometry);
      for (let m = 0; m < M; m++) {
        const [p, q] = [(dx >>> shift) + m * lddx, (dy >>> shift) + m * lddy];
        const kept = argmax + 4 * m * ldargmax;
        f.fill(0, p, p + H * W * C);
        each(geometry, (window, pixel, place) => {
          for (let c = 0; c < C; c++) {
            if (array[at(kept, window, c)] === place) f[p + pixel * C + c] += f[q + window * C + c];
          }
        });
      }
    },
  };
}
