/** How large the network's pictures are: three bytes a pixel. */
export const SIDE = 32;
export const BYTES = SIDE * SIDE * 3;
