/**
 * Initial values of parameters. They depend on the seed and the parameter's place in the model only, and are
 * the same bits everywhere: made of IEEE operations, never of Math.log or Math.cos.
 *
 * Glorot: X. Glorot and Y. Bengio, 2010. He: K. He et al., 2015. Fan-in and fan-out are the axes of an [in,
 * out] matrix.
 */

import { OptionError, show } from '../base/errors.js';
import { fillNormal, fillUniform } from '../base/random.js';

/** A rule that fills a parameter with its first values. */
export interface Initializer {
  readonly name: string;
  /** Fills `values`, a tensor of `shape`. Each parameter of a model has a stream of its own. */
  fill(values: Float32Array, shape: readonly number[], seed: number, stream: number): void;
}

/** Uniform in ±√(6 / (fan-in + fan-out)). */
export function glorotUniform(): Initializer {
  return uniform('glorotUniform', (fanIn, fanOut) => Math.sqrt(6 / (fanIn + fanOut)));
}

/** Normal with deviation √(2 / (fan-in + fan-out)). */
export function glorotNormal(): Initializer {
  return normal('glorotNormal', (fanIn, fanOut) => Math.sqrt(2 / (fanIn + fanOut)));
}

/** Uniform in ±√(6 / fan-in). */
export function heUniform(): Initializer {
  return uniform('heUniform', (fanIn) => Math.sqrt(6 / fanIn));
}

/** Normal with deviation √(2 / fan-in). */
export function heNormal(): Initializer {
  return normal('heNormal', (fanIn) => Math.sqrt(2 / fanIn));
}

/** Zero everywhere. */
export function zeros(): Initializer {
  return { name: 'zeros', fill: (values) => void values.fill(0) };
}

/** The same finite value everywhere. */
export function constant(value: number): Initializer {
  if (typeof value !== 'number' || !Number.isFinite(Math.fround(value)))
    throw new OptionError('constant', `expected a finite number, given ${show(value)}`);
  return { name: `constant(${value})`, fill: (values) => void values.fill(value) };
}

/** Normal with this deviation, whatever the shape. */
export function randomNormal(deviation: number): Initializer {
  if (typeof deviation !== 'number' || !Number.isFinite(Math.fround(deviation)) || deviation < 0)
    throw new OptionError('randomNormal', `expected a finite number, at least 0, given ${show(deviation)}`);
  return normal(`randomNormal(${deviation})`, () => deviation);
}

/** Every initializer that needs no numbers, by its name. */
const initializers = { glorotUniform, glorotNormal, heUniform, heNormal, zeros } satisfies Record<
  string,
  () => Initializer
>;

/** Names that options accept in place of an initializer. */
export type InitializerName = keyof typeof initializers;

export const initializerNames = /* @__PURE__ */ Object.keys(initializers) as readonly InitializerName[];

/** An initializer given by name or as it is. Throws OptionError for anything else. */
export function resolveInitializer(where: string, given: unknown): Initializer {
  if (typeof given === 'string' && Object.hasOwn(initializers, given)) {
    return initializers[given as InitializerName]();
  }
  // Arrays have a function of that name, too.
  const { name, fill } = (typeof given === 'object' && given !== null ? given : {}) as Partial<Initializer>;
  if (typeof name === 'string' && typeof fill === 'function') {
    return given as Initializer;
  }
  const names = initializerNames.map((name) => show(name)).join(', ');
  throw new OptionError(where, `expected an initializer or one of ${names}, given ${show(given)}`);
}

type Spread = (fanIn: number, fanOut: number) => number;

function uniform(name: string, limit: Spread): Initializer {
  return {
    name,
    fill(values, shape, seed, stream) {
      const bound = limit(...fans(shape));
      fillUniform(values, seed, stream, -bound, bound);
    },
  };
}

function normal(name: string, deviation: Spread): Initializer {
  return {
    name,
    fill(values, shape, seed, stream) {
      fillNormal(values, seed, stream, 0, deviation(...fans(shape)));
    },
  };
}

/** A vector counts as one row. */
function fans(shape: readonly number[]): [fanIn: number, fanOut: number] {
  return shape.length > 1 ? [shape[0], shape[1]] : [1, shape[0]];
}
