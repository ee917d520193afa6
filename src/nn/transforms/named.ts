/**
 * Transforms by name. Names are those of optax, formulas and defaults those of PyTorch's optimizers. They run
 * on the kernels of those optimizers, which write the update where parameters would be; so moments below
 * 2⁻¹⁰⁰ become 0 here as well.
 */
import { OptionError, show } from '../../base/errors.js';
import { didYouMean, OptionReader } from '../../base/options.js';
import type { Tensor } from '../../engine/tensor.js';
import { clamp, scale as scaleTensor } from '../../ops/around-step.js';
import type { Call } from '../../ops/check.js';
import { adagradStep, adamStep, rmspropStep, sgdMomentumStep, sgdStep } from '../../ops/optimizers.js';
import { fill, unary } from '../../ops/strided.js';
import { addScaled } from '../../ops/update.js';
import { viewOf } from '../../ops/view.js';
import { power } from '../exact-math.js';
import { clipByNorm } from '../full-update.js';
import { readBetas } from '../optimizers.js';
import { asSchedule, type Schedule, scheduleOf } from '../schedules.js';
import type { Transform } from './transform.js';

/**
 * update + weightDecay · parameter: λ of L2 before the moments of an optimizer, of decoupled decay behind
 * them.
 */
export function addDecayedWeights(weightDecay: number): Transform {
  const config = { weightDecay: readNumber('addDecayedWeights', 'weightDecay', weightDecay, { min: 0 }) };
  return make('addDecayedWeights', config, [], ({ update, parameters }) => {
    // An SGD step backwards: rounded, and with fma fused, as in the kernels of optimizers.
    const add = sgdStep({ w: update, g: parameters });
    return () => add(-weightDecay);
  });
}

/** Each number cut to ± limit. */
export function clip(limit: number): Transform {
  const config = { limit: readNumber('clip', 'limit', limit, { above: 0 }) };
  return make('clip', config, [], ({ update }) => clamp(update, limit));
}

/** Scaled so that the norm of all of it is at most `maxNorm`: as torch.nn.utils.clip_grad_norm_. */
export function clipByGlobalNorm(maxNorm: number): Transform {
  const config = { maxNorm: readNumber('clipByGlobalNorm', 'maxNorm', maxNorm, { above: 0 }) };
  return make('clipByGlobalNorm', config, [], ({ update }) => clipByNorm(update, maxNorm));
}

/** update · factor. */
export function scale(factor: number): Transform {
  const config = { factor: readNumber('scale', 'factor', factor) };
  return make('scale', config, [], ({ update }) => {
    const by = scaleTensor(update);
    return () => by(factor);
  });
}

/**
 * update · schedule(step), beside the learning rate, which may follow a schedule of its own.
 *
 * @throws OptionError for a schedule that depends on the number of all steps, or on a metric.
 */
export function scaleBySchedule(schedule: Schedule): Transform {
  const where = 'scaleBySchedule';
  const own = asSchedule(where, 'schedule', schedule);
  if (own.openEnded !== true || 'observe' in own) {
    const expected = 'expected one that does not know the end, such as stepDecay or a warmUp of it';
    throw new OptionError(where, `option schedule: ${expected}, given ${show(own.kind)}`);
  }
  return make(where, { schedule: own.config }, [], ({ update }) => {
    const by = scaleTensor(update);
    return (step) => by(own.rate(step, step));
  });
}

/** β₁ and β₂, ε; as those of `adam`. */
export interface ScaleByAdamOptions {
  /** [0.9, 0.999] by default. */
  betas?: readonly [number, number];
  /** 1e-8 by default. */
  eps?: number;
}

/**
 * m̂ / (√v̂ + ε), of the moments m = β₁·m + (1 - β₁)·u and v = β₂·v + (1 - β₂)·u² without their bias (Kingma
 * and Ba 2015).
 */
export function scaleByAdam(options?: ScaleByAdamOptions): Transform {
  const reader = new OptionReader('scaleByAdam', options);
  const [beta1, beta2] = readBetas(reader);
  const eps = reader.number('eps', { above: 0 }, 1e-8);
  reader.end();
  const config = { betas: [beta1, beta2], eps };
  return make('scaleByAdam', config, ['m', 'v'], ({ update, slots: [m, v] }) => {
    // In place: the kernel keeps nothing of the parameters' old value, and reads each gradient before it
    // writes there.
    const step = adamStep({ w: update, m, v, g: update, beta1, beta2, eps, weightDecay: 0 });
    return (t) => step(-1 / (1 - power(beta1, t)), 1 / Math.sqrt(1 - power(beta2, t)), 0);
  });
}

/** α, ε; as those of `rmsprop`. */
export interface ScaleByRmsOptions {
  /** 0.99 by default. */
  alpha?: number;
  /** 1e-8 by default. */
  eps?: number;
  /** Divide by the deviation in place of the root mean square; false by default. */
  centered?: boolean;
}

/**
 * u / (√(v - a²) + ε), with v = α·v + (1 - α)·u²; a is 0, or if centered α·a + (1 - α)·u (Tieleman and Hinton
 * 2012; Graves 2013).
 */
