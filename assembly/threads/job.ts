/** The words of a job: kernel, rows and columns of a chunk, then the kernel's arguments. */

/** Argument i, an integer or a pointer. */
// @ts-ignore: decorator
@inline
export function int(job: usize, i: i32): i32 {
  return load<i32>(job + 12 + (<usize>i << 2));
}

// @ts-ignore: decorator
@inline
export function ptr(job: usize, i: i32): usize {
  return load<usize>(job + 12 + (<usize>i << 2));
}

// @ts-ignore: decorator
@inline
export function real(job: usize, i: i32): f32 {
  return load<f32>(job + 12 + (<usize>i << 2));
}

/**
 * Pointer i, which is followed by its leading dimension, moved by so many rows and columns; absent stays
 * absent.
 */
// @ts-ignore: decorator
@inline
export function at(job: usize, i: i32, row: i32, column: i32): usize {
  const p = ptr(job, i);
  return p ? p + ((<usize>row * ptr(job, i + 1) + <usize>column) << 2) : 0;
}

/** Pointer i moved by so many elements of four bytes. */
// @ts-ignore: decorator
@inline
export function along(job: usize, i: i32, elements: i32): usize {
  const p = ptr(job, i);
  return p ? p + (<usize>elements << 2) : 0;
}
