/**
 * Optimizers: how parameters follow their gradients. Formulas and defaults are PyTorch's (torch.optim), and
 * options have its names. A moment that falls below 2⁻¹⁰⁰ becomes 0, as denormal numbers would be a hundred
 * times slower.
 */

import { OptionError, show } from '../base/errors.js';
import { didYouMean, OptionReader } from '../base/options.js';
import type { Arena, Tensor } from '../engine/tensor.js';
import { adagradStep, adamStep, rmspropStep, sgdMomentumStep, sgdStep } from '../ops/optimizers.js';
import { power } from './exact-math.js';
import { asSchedule, isConfig, isSchedule, type Schedule, scheduleOf } from './schedules.js';

/** How parameters follow their gradients. Made by `sgd`, `adam` and the others. */
export interface Optimizer {
  readonly kind: string;
  /** The number given, or the first rate of the schedule. */
  readonly learningRate: number;
  /** The rate of each step; constant where a number was given. */
  readonly schedule: Schedule;
  /** JSON values that make an equal optimizer; `learningRate` is a number or a schedule's config. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The update is w - learningRate · g and nothing else: a layer may do it along with the gradient. */
  readonly plainSgd: boolean;
  /** Names of the tensors it keeps, each as large as the parameters and 0 at first. */
  readonly slots: readonly string[];
  /** Binds the update to flat tensors of parameters and gradients. `step` counts from 1. */
  compile(tensors: OptimizerTensors): (learningRate: number, step: number) => void;
}

/**
 * What an optimizer is bound to. All but `arena` lie in memory alike: the trained parameters one behind the
 * other, each row padded.
 */
export interface OptimizerTensors {
  readonly parameters: Tensor;
  readonly gradients: Tensor;
  readonly slots: readonly Tensor[];
  /** Memory that lives as long as what is compiled. */
  readonly arena: Arena;
  /**
   * Each parameter's part of a tensor that lies in memory as these do. Between the rows stand zeros, on which
   * kernels rely.
   */
  partsOf(tensor: Tensor): readonly Tensor[];
}

/** What is expected where an optimizer is, in messages. */
export const OPTIMIZER = 'an optimizer such as sgd({ learningRate: 0.1 })';

/** Whether it is an optimizer: one of ours, or anything of its shape. */
export function isOptimizer(value: unknown): value is Optimizer {
  if (typeof value !== 'object' || value === null) return false;
  const { kind, compile, config, schedule, slots } = value as Partial<Optimizer>;
  return (
    typeof kind === 'string' &&
    typeof compile === 'function' &&
    isConfig(config) &&
    isSchedule(schedule) &&
    Array.isArray(slots) &&
    slots.every((slot) => typeof slot === 'string')
  );
}

/** SGD's numbers; defaults are PyTorch's. */
export interface SgdOptions {
  learningRate: number | Schedule;
  /** μ; 0 by default. */
  momentum?: number;
  /** τ; 0 by default. */
  dampening?: number;
  /** Needs momentum, and no dampening. */
  nesterov?: boolean;
  /** λ; 0 by default. */
  weightDecay?: number;
}

/**
 * Stochastic gradient descent: g = g + λ·w; b = μ·b + (1 - τ)·g, at the first step b = g; w = w -
 * learningRate · b, or with Nesterov's momentum w - learningRate · (g + μ·b). As torch.optim.SGD.
 */
export function sgd(options: SgdOptions): Optimizer {
  const reader = new OptionReader('sgd', options);
  const rate = readRate(reader, 'sgd');
  const momentum = reader.number('momentum', { min: 0 }, 0);
  const dampening = reader.number('dampening', { min: 0, max: 1 }, 0);
  const nesterov = reader.boolean('nesterov', false);
  const weightDecay = reader.number('weightDecay', { min: 0 }, 0);
  reader.end();
  if (nesterov && (momentum === 0 || dampening !== 0)) {
    throw new OptionError('sgd', 'option nesterov: expected a momentum above 0 and no dampening');
  }
  const plain = momentum === 0 && weightDecay === 0;
  // What is at its default is left out: the configuration of plain SGD is as short as it always was.
  const config = {
    ...(momentum !== 0 && { momentum }),
    ...(dampening !== 0 && { dampening }),
    ...(nesterov && { nesterov }),
    ...(weightDecay !== 0 && { weightDecay }),
  };
  return describe('sgd', rate, config, momentum === 0 ? [] : ['momentum'], {
    plainSgd: plain,
    compile({ parameters: w, gradients: g, slots: [buffer] }) {
      if (plain) return sgdStep({ w, g });
      const step = sgdMomentumStep({ w, g, buffer, momentum, nesterov, weightDecay });
      return (learningRate, t) => step(learningRate, t === 1 ? 1 : 1 - dampening);
    },
  });
}

