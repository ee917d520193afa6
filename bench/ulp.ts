/**
 * npm run ulp -- [exp] [log] [sigmoid] [tanh] The largest error of exp, log, sigmoid and tanh, in units in
 * the last place, over every float32 that matters: not a sample. The exact value is Math's in float64, whose
 * own error is far below a float32's last place. Outside these ranges the results are constants (0, 1, ±1,
 * infinity) or x itself, which the tests check. Takes two minutes a binary.
 */

import { platform } from '../src/base/platform/node.js';
import { createWasmBackend } from '../src/engine/wasm.js';

/** Magnitudes from 2^low up to 2^high, of either sign or of one. */
interface Domain {
  readonly low: number;
  readonly high: number;
  readonly signs: readonly (0 | 1)[];
  readonly bound: number;
  exact(x: number): number;
}

const domains: Record<string, Domain> = {
  exp: { low: -27, high: 7, signs: [0, 1], bound: 2, exact: Math.exp },
  log: { low: -149, high: 128, signs: [0], bound: 2, exact: Math.log },
  sigmoid: { low: -27, high: 7, signs: [0, 1], bound: 3, exact: (x) => 1 / (1 + Math.exp(-x)) },
  tanh: { low: -15, high: 4, signs: [0, 1], bound: 3, exact: Math.tanh },
};

const CHUNK = 1 << 20;
const [floats, bits] = [new Float32Array(1), new Uint32Array(1)].map((array, i, both) =>
  i === 0 ? array : new Uint32Array(both[0].buffer),
) as [Float32Array, Uint32Array];

/** Size of the last place of float32 by exponent bits; denormals share the smallest. */
const places = Float64Array.from({ length: 255 }, (_, e) => 2 ** (Math.max(e, 1) - 150));

const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !(name in domains));
if (unknown) {
  console.error(
    `error: unknown function ${JSON.stringify(unknown)}; expected ${Object.keys(domains).join(', ')}`,
  );
  process.exit(2);
}

platform.enableRelaxedSimd();
for (const binary of ['simd', 'fma'] as const) {
  const backend = await createWasmBackend({ binary });
  const [x, y] = [1024, 1024 + 4 * CHUNK];
  backend.reserve(y + 4 * CHUNK);
  const inputs = new Float32Array(backend.buffer, x, CHUNK);
  const patterns = new Uint32Array(backend.buffer, x, CHUNK);
  const outputs = new Float32Array(backend.buffer, y, CHUNK);
  const { exp, log, sigmoid_forward: sigmoid, tanh_forward: tanh } = backend.kernels;
  const kernels = { exp, log, sigmoid, tanh } as Record<string, typeof exp>;
  for (const [name, domain] of Object.entries(domains)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    let worst = 0;
    let at = 0;
    let count = 0;
    for (const sign of domain.signs) {
      const end = pattern(domain.high);
      for (let from = pattern(domain.low); from < end; from += CHUNK) {
        for (let i = 0; i < CHUNK; i++) patterns[i] = (from + i) | (sign << 31);
        kernels[name](y, x, CHUNK);
        const size = Math.min(CHUNK, end - from);
        count += size;
        for (let i = 0; i < size; i++) {
          const exact = domain.exact(inputs[i]);
          const got = outputs[i];
          floats[0] = exact;
          const exponent = (bits[0] >>> 23) & 255;
          // Beyond the largest float, infinity is right, and so is the largest float to within a place.
          const error =
            exponent === 255
              ? got === floats[0]
                ? 0
                : overflowError(got, exact)
              : Math.abs(got - exact) / places[exponent];
          if (!(error <= worst)) {
            worst = error;
            at = inputs[i];
          }
        }
      }
    }
    const verdict = worst <= domain.bound ? 'within' : 'OUTSIDE';
    console.log(
      `${binary} ${name}: ${worst.toFixed(3)} ulp at ${at}, ${verdict} ${domain.bound}, ${count} values`,
    );
    if (worst > domain.bound) process.exitCode = 1;
  }
}

/** Bits of 2^exponent. */
function pattern(exponent: number): number {
  floats[0] = 2 ** exponent;
  return exponent >= 128 ? 0x7f800000 : bits[0];
}

function overflowError(got: number, exact: number): number {
  return Math.abs(got - exact) / places[254];
}
