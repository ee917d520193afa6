/** Numbers and settings of trials in lines for people. */

export function short(value: number, digits = 6): string {
  return String(Number(value.toPrecision(digits)));
}

export function settingText(value: unknown, digits = 6): string {
  if (typeof value === 'number') return short(value, digits);
  return typeof value === 'string' ? value : JSON.stringify(value);
}
