/** Numbers that fixtures in Python have too (twin of formula.py), and images in our order of axes. */

/** In ±½, by Park and Miller's generator: whole numbers that both languages have exactly. */
export function numbers(count: number, seed: number): Float32Array {
  let state = seed * 7919 + 1;
  const next = () => {
    state = (state * 16807) % 2147483647;
    return state / 2147483647 - 0.5;
  };
  for (let i = 0; i < 3; i++) next();
  return Float32Array.from({ length: count }, next);
}

/** Images of PyTorch and ONNX, [rows, channels, height, width]. */
export function channelsLast(values: ArrayLike<number>, [, C, H, W]: readonly number[]): number[] {
  return Array.from(values, (_, i) => {
    const [c, w, h, n] = [i % C, Math.floor(i / C) % W, Math.floor(i / C / W) % H, Math.floor(i / C / W / H)];
    return values[((n * C + c) * H + h) * W + w];
  });
}