/** Adam's and AdamW's numbers; defaults are PyTorch's. */
export interface AdamOptions {
  /** 0.001 by default. */
  learningRate?: number | Schedule;
  /** β₁ and β₂; [0.9, 0.999] by default. */
  betas?: readonly [number, number];
  /** ε; 1e-8 by default. */
  eps?: number;
  /** λ; 0 by default, for adamW 0.01. */
  weightDecay?: number;
}

/**
 * Adam: g = g + λ·w; m = β₁·m + (1 - β₁)·g; v = β₂·v + (1 - β₂)·g²; w = w - learningRate · m̂ / (√v̂ + ε),
 * with m̂ = m / (1 - β₁ᵗ) and v̂ = v / (1 - β₂ᵗ) at step t. As torch.optim.Adam (Kingma and Ba 2015).
 */
export function adam(options?: AdamOptions): Optimizer {
  return adamOf('adam', options, 0);
}

/**
 * Adam with decoupled weight decay: w = (1 - learningRate · λ)·w first, and g as it is. As torch.optim.AdamW
 * (Loshchilov and Hutter 2019).
 */
export function adamW(options?: AdamOptions): Optimizer {
  return adamOf('adamW', options, 0.01);
}

function adamOf(kind: 'adam' | 'adamW', options: AdamOptions | undefined, defaultDecay: number): Optimizer {
  const reader = new OptionReader(kind, options);
  const rate = readRate(reader, kind, 0.001);
  const [beta1, beta2] = readBetas(reader);
  const eps = reader.number('eps', { above: 0 }, 1e-8);
  const weightDecay = reader.number('weightDecay', { min: 0 }, defaultDecay);
  reader.end();
  const decoupled = kind === 'adamW';
  return describe(kind, rate, { betas: [beta1, beta2], eps, weightDecay }, ['m', 'v'], {
    plainSgd: false,
    compile({ parameters: w, gradients: g, slots: [m, v] }) {
      const step = adamStep({ w, m, v, g, beta1, beta2, eps, weightDecay: decoupled ? 0 : weightDecay });
      return (learningRate, t) =>
        step(
          learningRate / (1 - power(beta1, t)),
          1 / Math.sqrt(1 - power(beta2, t)),
          decoupled ? 1 - learningRate * weightDecay : 1,
        );
    },
  });
}

/** RMSprop's numbers; defaults are PyTorch's. */
export interface RmspropOptions {
  /** 0.01 by default. */
  learningRate?: number | Schedule;
  /** α; 0.99 by default. */
  alpha?: number;
  /** ε; 1e-8 by default. */
  eps?: number;
  /** λ; 0 by default. */
  weightDecay?: number;
  /** μ; 0 by default. */
  momentum?: number;
  /** Divide by the deviation in place of the root mean square; false by default. */
  centered?: boolean;
}

/**
 * RMSprop: g = g + λ·w; v = α·v + (1 - α)·g²; if centered a = α·a + (1 - α)·g, else a = 0; d = g / (√(v - a²)
 * + ε); b = μ·b + d; w = w - learningRate · b. As torch.optim.RMSprop.
 */
export function rmsprop(options?: RmspropOptions): Optimizer {
  const reader = new OptionReader('rmsprop', options);
  const rate = readRate(reader, 'rmsprop', 0.01);
  const alpha = reader.number('alpha', { min: 0, below: 1 }, 0.99);
  const eps = reader.number('eps', { above: 0 }, 1e-8);
  const weightDecay = reader.number('weightDecay', { min: 0 }, 0);
  const momentum = reader.number('momentum', { min: 0 }, 0);
  const centered = reader.boolean('centered', false);
  reader.end();
  const slots = ['v', ...(centered ? ['average'] : []), ...(momentum > 0 ? ['momentum'] : [])];
  return describe('rmsprop', rate, { alpha, eps, weightDecay, momentum, centered }, slots, {
    plainSgd: false,
    compile({ parameters: w, gradients: g, slots: tensors }) {
      const slot = (name: string) => tensors[slots.indexOf(name)] as Tensor | undefined;
      const [v, average, buffer] = [tensors[0], slot('average'), slot('momentum')];
      return rmspropStep({ w, v, average, buffer, g, alpha, eps, weightDecay, momentum });
    },
  });
}

