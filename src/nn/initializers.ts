/**
 * Initial values of parameters. They depend on the seed and the parameter's place in the model only, and are
 * the same bits everywhere: made of IEEE operations, never of Math.log or Math.cos.
 *
 * Glorot: X. Glorot and Y. Bengio, 2010. He: K. He et al., 2015. Fan-in is how many numbers make one output,
 * fan-out how many outputs one number goes into: the axes of an [in, out] matrix, each times height · width
 * for the kernels [height, width, in, out] of a convolution, as in section 2.2 of He et al. and in PyTorch.
 */

import { elementsOf } from '../base/arrays.js';
import { OptionError, show } from '../base/errors.js';
import { fillNormal, fillUniform } from '../base/random.js';

/** A rule that fills a parameter with its first values. */
export interface Initializer {
  readonly name: string;
  /**
   * Fills `values`, a tensor of `shape`. Each parameter of a model has a stream of its own. `fans` are there
   * where the shape does not say them, as for a convolution in groups.
   */
  fill(values: Float32Array, shape: readonly number[], seed: number, stream: number, fans?: Fans): void;
}

/** How many numbers make one output, and how many outputs one number goes into. */
export type Fans = readonly [fanIn: number, fanOut: number];

/** The same initializer for a parameter whose shape does not say its fans. */
export function withFans(initializer: Initializer, fans: Fans): Initializer {
  return {
    name: initializer.name,
    fill: (values, shape, seed, stream) => initializer.fill(values, shape, seed, stream, fans),
  };
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
  const names = initializerNames.map(show).join(', ');
  throw new OptionError(where, `expected an initializer or one of ${names}, given ${show(given)}`);
}

type Spread = (fanIn: number, fanOut: number) => number;

function uniform(name: string, limit: Spread): Initializer {
  return {
    name,
    fill(values, shape, seed, stream, fans = fansOf(shape)) {
      const bound = limit(...fans);
      fillUniform(values, seed, stream, -bound, bound);
    },
  };
}

function normal(name: string, deviation: Spread): Initializer {
  return {
    name,
    fill(values, shape, seed, stream, fans = fansOf(shape)) {
      fillNormal(values, seed, stream, 0, deviation(...fans));
    },
  };
}

/** A vector counts as one row. Axes before the last two are those of a kernel, which all go into each sum. */
function fansOf(shape: readonly number[]): Fans {
  if (shape.length < 2) return [1, shape[0]];
  const [fanIn, fanOut] = shape.slice(-2);
  const places = elementsOf(shape.slice(0, -2));
  return [places * fanIn, places * fanOut];
}
