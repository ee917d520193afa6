/** Rows and outputs that the tests of losses go through, and the unit of their tolerances. */
export const lossShapes = [0, 1, 2, 5].flatMap((M) =>
  [1, 2, 3, 4, 5, 7, 8, 10, 17, 33].map((N) => [M, N] as const),
);

/** The distance of float32 from 1 on. */
export const ulp = 2 ** -23;
