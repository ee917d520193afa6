/**
 * The shape grammar: `MxK:KxN`, or `B*MxK:KxN` for a batch, as in `64x784:784x300`. It names a product in
 * tests, benches and messages; a transposed operand is named by the shape it has in the product.
 */

export interface ProductShape {
  readonly B: number;
  readonly M: number;
  readonly K: number;
  readonly N: number;
}

/** Throws a plain Error that quotes the text. */
export function parseShape(text: string): ProductShape {
  const match = /^(?:(\d+)\*)?(\d+)x(\d+):(\d+)x(\d+)$/.exec(text);
  if (!match)
    throw new Error(`${JSON.stringify(text)}: expected a shape like 64x784:784x300 or 3*64x784:784x300`);
  const [, B = '1', M, K, rows, N] = match;
  if (Number(K) !== Number(rows))
    throw new Error(`${JSON.stringify(text)}: ${K} columns do not meet ${rows} rows`);
  return { B: Number(B), M: Number(M), K: Number(K), N: Number(N) };
}

export function formatShape({ B, M, K, N }: ProductShape): string {
  return `${B === 1 ? '' : `${B}*`}${M}x${K}:${K}x${N}`;
}
