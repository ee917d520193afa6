/** The shape grammar that tests, benches and messages share: `64x784:784x300`, or `3*64x784:784x300` for a batch of three. */

export interface ProductShape {
  readonly text: string;
  readonly B: number;
  readonly M: number;
  readonly K: number;
  readonly N: number;
}

/** Throws a SyntaxError for anything else, and when the inner sizes differ. */
export function parseShape(text: string): ProductShape {
  const match = /^(?:(\d+)\*)?(\d+)x(\d+):(\d+)x(\d+)$/.exec(text);
  if (!match) throw new SyntaxError(`expected a shape such as 64x784:784x300, given ${JSON.stringify(text)}`);
  const [B, M, K, K2, N] = match.slice(1).map((part) => Number(part ?? 1));
  if (K !== K2) throw new SyntaxError(`the inner sizes of ${text} differ`);
  return { text, B, M, K, N };
}
