/**
 * Optimizers as chains of transforms: the gradients pass through them, and the learning rate times what comes
 * out is taken from the parameters. Where the last links of a chain are what a kernel does at once, as those
 * of `adam` and `sgd` are, that kernel runs.
 */
import { OptionError, show } from '../base/errors.js';
import { OptionReader } from '../base/options.js';
import {
  adagrad,
  adam,
  adamW,
  describe,
  type Optimizer,
  optimizerNames,
  type Rate,
  readRate,
  rmsprop,
  sgd,
} from './optimizers.js';
import type { Schedule } from './schedules.js';
import { transformNames } from './transforms/named.js';
import { ownTransform } from './transforms/own.js';
import type { OwnTransform, Transform } from './transforms/transform.js';

/** What an optimizer of one's own is made of. */
export interface ChainOptions {
  /** What it is called: in configurations, and before the names of what it keeps. */
  name: string;
  learningRate: number | Schedule;
  /** In order. None at all is plain SGD. */
  transforms: readonly (Transform | OwnTransform)[];
  /**
   * Whether a kernel that does several transforms at once takes their place where there is one, which is
   * faster and differs in last bits; true by default.
   */
  fuse?: boolean;
}

/**
 * An optimizer of one's own: w = w - learningRate · u, where u is what the transforms, one after the other,
 * make of the gradient.
 *
 *     const clipped = optimizer({
 *       name: 'clipped',
 *       learningRate: 1e-3,
 *       transforms: [clipByGlobalNorm(1), scaleByAdam(), addDecayedWeights(0.01)],
 *     });
 *
 * `sgd`, `adam` and the others are such chains: sgd of addDecayedWeights and trace, adam of addDecayedWeights
 * and scaleByAdam, adamW of scaleByAdam and addDecayedWeights, rmsprop of addDecayedWeights, scaleByRms and
 * trace, adagrad of addDecayedWeights and scaleByRss.
 *
 * @throws OptionError for a name that an optimizer of the library has, and for what is no transform.
 */
export function optimizer(options: ChainOptions): Optimizer {
  const where = 'optimizer';
  const reader = new OptionReader(where, options);
  const name = reader.required('name', 'a name of letters and digits', isName);
  const rate = readRate(reader, where);
  const given = reader.required('transforms', 'a list of transforms', isList);
  const fuse = reader.boolean('fuse', true);
  reader.end();
  if ((optimizerNames as readonly string[]).includes(name)) {
    throw new OptionError(where, `option name: ${show(name)} is an optimizer of the library`);
  }
  const transforms = given.map((one, i) => readTransform(where, i, one));
  const start = fuse ? fusedFrom(transforms) : transforms.length;
  const own = transforms.slice(0, start);
  const last = fusedOf(transforms.slice(start), rate.given)!;
  const config = {
    transforms: transforms.map((one) => ({ name: one.name, ...one.config })),
    ...(!fuse && { fuse }),
  };
  return describe(name, rate, config, slotNames(transforms), {
    plainSgd: transforms.length === 0,
    compile(tensors) {
      const { gradients: update, slots, ...others } = tensors;
      const rest = [...slots];
      const calls = own.map((one) =>
        one.compile({ ...others, update, slots: rest.splice(0, one.slots.length) }),
      );
      const finish = last.compile({ ...tensors, slots: rest });
      return (learningRate, step) => {
        for (let i = 0; i < calls.length; i++) calls[i](step, learningRate);
        finish(learningRate, step);
      };
    },
  });
}

function readTransform(where: string, index: number, given: unknown): Transform {
  const { name, config, slots, compile, apply } = (given ?? {}) as Partial<Transform & OwnTransform>;
  if (typeof name === 'string' && typeof compile === 'function' && Array.isArray(slots) && config) {
    return given as Transform;
  }
  if (typeof apply !== 'function') {
    const expected = 'expected one such as scaleByAdam(), or { name, slots, apply }';
    throw new OptionError(where, `option transforms, ${index}: ${expected}, given ${show(given)}`);
  }
  if (transformNames.includes(name as string)) {
    throw new OptionError(where, `option transforms, ${index}: ${show(name)} is a transform of the library`);
  }
  return ownTransform(where, given as OwnTransform);
}

/** `scaleByAdam.m`: of a transform that comes again, with the number of the time. */
function slotNames(transforms: readonly Transform[]): string[] {
  return transforms.flatMap(({ name, slots }, i) => {
    const before = transforms.slice(0, i).filter((other) => other.name === name).length;
    return slots.map((slot) => `${name}${before === 0 ? '' : `_${before}`}.${slot}`);
  });
}

/** What kernels do at once, by the names of the transforms; `options` are those of all of them. */
const kernels: Readonly<Record<string, (options: never) => Optimizer | undefined>> = {
  '': sgd,
  addDecayedWeights: sgd,
  trace: sgd,
  'addDecayedWeights trace': sgd,
  scaleByAdam: adam,
  'addDecayedWeights scaleByAdam': adam,
  'scaleByAdam addDecayedWeights': adamW,
  scaleByRms: rmsprop,
  'addDecayedWeights scaleByRms': rmsprop,
  'scaleByRms trace': rmspropOf,
  'addDecayedWeights scaleByRms trace': rmspropOf,
  scaleByRss: adagrad,
  'addDecayedWeights scaleByRss': adagrad,
};

/** Its momentum is the plain one. */
function rmspropOf({
  dampening,
  nesterov,
  ...options
}: {
  learningRate: number;
  dampening: number;
  nesterov: boolean;
}): Optimizer | undefined {
  return nesterov || dampening !== 0 ? undefined : rmsprop(options);
}

function fusedOf(transforms: readonly Transform[], learningRate: Rate['given']): Optimizer | undefined {
  const names = transforms.map(({ name }) => name).join(' ');
  const options = Object.assign({ learningRate }, ...transforms.map(({ config }) => config)) as never;
  return Object.hasOwn(kernels, names) ? kernels[names](options) : undefined;
}

/** Where the longest end of the chain begins that a kernel does at once. */
function fusedFrom(transforms: readonly Transform[]): number {
  const start = transforms.findIndex((_, i) => fusedOf(transforms.slice(i), 1) !== undefined);
  return start === -1 ? transforms.length : start;
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z][\w-]*$/.test(value);
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}
