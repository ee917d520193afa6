/** The pruners by name: their options, and the rules that they make. */
import { OptionError } from '../../base/errors.js';
import type { OptionReader } from '../../base/options.js';
import { readKind } from '../samplers/named.js';
import { knownWithin } from '../samplers/sampler.js';
import type { Direction, Trial } from '../trial.js';
import { halvingLimits, hyperbandBrackets, rungsFrom } from './halving.js';
import { medianLimits } from './median.js';
import type { Rule } from './rule.js';

/** By what trials are stopped early: a name, or a name with options. */
export type PrunerOptions =
  | PrunerName
  | { readonly kind: 'none' }
  /**
   * Of the trials that got to a rung, one in `factor` goes on (3 by default); rungs are at `first` (1 by default) times powers of the
   * factor.
   */
  | { readonly kind: 'successiveHalving'; readonly first?: number; readonly factor?: number }
  /** Halving with several first rungs. `most`: the last step; of a training its epochs by default. */
  | { readonly kind: 'hyperband'; readonly first?: number; readonly factor?: number; readonly most?: number }
  /**
   * Worse than the median of complete trials at the same step, once there are `startup` of them (5 by default), and past the step
   * `warmUp` (0 by default).
   */
  | { readonly kind: 'median'; readonly startup?: number; readonly warmUp?: number }
  /**
   * Stops where the last `reports` (5 by default) are not better than those before by more than `least` (0 by
   * default); and, with another `pruner`, where that would stop too.
   */
  | {
      readonly kind: 'patience';
      readonly reports?: number;
      readonly least?: number;
      readonly pruner?: PrunerOptions;
    };

/** What pruners there are. */
export type PrunerName = 'none' | 'successiveHalving' | 'hyperband' | 'median' | 'patience';

function kindOf(given: unknown): unknown {
  return typeof given === 'object' && given !== null && 'kind' in given ? given.kind : given;
}

export interface Pruner {
  /** How many trials, from the first on, must have ended before this one begins. */
  needs(number: number): number;
  rule(number: number, ended: readonly Trial[]): Rule;
}

interface PrunerContext {
  readonly direction: Direction;
  readonly lag: number;
  /** The last step of every trial, where it is known. */
  readonly most: number | undefined;
}

type Make = (context: PrunerContext) => Pruner;
type Read = (reader: OptionReader, where: string) => { options: object; make: Make };

/** The last step that Hyperband can have. */
const MOST_STEPS = 100_000;

const NOTHING: Rule = { limits: [], of: 'report' };

/** One whose rule follows from the results before. */
const adaptive =
  (rule: (context: PrunerContext, number: number, ended: readonly Trial[]) => Rule): Make =>
  (context) => ({
    needs: (number) => knownWithin(context.lag, number),
    rule: (number, ended) => rule(context, number, ended),
  });

const readFirst = (reader: OptionReader) => reader.integer('first', { min: 1 }, 1);
const readFactor = (reader: OptionReader) => reader.integer('factor', { min: 2 }, 3);

const pruners: Readonly<Record<PrunerName, Read>> = {
  none: () => ({ options: {}, make: () => ({ needs: () => 0, rule: () => NOTHING }) }),
  successiveHalving(reader) {
    const [first, factor] = [readFirst(reader), readFactor(reader)];
    return {
      options: { first, factor },
      make: adaptive(({ direction }, _, ended) => ({
        limits: halvingLimits(ended, direction, rungsFrom(first, factor, ended), factor),
        of: 'report',
      })),
    };
  },
  hyperband(reader, where) {
    const [first, factor] = [readFirst(reader), readFactor(reader)];
    const isCount = (value: unknown): value is number =>
      Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= MOST_STEPS;
    const given = reader.optional('most', `a whole number from 1 to ${MOST_STEPS}`, isCount);
    return {
      options: { first, factor, ...(given !== undefined && { most: given }) },
      make: (context) => {
        const most = given ?? context.most;
        if (most === undefined) {
          throw new OptionError(where, 'hyperband: expected most, the last step that trials report');
        }
        const bracketOf = hyperbandBrackets(first, factor, most);
        return adaptive(({ direction }, number, ended) => {
          const bracket = bracketOf(number);
          const rivals = ended.filter((trial) => bracketOf(trial.number) === bracket);
          const begin = first * factor ** bracket;
          return {
            limits: halvingLimits(rivals, direction, rungsFrom(begin, factor, rivals), factor),
            of: 'report',
          };
        })(context);
      },
    };
  },
  median(reader) {
    const startup = reader.integer('startup', { min: 1 }, 5);
    const warmUp = reader.integer('warmUp', { min: 0 }, 0);
    return {
      options: { startup, warmUp },
      make: adaptive((_, __, ended) => ({ limits: medianLimits(ended, startup, warmUp), of: 'best' })),
    };
  },
  patience(reader, where) {
    const reports = reader.integer('reports', { min: 1 }, 5);
    const least = reader.number('least', { min: 0 }, 0);
    const given = reader.any('pruner');
    if (kindOf(given) === 'patience') {
      throw new OptionError(where, 'pruner: expected another kind within patience');
    }
    const inner = given === undefined ? undefined : readPruner(where, given);
    return {
      options: { reports, least, ...(inner && { pruner: inner.config }) },
      make: (context) => {
        const own = inner?.make(context);
        return {
          needs: (number) => own?.needs(number) ?? 0,
          rule: (number, ended) => {
            const rule = own?.rule(number, ended);
            // No limit yet: the other one would stop nothing.
            if (rule && rule.limits.length === 0) return NOTHING;
            return { ...(rule ?? NOTHING), patience: { reports, least } };
          },
        };
      },
    };
  },
};

const prunerNames = Object.keys(pruners) as readonly PrunerName[];

/** All options resolved, as JSON, and how the pruner is made. */
export function readPruner(
  where: string,
  given: unknown,
): { readonly config: { readonly kind: PrunerName }; readonly make: Make } {
  const at = `${where}, pruner`;
  const { kind, reader } = readKind(at, given, prunerNames);
  const { options, make } = pruners[kind](reader, at);
  reader.end();
  return { config: { kind, ...options }, make };
}
