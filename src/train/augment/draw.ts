/**
 * The random numbers of augmentation: words of Philox by the image's place in its set, a block of its own for
 * each pair of changes, and the epoch. So what is drawn depends on no other image, and on no batch before.
 */
import { ln, mulhi, philox } from '../../base/random.js';
import { exp } from '../../nn/exact-math.js';

/** A stream that nothing else has: initial values, orders and splits have others, and no epoch. */
const STREAM = 0x50000000;

const words = new Uint32Array(4);

/** The four words of a block, in an array that the next call writes anew. */
export function drawBlock(seed: number, epoch: number, image: number, block: number): Uint32Array {
  philox(words, image, block, STREAM, epoch, seed >>> 0, Math.floor(seed / 2 ** 32));
  return words;
}

/** A whole number from -most to most. */
export function wholeUpTo(most: number, bits: number): number {
  return mulhi(2 * most + 1, bits) - most;
}

/** One of so many places, from 0. */
export function place(count: number, bits: number): number {
  return mulhi(count, bits);
}

/** A number from -most up to most. */
export function realUpTo(most: number, bits: number): number {
  return ((bits >>> 8) * 2 ** -23 - 1) * most;
}

/**
 * A share from Beta(alpha, alpha), alpha in (0, 1], or 1 minus it, whichever is larger: M. D. Jöhnk's rejection
 * (1964), on logarithms, as powers of small numbers vanish. Blocks are taken from `block` on.
 */
export function betaShare(alpha: number, seed: number, epoch: number, image: number, block: number): number {
  for (let attempt = 0; ; attempt++) {
    const bits = drawBlock(seed, epoch, image, block + (attempt >> 1));
    const at = 2 * (attempt & 1);
    const a = ln((bits[at] + 0.5) * 2 ** -32) / alpha;
    const b = ln((bits[at + 1] + 0.5) * 2 ** -32) / alpha;
    // The sum of both powers must not be above 1.
    if (exp(a) + exp(b) > 1) continue;
    // The larger of them, over both.
    return 1 / (1 + exp(a > b ? b - a : a - b));
  }
}
