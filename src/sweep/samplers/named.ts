/** The samplers by name: their options, and what each is when nothing is said. */
import { OptionError } from '../../base/errors.js';
import { OptionReader } from '../../base/options.js';
import { cmaEsSampler } from './cma-es.js';
import { gridSampler } from './grid.js';
import { populationSampler } from './population.js';
import { randomSampler } from './random.js';
import type { Sampler, SamplerContext } from './sampler.js';
import { sobolSampler } from './sobol.js';
import { tpeSampler } from './tpe.js';

/** How settings are chosen: a name, or a name with options. */
export type SamplerOptions =
  | SamplerName
  | { readonly kind: 'random' }
  /** `points`: values of a number without steps; 5 by default. */
  | { readonly kind: 'grid'; readonly points?: number }
  /** `scrambled` is true by default. */
  | { readonly kind: 'sobol'; readonly scrambled?: boolean }
  /**
   * `multivariate`: settings together in place of one by one, true by default; `startup`: trials by chance at first,
   * 10 by default; `candidates`: of which one is tried, 24 by default.
   */
  | {
      readonly kind: 'tpe';
      readonly multivariate?: boolean;
      readonly startup?: number;
      readonly candidates?: number;
    }
  /** `population`: trials of a generation, 4 + ⌊3 ln d⌋ by default; `deviation`: the first one, 0.3 by default. */
  | { readonly kind: 'cmaEs'; readonly population?: number; readonly deviation?: number }
  /**
   * Population based training. `population`: members that are trained side by side, 10 by default;
   * `interval`: steps, of a training its epochs, after which the worst go on from the best, 1 by default;
   * `quantile`: the part of the members that is the worst, and the best, 0.2 by default; `resample`: the
   * chance that a setting is then drawn anew, 0.25 by default.
   */
  | {
      readonly kind: 'pbt';
      readonly population?: number;
      readonly interval?: number;
      readonly quantile?: number;
      readonly resample?: number;
    };

/** What samplers there are. */
export type SamplerName = 'random' | 'grid' | 'sobol' | 'tpe' | 'cmaEs' | 'pbt';

/** Points, candidates and generations: more would only take long. */
const MOST = 10_000;

type Make = (context: SamplerContext) => Sampler;

const samplers: Readonly<Record<SamplerName, (reader: OptionReader) => { options: object; make: Make }>> = {
  random: () => ({ options: {}, make: randomSampler }),
  grid(reader) {
    const options = { points: reader.integer('points', { min: 2, max: MOST }, 5) };
    return { options, make: (context) => gridSampler(context, options) };
  },
  sobol(reader) {
    const options = { scrambled: reader.boolean('scrambled', true) };
    return { options, make: (context) => sobolSampler(context, options) };
  },
  tpe(reader) {
    const options = {
      multivariate: reader.boolean('multivariate', true),
      startup: reader.integer('startup', { min: 1 }, 10),
      candidates: reader.integer('candidates', { min: 1, max: MOST }, 24),
    };
    return { options, make: (context) => tpeSampler(context, options) };
  },
  cmaEs(reader) {
    const isCount = (value: unknown): value is number =>
      Number.isSafeInteger(value) && (value as number) >= 2 && (value as number) <= MOST;
    const population = reader.optional('population', `a whole number from 2 to ${MOST}`, isCount);
    const deviation = reader.number('deviation', { above: 0, max: 1 }, 0.3);
    const options = { population, deviation };
    return {
      options: { deviation, ...(population !== undefined && { population }) },
      make: (context) => cmaEsSampler(context, options),
    };
  },
  pbt(reader) {
    const options = {
      population: reader.integer('population', { min: 2, max: MOST }, 10),
      interval: reader.integer('interval', { min: 1 }, 1),
      quantile: reader.number('quantile', { above: 0, max: 0.5 }, 0.2),
      resample: reader.number('resample', { min: 0, max: 1 }, 0.25),
    };
    return { options, make: (context) => populationSampler(context, options) };
  },
};

export const samplerNames = Object.keys(samplers) as readonly SamplerName[];

/** All options resolved, as JSON, and how the sampler is made. */
export function readSampler(
  where: string,
  given: unknown,
): { readonly config: { readonly kind: SamplerName }; readonly make: Make } {
  const { kind, reader } = readKind(`${where}, sampler`, given, samplerNames);
  const { options, make } = samplers[kind](reader);
  reader.end();
  return { config: { kind, ...options }, make };
}

/** A name, or an object with one as its `kind`. */
export function readKind<Name extends string>(
  where: string,
  given: unknown,
  names: readonly Name[],
): { kind: Name; reader: OptionReader } {
  if (typeof given === 'string') return readKind(where, { kind: given }, names);
  if (given === undefined) throw new OptionError(where, `expected one of ${names.join(', ')}`);
  const reader = new OptionReader(where, given);
  return { kind: reader.oneOf('kind', names), reader };
}
