/**
 * Numbers and dates as the report writes them: the same text on every machine, whatever its locale.
 * Not for JSON or files that are read back.
 */

const NBSP = '\u00a0';

/** NaN and infinities by name, so that a broken run is seen to be broken. */
function unusual(value: number): string | undefined {
  if (Number.isFinite(value)) return undefined;
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? '∞' : '−∞';
}

/** 238510 → '238,510'. */
export function count(value: number): string {
  return unusual(value) ?? Math.round(value).toLocaleString('en-US');
}

/** 0.97843 → '97.84 %', with as many decimals as asked. */
export function percent(share: number, decimals = 2): string {
  return `${unusual(share) ?? (share * 100).toFixed(decimals)}${NBSP}%`;
}

/** A confidence: '98 %', and '99.9 %' rather than a '100 %' that it is not. */
export function confidence(share: number): string {
  if (share >= 0.995 && share < 1) return percent(Math.min(share, 0.9999), share < 0.9995 ? 1 : 2);
  return percent(share, 0);
}

/** Four significant digits, which is what a loss is worth. */
export function loss(value: number): string {
  const special = unusual(value);
  if (special !== undefined) return special;
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e6)) return value.toExponential(3);
  return value.toFixed(size >= 100 ? 2 : size >= 10 ? 3 : 4);
}

/** Five significant digits, as short as they can be. */
export function number(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(5))) : String(value);
}

/** A learning rate: four significant digits, fewer where they say the same. */
export function rate(value: number): string {
  return unusual(value) ?? String(Number(value.toPrecision(4)));
}

/** 3.46 → '3.46 s', 754 → '12 min 34 s', 7500 → '2 h 05 min'. */
export function duration(seconds: number): string {
  const special = unusual(seconds);
  if (special !== undefined) return `${special}${NBSP}s`;
  if (seconds < 59.95) return `${seconds.toFixed(seconds < 10 ? 2 : 1)}${NBSP}s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)}${NBSP}min ${pad(whole % 60)}${NBSP}s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)}${NBSP}h ${pad(minutes % 60)}${NBSP}min`;
}

const MONTHS = 'January February March April May June July August September October November December'.split(
  ' ',
);

/** An ISO date as '23 November 2026, 22:46 UTC'; text that is no date comes back as it was. */
export function date(iso: string): string {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return iso;
  const day = `${time.getUTCDate()} ${MONTHS[time.getUTCMonth()]} ${time.getUTCFullYear()}`;
  return `${day}, ${pad(time.getUTCHours())}:${pad(time.getUTCMinutes())} UTC`;
}

/** 'one epoch', '12 epochs'. */
export function plural(amount: number, noun: string): string {
  return amount === 1 ? `1${NBSP}${noun}` : `${count(amount)}${NBSP}${noun}s`;
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}