/** Adagrad's numbers; defaults are PyTorch's. */
export interface AdagradOptions {
  /** 0.01 by default. */
  learningRate?: number | Schedule;
  /** η; 0 by default. */
  learningRateDecay?: number;
  /** ε; 1e-10 by default. */
  eps?: number;
  /** λ; 0 by default. */
  weightDecay?: number;
}

/**
 * Adagrad: g = g + λ·w; s = s + g²; w = w - learningRate / (1 + (t - 1)·η) · g / (√s + ε) at step t. As
 * torch.optim.Adagrad with its initial accumulator value of 0.
 */
export function adagrad(options?: AdagradOptions): Optimizer {
  const reader = new OptionReader('adagrad', options);
  const rate = readRate(reader, 'adagrad', 0.01);
  const learningRateDecay = reader.number('learningRateDecay', { min: 0 }, 0);
  const eps = reader.number('eps', { above: 0 }, 1e-10);
  const weightDecay = reader.number('weightDecay', { min: 0 }, 0);
  reader.end();
  return describe('adagrad', rate, { learningRateDecay, eps, weightDecay }, ['sum'], {
    plainSgd: false,
    compile({ parameters: w, gradients: g, slots: [v] }) {
      const step = adagradStep({ w, v, g, eps, weightDecay });
      return (learningRate, t) => step(learningRate / (1 + (t - 1) * learningRateDecay));
    },
  });
}

/** β₁ and β₂. */
export function readBetas(reader: OptionReader): readonly [number, number] {
  return reader.optional('betas', 'two numbers, at least 0 and less than 1', isBetas) ?? [0.9, 0.999];
}

export interface Rate {
  readonly given: number | Schedule;
  readonly schedule: Schedule;
}

/** The option learningRate: a number, or a schedule. */
export function readRate(reader: OptionReader, where: string, fallback?: number): Rate {
  const accepts = (value: unknown): value is number | Schedule => value !== undefined && value !== null;
  const expected = 'a number or a schedule';
  const given =
    fallback === undefined
      ? reader.required('learningRate', expected, accepts)
      : (reader.optional('learningRate', expected, accepts) ?? fallback);
  return { given, schedule: asSchedule(where, 'learningRate', given) };
}

/** What all optimizers have alike. */
export function describe(
  kind: string,
  { given, schedule }: Rate,
  options: Record<string, unknown>,
  slots: readonly string[],
  rest: Pick<Optimizer, 'plainSgd' | 'compile'>,
): Optimizer {
  const learningRate = typeof given === 'number' ? given : schedule.rate(1, 1);
  return {
    kind,
    learningRate,
    schedule,
    config: { kind, learningRate: typeof given === 'number' ? given : schedule.config, ...options },
    slots,
    plainSgd: rest.plainSgd,
    compile(tensors) {
      // Of an optimizer that was changed by hand.
      if (tensors.slots.length !== slots.length) {
        throw new OptionError(kind, `expected slots ${show(slots)}, given ${tensors.slots.length}`);
      }
      return rest.compile(tensors);
    },
  };
}

function isBetas(value: unknown): value is readonly [number, number] {
  const isBeta = (beta: unknown) => typeof beta === 'number' && beta >= 0 && beta < 1;
  return Array.isArray(value) && value.length === 2 && value.every(isBeta);
}

/**
 * Every optimizer by its name: configurations, the settings of runs and the command line know of those that
 * stand here.
 */
const optimizers = { sgd, adam, adamW, rmsprop, adagrad } satisfies Record<
  string,
  (options: never) => Optimizer
>;

export type OptimizerName = keyof typeof optimizers;

export const optimizerNames = /* @__PURE__ */ Object.keys(optimizers) as readonly OptimizerName[];

/** The optimizer that a `config` describes. Throws OptionError for one that is not known. */
export function optimizerOf(config: Readonly<Record<string, unknown>>): Optimizer {
  const { kind, learningRate, ...options } = config;
  if (typeof kind !== 'string' || !Object.hasOwn(optimizers, kind)) {
    const hint = typeof kind === 'string' ? didYouMean(kind, optimizerNames) : '';
    throw new OptionError('optimizerOf', `unknown optimizer ${show(kind)}${hint}`);
  }
  const rate = typeof learningRate === 'object' ? scheduleOf(learningRate) : learningRate;
  const make: (options: never) => Optimizer = optimizers[kind as OptimizerName];
  return make({ ...options, ...(rate !== undefined && { learningRate: rate }) } as never);
}

/** Whether an optimizer has an option of this name. */
export function optimizerTakes(kind: OptimizerName, option: string): boolean {
  try {
    // A key without a value is at its default, but must be known.
    return Boolean(optimizerOf({ kind, learningRate: 1, [option]: undefined }));
  } catch {
    return false;
  }
}
