/**
 * Every activation and its derivative at the ends of its range: finite, and the limit that the formula has.
 */
import { afterAll, expect, test } from 'vitest';
import { createReferenceEngine } from '../../src/create/reference.js';
import type { Activation } from '../../src/engine/kernels.js';
import { createEngine } from '../../src/index.js';
import { activations } from '../../src/nn/activations.js';
import { activate, activateBackward, isFused } from '../../src/ops/activations.js';
import { smooth, smoothBackward } from '../../src/ops/smooth.js';
import { activationFunctions } from '../exact.js';

const engines = [
  await createEngine({ math: 'strict', threads: 1 }),
  createReferenceEngine(),
  createReferenceEngine({ precision: 'float64' }),
];
afterAll(() => {
  for (const engine of engines) engine.dispose();
});

/**
 * Below where the functions bend, around where parts of a formula overflow or vanish, and up to the largest
 * float32.
 */
const sizes = [
  2 ** -149,
  2 ** -127,
  1e-20,
  90,
  105,
  1e4,
  1.1e13,
  1.2e13,
  1.8e19,
  1.9e19,
  1e30,
  3.4028234663852886e38,
];
const inputs = Float32Array.from(sizes.flatMap((x) => [x, -x]));

/** f'(0), and its limits far to the right and to the left. */
const slopes: Record<Activation, readonly [zero: number, right: number, left: number]> = {
  identity: [1, 1, 1],
  relu: [Number.NaN, 1, 0],
  sigmoid: [0.25, 0, 0],
  tanh: [1, 0, 0],
  leakyRelu: [Number.NaN, 1, 0.01],
  gelu: [0.5, 1, 0],
  geluTanh: [0.5, 1, 0],
  silu: [0.5, 1, 0],
  softplus: [0.5, 1, 0],
  elu: [1, 1, 0],
};

test.each(
  activations.flatMap((name) => engines.map((engine) => [name, engine.info.backend, engine] as const)),
)('%s on %s', (name, _, engine) => {
  const arena = engine.arena();
  const [x, y, dx, dy] = [0, 1, 2, 3].map(() => arena.tensor('float', [inputs.length]));
  x.write(inputs);
  dy.fill(1);
  const fused = isFused(name);
  (fused ? activate({ y, x, activation: name }) : smooth({ y, x, activation: name }))();
  if (fused) activateBackward({ dx, y, dy, activation: name })();
  else smoothBackward({ dx, x, dy, activation: name })();
  const [values, derivatives] = [y.read(), dx.read()];
  arena.dispose();
  const [zero, right, left] = slopes[name];
  for (const [i, input] of inputs.entries()) {
    // The form with tanh is 0/0 in its own tail: there the exact value is 0.
    const exact = name === 'geluTanh' && input < -1e4 ? 0 : activationFunctions[name](input);
    expect(Math.abs(values[i] - exact), `${name}(${input}) is ${values[i]}`).toBeLessThanOrEqual(
      1e-6 * Math.abs(exact) + (1 + Math.min(Math.abs(input), 200)) * 2 ** -148,
    );
    const bend = Number.isNaN(zero) ? (input > 0 ? right : left) : zero;
    const slope = Math.abs(input) < 1 ? bend : input > 0 ? right : left;
    expect(Math.abs(derivatives[i] - slope), `${name}'(${input}) is ${derivatives[i]}`).toBeLessThan(1e-6);
  }
});
