/** Numbers as the bench's tables write them. */

/** A Markdown table; all columns but the first are numbers. */
export function grid(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, i) => (i === 0 ? '---' : '---:'));
  return [head, rule, ...rows].map(line).join('\n');
}

export function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}

export function range({ low, high }: { low: number; high: number }): string {
  return `[${digits(low)}–${digits(high)}]`;
}

/** As `range`, of numbers too large for decimals. */
export function wide({ low, high }: { low: number; high: number }): string {
  return `[${Math.round(low)}–${Math.round(high)}]`;
}

export function digits(value: number): string {
  return value >= 10 ? value.toFixed(1) : value.toPrecision(2);
}