export function scaleByRms(options?: ScaleByRmsOptions): Transform {
  const reader = new OptionReader('scaleByRms', options);
  const alpha = reader.number('alpha', { min: 0, below: 1 }, 0.99);
  const eps = reader.number('eps', { above: 0 }, 1e-8);
  const centered = reader.boolean('centered', false);
  reader.end();
  const slots = centered ? ['v', 'average'] : ['v'];
  return make('scaleByRms', { alpha, eps, centered }, slots, ({ update, slots: [v, average] }) =>
    fromZero(update, (w) => {
      const rest = { alpha, eps, weightDecay: 0, momentum: 0 };
      const step = rmspropStep({ w, v, average, g: update, ...rest });
      return () => step(-1);
    }),
  );
}

/**
 * u / (√s + ε), with s = s + u², of all steps so far (Duchi, Hazan and Singer 2011). ε is 1e-10 by default,
 * as that of `adagrad`.
 */
export function scaleByRss(options?: { eps?: number }): Transform {
  const reader = new OptionReader('scaleByRss', options);
  const eps = reader.number('eps', { above: 0 }, 1e-10);
  reader.end();
  return make('scaleByRss', { eps }, ['sum'], ({ update, slots: [v] }) =>
    fromZero(update, (w) => {
      const step = adagradStep({ w, v, g: update, eps, weightDecay: 0 });
      return () => step(-1);
    }),
  );
}

/** -1, 0 or 1: of a number only its sign. */
export function scaleBySign(): Transform {
  return make('scaleBySign', {}, [], ({ update }) =>
    unary({ y: viewOf(update), x: viewOf(update), operation: 'sign' }),
  );
}

/** μ, τ and Nesterov's form, as those of `sgd`. */
export interface TraceOptions {
  /** μ; required. */
  momentum: number;
  /** τ; 0 by default. */
  dampening?: number;
  /** Needs no dampening; false by default. */
  nesterov?: boolean;
}

/** Momentum: b = μ·b + (1 - τ)·u, at the first step u; or with Nesterov's u + μ·b. */
export function trace(options: TraceOptions): Transform {
  const reader = new OptionReader('trace', options);
  const momentum = reader.number('momentum', { above: 0 });
  const dampening = reader.number('dampening', { min: 0, max: 1 }, 0);
  const nesterov = reader.boolean('nesterov', false);
  reader.end();
  if (nesterov && dampening !== 0) {
    throw new OptionError('trace', 'option nesterov: expected no dampening');
  }
  const config = { momentum, dampening, nesterov };
  return make('trace', config, ['momentum'], ({ update, slots: [buffer] }) =>
    fromZero(update, (w) => {
      const step = sgdMomentumStep({ w, g: update, buffer, momentum, nesterov, weightDecay: 0 });
      return (t) => step(-1, t === 1 ? 1 : 1 - dampening);
    }),
  );
}

/**
 * What a kernel takes from parameters that are all 0, as the new update: with a learning rate of -1 it is the
 * update itself, unrounded.
 */
function fromZero(update: Tensor, bind: (w: Tensor) => (step: number) => void): (step: number) => void {
  const w = update.scratch();
  const clear = fill({ y: viewOf(w), value: 0 });
  const run = bind(w);
  const copy = addScaled(update, w);
  return (step) => {
    clear();
    run(step);
    copy(1, false);
  };
}

function make(
  name: string,
  config: Transform['config'],
  slots: readonly string[],
  compile: (tensors: Parameters<Transform['compile']>[0]) => Call | ((step: number) => void),
): Transform {
  return { name, config, slots, compile };
}

function readNumber(
  where: string,
  name: string,
  value: unknown,
  range: Parameters<OptionReader['number']>[1] = {},
): number {
  return new OptionReader(where, { [name]: value }).number(name, range);
}

/** Every transform by its name, made of its config: configurations know of those that stand here. */
const transforms = {
  addDecayedWeights: ({ weightDecay }: { weightDecay: number }) => addDecayedWeights(weightDecay),
  clip: ({ limit }: { limit: number }) => clip(limit),
  clipByGlobalNorm: ({ maxNorm }: { maxNorm: number }) => clipByGlobalNorm(maxNorm),
  scale: ({ factor }: { factor: number }) => scale(factor),
  scaleByAdam,
  scaleByRms,
  scaleByRss,
  scaleBySchedule: ({ schedule }: { schedule: unknown }) => scaleBySchedule(scheduleOf(schedule)),
  scaleBySign,
  trace,
} satisfies Record<string, (config: never) => Transform>;

export const transformNames = /* @__PURE__ */ Object.keys(transforms);

/** The transform that a config with a name describes. Throws OptionError for one that is not known. */
export function transformOf(where: string, given: unknown): Transform {
  const { name, ...config } = (typeof given === 'object' && given !== null ? given : {}) as Record<
    string,
    unknown
  >;
  if (typeof name !== 'string' || !Object.hasOwn(transforms, name)) {
    const hint = typeof name === 'string' ? didYouMean(name, transformNames) : '';
    throw new OptionError(where, `unknown transform ${show(name ?? given)}${hint}`);
  }
  const make: (config: never) => Transform = transforms[name as keyof typeof transforms];
  return make(config as never);
}
