/** Windows that move over images: where their numbers are, and which of their places lie within the image. */

// Words in memory, named in src/engine/geometry.ts.
export {
  GEOMETRY_H as H, GEOMETRY_W as W, GEOMETRY_C as C, GEOMETRY_OH as OH, GEOMETRY_OW as OW,
  GEOMETRY_O as O, GEOMETRY_KH as KH, GEOMETRY_KW as KW, GEOMETRY_SH as SH, GEOMETRY_SW as SW,
  GEOMETRY_DH as DH, GEOMETRY_DW as DW, GEOMETRY_PT as PT, GEOMETRY_PL as PL, GEOMETRY_GROUPS as GROUPS, GEOMETRY_FORM as FORM,
  CONV_DEPTHWISE as DEPTHWISE, CONV_SCATTERED as SCATTERED,
} from '../build/assembly/constants';

// @ts-ignore: decorator
@inline
export function word(geometry: usize, i: i32): i32 {
  return load<i32>(geometry + (<usize>i << 2));
}

/** The first of the places start, start + step, … (`count` of them) that is at least 0. */
// @ts-ignore: decorator
@inline
export function first_inside(start: i32, step: i32, count: i32): i32 {
  return start >= 0 ? 0 : min(count, (-start + step - 1) / step);
}

/** The number of those that are below `size`. */
// @ts-ignore: decorator
@inline
export function end_inside(start: i32, step: i32, count: i32, size: i32): i32 {
  return start >= size ? 0 : min(count, (size - 1 - start) / step + 1);
}
