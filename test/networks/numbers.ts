/** Numbers that fixtures in Python have too. */

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
