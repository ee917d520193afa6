/** Numbers and lists as sentences have them. */

/** `a`, `a and b`, `a, b and c`. */
export function list(items: readonly (string | number)[]): string {
  if (items.length < 2) return String(items[0] ?? 'none');
  return `${items.slice(0, -1).join(', ')} and ${items[items.length - 1]}`;
}

/** 98.12 % */
export function percentText(share: number, decimals = 1): string {
  return `${(100 * share).toFixed(decimals)}\u00a0%`;
}

export function places(value: number, decimals: number): string {
  return value.toFixed(decimals);
}

/** 1.8 times, 12 times, 182 times. */
export function times(ratio: number): string {
  return `${ratio < 10 ? ratio.toFixed(1) : Math.round(ratio).toLocaleString('en-US')} times`;
}

/** 98.12 ± 0.05 % */
export function spreadPercent({ mean, deviation }: { mean: number; deviation: number }): string {
  return `${(100 * mean).toFixed(2)} ± ${(100 * deviation).toFixed(2)}\u00a0%`;
}
