/**
 * What a convolution with strides is to its image, along one axis: pixels whose places leave the same rest by
 * the stride, a phase, are met by every so many-th tap of the window alone. Axis 0 is the vertical one: words
 * of a geometry stand in pairs.
 */
import { DH, H, KH, PT, SH, word } from '../geometry';

/** Taps from one that meets a phase to the next that does. */
export function every_tap(geometry: usize, axis: i32): i32 {
  const stride = word(geometry, SH + axis);
  return stride / common(stride, word(geometry, DH + axis));
}

/** Pixels of the other image from what one of these taps sees to what the next does. */
export function step_of(geometry: usize, axis: i32): i32 {
  const dilation = word(geometry, DH + axis);
  return dilation / common(word(geometry, SH + axis), dilation);
}

/** The first tap that meets a phase; as many as there are where none does. */
export function first_tap(geometry: usize, axis: i32, phase: i32): i32 {
  const size = word(geometry, KH + axis), stride = word(geometry, SH + axis);
  for (let tap = 0; tap < min(size, stride); tap++) {
    if ((phase + word(geometry, PT + axis) - tap * word(geometry, DH + axis)) % stride == 0) return tap;
  }
  return size;
}

/** How many taps meet it, of which `first` is the first. */
export function taps_from(geometry: usize, axis: i32, first: i32): i32 {
  const every = every_tap(geometry, axis);
  return (word(geometry, KH + axis) - first + every - 1) / every;
}

/** What the last of them sees of the other image for the phase's first pixel; those before it see later ones. */
export function offset_of(geometry: usize, axis: i32, phase: i32, first: i32): i32 {
  const seen = phase + word(geometry, PT + axis) - first * word(geometry, DH + axis);
  return seen / word(geometry, SH + axis) - (taps_from(geometry, axis, first) - 1) * step_of(geometry, axis);
}

/** Pixels of a phase. */
export function pixels_of(geometry: usize, axis: i32, phase: i32): i32 {
  const stride = word(geometry, SH + axis);
  return (word(geometry, H + axis) - phase + stride - 1) / stride;
}

/** The greatest common divisor. */
function common(a: i32, b: i32): i32 {
  while (b) {
    const rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}
