/** Numbers that stand for the whole range of float32, for functions of one number. */

/** Thresholds of the kernels and of float32, and their neighbours; both signs. */
const specials = (() => {
  const values = [
    0,
    2 ** -149,
    2 ** -148,
    2 ** -127,
    2 ** -126,
    1e-20,
    0.5,
    Math.SQRT1_2,
    1,
    Math.SQRT2,
    2,
    Math.LN2,
    0.625,
    8.317766,
    9.010913,
    16.635532,
    17.32868,
    87.33654,
    88.02969,
    88.72283,
    88.722839,
    89,
    90,
    103.27893,
    103.97207,
    103.97208,
    104,
    104.5,
    105,
    1e4,
    2 ** 31,
    2 ** 32,
    1e20,
    3.4028234663852886e38,
    Infinity,
    Number.NaN,
  ];
  const bits = new Uint32Array(Float32Array.from(values).buffer);
  const near = [...bits].flatMap((b) => (b > 0 && b < 0x7f800000 ? [b - 1, b, b + 1] : [b]));
  return [...new Float32Array(Uint32Array.from(near).buffer)].flatMap((x) => [x, -x]);
})();

/** Specials, every 21467th bit pattern of float32, and a fine sweep of where the functions bend. */
export const sampled = (() => {
  const patterns = Uint32Array.from({ length: Math.floor(2 ** 32 / 21467) }, (_, i) => i * 21467);
  const sweep = Float32Array.from({ length: 60_000 }, (_, i) => -110 + (i * 210) / 60_000);
  const near = Float32Array.from({ length: 40_000 }, (_, i) => -2 + i / 10_000);
  return Float32Array.from([...specials, ...new Float32Array(patterns.buffer), ...sweep, ...near]);
})();
