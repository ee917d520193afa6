/**
 * Images moved, mirrored and turned: each pixel of the new image is looked up in the old one, between pixels by
 * linear interpolation. Nothing is allocated after the first image. Images of one channel have loops of their
 * own, without one over channels.
 */
import { cosPi } from '../../nn/exact-math.js';

/** Where an image goes. */
export interface Placing {
  /** Whole pixels to the right, and down. */
  right: number;
  down: number;
  flipX: boolean;
  flipY: boolean;
  /** Degrees. */
  angle: number;
}

export interface GeometryOptions {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** The furthest that images are moved, in pixels, and turned, in degrees. */
  readonly reach: number;
  readonly rotate: number;
  readonly edge: boolean;
}

type Pixels = Uint8Array | Float32Array;

export class Geometry {
  readonly #options: GeometryOptions;
  /** The old image with as much around it as is ever looked at; undefined where nothing is turned. */
  readonly #padded: Float32Array | undefined;
  readonly #padX: number = 0;
  readonly #padY: number = 0;
  readonly #stride: number = 0;

  constructor(options: GeometryOptions) {
    const { height, width, channels, reach, rotate } = options;
    this.#options = options;
    if (rotate === 0) return;
    // |cos u + sin v| ≤ |u| + sin |v|, with one pixel more on the right for the interpolation.
    const sine = rotate >= 90 ? 1 : cosPi(0.5 - rotate / 180);
    this.#padX = Math.ceil(reach + sine * (height / 2 + reach)) + 2;
    this.#padY = Math.ceil(reach + sine * (width / 2 + reach)) + 2;
    this.#stride = width + 2 * this.#padX;
    this.#padded = new Float32Array(this.#stride * (height + 2 * this.#padY) * channels);
  }

  /** to = the image that begins at `from[start]`, moved, mirrored and turned. */
  place(to: Float32Array, from: Pixels, start: number, placing: Placing): void {
    if (this.#padded) this.#turn(to, from, start, placing, this.#padded);
    else this.#move(to, from, start, placing);
  }

  #move(to: Float32Array, from: Pixels, start: number, { right, down, flipX, flipY }: Placing): void {
    const { height, width, channels, edge } = this.#options;
    const line = width * channels;
    const step = flipX ? -channels : channels;
    const first = Math.max(0, right);
    const last = Math.min(width, width + right);
    for (let y = 0; y < height; y++) {
      const row = y * line;
      let source = y - down;
      if (source < 0 || source >= height) {
        if (!edge) {
          for (let i = row; i < row + line; i++) to[i] = 0;
          continue;
        }
        source = source < 0 ? 0 : height - 1;
      }
      const begin = start + (flipY ? height - 1 - source : source) * line;
      const column = first - right;
      let at = begin + (flipX ? width - 1 - column : column) * channels;
      let out = row + first * channels;
      if (channels === 1) {
        for (let x = first; x < last; x++, at += step) to[out++] = from[at];
      } else {
        for (let x = first; x < last; x++, at += step) {
          for (let c = 0; c < channels; c++) to[out++] = from[at + c];
        }
      }
      // Beyond the image's left and right.
      for (let x = 0; x < first; x++) {
        for (let c = 0; c < channels; c++) {
          to[row + x * channels + c] = edge ? to[row + first * channels + c] : 0;
        }
      }
      for (let x = last; x < width; x++) {
        for (let c = 0; c < channels; c++) {
          to[row + x * channels + c] = edge ? to[row + (last - 1) * channels + c] : 0;
        }
      }
    }
  }

  #turn(to: Float32Array, from: Pixels, start: number, placing: Placing, padded: Float32Array): void {
    const { height, width, channels } = this.#options;
    this.#pad(padded, from, start);
    const { right, down, flipX, flipY, angle } = placing;
    const turn = Math.abs(angle) / 180;
    const cosine = cosPi(turn);
    const sine = angle < 0 ? -cosPi(Math.abs(0.5 - turn)) : cosPi(Math.abs(0.5 - turn));
    const middleX = (width - 1) / 2;
    const middleY = (height - 1) / 2;
    const stepX = flipX ? -cosine : cosine;
    const stepY = flipY ? sine : -sine;
    const stride = this.#stride * channels;
    let out = 0;
    for (let y = 0; y < height; y++) {
      const u = -middleX - right;
      const v = y - middleY - down;
      const across = cosine * u + sine * v;
      const along = cosine * v - sine * u;
      const beginX = (flipX ? -across : across) + middleX + this.#padX;
      const beginY = (flipY ? -along : along) + middleY + this.#padY;
      if (channels === 1) {
        for (let x = 0; x < width; x++) {
          const sourceX = beginX + x * stepX;
          const sourceY = beginY + x * stepY;
          const column = sourceX | 0;
          const row = sourceY | 0;
          const shareX = sourceX - column;
          const at = row * stride + column;
          const a = padded[at];
          const c = padded[at + stride];
          const top = a + (padded[at + 1] - a) * shareX;
          const bottom = c + (padded[at + stride + 1] - c) * shareX;
          to[out++] = top + (bottom - top) * (sourceY - row);
        }
        continue;
      }
      for (let x = 0; x < width; x++) {
        const sourceX = beginX + x * stepX;
        const sourceY = beginY + x * stepY;
        const column = sourceX | 0;
        const row = sourceY | 0;
        const shareX = sourceX - column;
        const shareY = sourceY - row;
        let at = row * stride + column * channels;
        for (const end = at + channels; at < end; at++) {
          const a = padded[at];
          const c = padded[at + stride];
          const top = a + (padded[at + channels] - a) * shareX;
          const bottom = c + (padded[at + stride + channels] - c) * shareX;
          to[out++] = top + (bottom - top) * shareY;
        }
      }
    }
  }

  /** Copies the image into the middle of `padded`, and its edges around it; what is zero there stays so. */
  #pad(padded: Float32Array, from: Pixels, start: number): void {
    const { height, width, channels, edge } = this.#options;
    const line = width * channels;
    const stride = this.#stride * channels;
    const margin = this.#padX * channels;
    let at = start;
    for (let y = 0; y < height; y++) {
      let out = (this.#padY + y) * stride + margin;
      for (let x = 0; x < line; x++) padded[out++] = from[at++];
      if (!edge) continue;
      for (let i = 0; i < margin; i++) {
        padded[out + i] = padded[out - channels + (i % channels)];
        padded[out - line - margin + i] = padded[out - line + (i % channels)];
      }
    }
    if (!edge) return;
    const firstRow = this.#padY * stride;
    const lastRow = (this.#padY + height - 1) * stride;
    for (let y = 0; y < this.#padY; y++) {
      padded.copyWithin(y * stride, firstRow, firstRow + stride);
      padded.copyWithin(lastRow + (y + 1) * stride, lastRow, lastRow + stride);
    }
  }
}
