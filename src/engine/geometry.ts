/**
 * Windows that move over images, in convolutions and pooling: the words of their geometry, i32 in memory. The
 * build reads them by way of constants.ts: GEOMETRY_OH is the place of `oh`.
 *
 * Height, width and channels of the image; of what it becomes (`o`); height and width of the window (`k`);
 * strides, dilations; rows above and columns left of the image; of convolutions, groups and a form.
 */
// biome-ignore format: a list of words
export const GEOMETRY = [
  'h', 'w', 'c', 'oh', 'ow', 'o', 'kh', 'kw', 'sh', 'sw', 'dh', 'dw', 'pt', 'pl', 'groups', 'form',
] as const;

/** Forms: the gradient of the image is a sum over windows, or added window by window; or each channel is by itself. */
export const CONV_GATHERED = 0;
export const CONV_SCATTERED = 1;
export const CONV_DEPTHWISE = 2;

/** Of a geometry, each word by its name. */
export type Geometry = Readonly<Record<(typeof GEOMETRY)[number], number>>;
