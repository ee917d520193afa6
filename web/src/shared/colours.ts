/** From blue for negative over nothing to orange for positive: hues that the colour-blind tell apart, too. */

type Colour = readonly [red: number, green: number, blue: number];

export const POSITIVE: Colour = [232, 120, 44];
export const NEGATIVE: Colour = [62, 124, 214];

const NOTHING: Readonly<Record<'light' | 'dark', Colour>> = { light: [243, 243, 238], dark: [30, 33, 38] };

const darkness = matchMedia('(prefers-color-scheme: dark)');

export const isDark = () => darkness.matches;
export const onThemeChange = (draw: () => void) => darkness.addEventListener('change', draw);

/** Of nothing: the colour between the two. */
export const nothing = (dark = isDark()): Colour => NOTHING[dark ? 'dark' : 'light'];

/** Writes the colour of `value` (-1 to 1) as pixel number `at` of an image. */
export function putColour(data: Uint8ClampedArray, at: number, value: number, none: Colour): void {
  const towards = value > 0 ? POSITIVE : NEGATIVE;
  const share = Math.min(1, Math.abs(value));
  for (let c = 0; c < 3; c++) data[4 * at + c] = none[c] + (towards[c] - none[c]) * share;
  data[4 * at + 3] = 255;
}
