/**
 * Learning-rate schedules: functions of the step. The formulas are PyTorch's (torch.optim.lr_scheduler),
 * taken at every step, where a scheduler's `last_epoch` is step - 1. All of them are made of IEEE operations:
 * the same bits everywhere.
 */
import { OptionError, show } from '../base/errors.js';
import { didYouMean, OptionReader } from '../base/options.js';
import { cosPi, power } from './exact-math.js';

/** A learning rate as a function of the step. */
export interface Schedule {
  readonly kind: string;
  /** JSON values that make an equal schedule, `kind` among them. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Its rates do not depend on the number of all steps: a run that goes on may then be given more epochs. */
  readonly openEnded?: boolean;
  /** The learning rate of step 1, 2 … totalSteps. Steps beyond the total have the last one's. */
  rate(step: number, totalSteps: number): number;
}

/** A schedule that looks at a metric. Its state belongs to one training: `reset` before another. */
export interface PlateauSchedule extends Schedule {
  /** Takes the metric of an epoch, or whatever interval it is measured at. */
  observe(metric: number): void;
  /** What it remembers: a JSON value. Setting it resumes; OptionError when it is no such state. */
  state: PlateauState;
  reset(): void;
}

/** What `reduceOnPlateau` carries along, as JSON values. */
export interface PlateauState {
  /** What the learning rate has been multiplied to. */
  readonly rate: number;
  /** The best metric so far; null before the first. */
  readonly best: number | null;
  readonly badEpochs: number;
  readonly cooldown: number;
}

/** The smallest rate that float32 does not round to zero, and the largest that it can hold. */
const RATES = { min: 2 ** -149, max: 3.4028234663852886e38 };

/** The same rate at every step. */
export function constantRate(learningRate: number): Schedule {
  new OptionReader('constantRate', { learningRate }).number('learningRate', RATES);
  return openEnded(make('constant', { learningRate }, () => learningRate));
}

/** learningRate · gamma^⌊(step - 1) / stepSize⌋, as StepLR. gamma is 0.1 by default. */
export function stepDecay(options: { learningRate: number; stepSize: number; gamma?: number }): Schedule {
  const reader = new OptionReader('stepDecay', options);
  const learningRate = reader.number('learningRate', RATES);
  const stepSize = reader.integer('stepSize', { min: 1 });
  const gamma = reader.number('gamma', { above: 0, max: 1 }, 0.1);
  reader.end();
  const rate = (t: number) => learningRate * power(gamma, Math.floor(t / stepSize));
  return openEnded(make('step', { learningRate, stepSize, gamma }, rate));
}

/**
 * minimum + ½ (learningRate - minimum) (1 + cos(π (step - 1) / totalSteps)), as CosineAnnealingLR with T_max
 * = totalSteps. minimum is 0 by default.
 */
export function cosineDecay(options: { learningRate: number; minimum?: number }): Schedule {
  const reader = new OptionReader('cosineDecay', options);
  const learningRate = reader.number('learningRate', RATES);
  const minimum = reader.number('minimum', { min: 0, max: learningRate }, 0);
  reader.end();
  return make(
    'cosine',
    { learningRate, minimum },
    (t, total) => minimum + 0.5 * (learningRate - minimum) * (1 + cosPi(t / total)),
  );
}

/**
 * For `steps` steps from startFactor to 1 times the first rate of `schedule`, in a straight line: factor =
 * startFactor + (1 - startFactor) (step - 1) / steps, as LinearLR; afterwards the schedule with its own count
 * of steps, as SequentialLR. startFactor is 1/3 by default.
 */
export function warmUp(options: {
  steps: number;
  schedule: number | Schedule;
  startFactor?: number;
}): Schedule {
  const where = 'warmUp';
  const reader = new OptionReader(where, options);
  const steps = reader.integer('steps', { min: 1 });
  const schedule = asSchedule(where, 'schedule', reader.required('schedule', SCHEDULE, isRate));
  const startFactor = reader.number('startFactor', { above: 0, max: 1 }, 1 / 3);
  reader.end();
  if ('observe' in schedule) {
    throw new OptionError(where, 'option schedule: reduceOnPlateau cannot follow a warm-up');
  }
  const made = make('warmUp', { steps, schedule: schedule.config, startFactor }, (t, total) => {
    const rest = Math.max(total - steps, 1);
    if (t >= steps) return schedule.rate(t - steps + 1, rest);
    return schedule.rate(1, rest) * (startFactor + ((1 - startFactor) * t) / steps);
  });
  return schedule.openEnded ? openEnded(made) : made;
}

/** The one-cycle schedule's shape. */
export interface OneCycleOptions {
  /** The largest rate. */
  maxLearningRate: number;
  /** Share of the steps in which the rate rises; 0.3 by default. */
  percentStart?: number;
  /** The first rate is maxLearningRate / divFactor; 25 by default. */
  divFactor?: number;
  /** The last rate is the first / finalDivFactor; 1e4 by default. */
  finalDivFactor?: number;
  /** `cos` by default. */
  anneal?: 'cos' | 'linear';
}

/**
 * Up to maxLearningRate and down again over all steps (Smith and Topin 2017), as OneCycleLR but for the
 * momentum, which stays.
 */
export function oneCycle(options: OneCycleOptions): Schedule {
  const reader = new OptionReader('oneCycle', options);
  const maxLearningRate = reader.number('maxLearningRate', RATES);
  const percentStart = reader.number('percentStart', { min: 0, max: 1 }, 0.3);
  const divFactor = reader.number('divFactor', { above: 0 }, 25);
  const finalDivFactor = reader.number('finalDivFactor', { above: 0 }, 1e4);
  const anneal = reader.oneOf('anneal', ['cos', 'linear'], 'cos');
  reader.end();
  const first = maxLearningRate / divFactor;
  const last = first / finalDivFactor;
  const between = (from: number, to: number, share: number) =>
    anneal === 'cos' ? to + ((from - to) / 2) * (1 + cosPi(share)) : from + (to - from) * share;
  const config = { maxLearningRate, percentStart, divFactor, finalDivFactor, anneal };
  return make('oneCycle', config, (t, total) => {
    const top = percentStart * total - 1;
    const end = total - 1;
    if (t <= top) return top > 0 ? between(first, maxLearningRate, t / top) : maxLearningRate;
    return end > top ? between(maxLearningRate, last, (t - top) / (end - top)) : last;
  });
}

/** When and how much `reduceOnPlateau` lowers the rate. */
export interface PlateauOptions {
  learningRate: number;
  /** Whether a metric is better when it is lower (`min`, the default) or higher. */
  mode?: 'min' | 'max';
  /** What the rate is multiplied by; 0.1 by default. */
  factor?: number;
  /** Metrics without improvement that are borne; the rate falls at the next. 10 by default. */
  patience?: number;
  /** How much counts as better; 1e-4 by default. */
  threshold?: number;
  /** Whether the threshold is a share of the best metric (`rel`, the default) or a difference. */
  thresholdMode?: 'rel' | 'abs';
  /** Metrics after a fall that do not count; 0 by default. */
  cooldown?: number;
  /** 0 by default. */
  minimum?: number;
}

/** Multiplies the rate by `factor` when a metric has stopped improving, as ReduceLROnPlateau. */
export function reduceOnPlateau(options: PlateauOptions): PlateauSchedule {
  const where = 'reduceOnPlateau';
  const reader = new OptionReader(where, options);
  const learningRate = reader.number('learningRate', RATES);
  const mode = reader.oneOf('mode', ['min', 'max'], 'min');
  const factor = reader.number('factor', { above: 0, below: 1 }, 0.1);
  const patience = reader.integer('patience', { min: 0 }, 10);
  const threshold = reader.number('threshold', { min: 0 }, 1e-4);
  const thresholdMode = reader.oneOf('thresholdMode', ['rel', 'abs'], 'rel');
  const cooldown = reader.integer('cooldown', { min: 0 }, 0);
  const minimum = reader.number('minimum', { min: 0, max: learningRate }, 0);
  reader.end();
  const sign = mode === 'min' ? 1 : -1;
  const start: PlateauState = { rate: learningRate, best: null, badEpochs: 0, cooldown: 0 };
  let state = start;
  const isBetter = (metric: number, best: number | null) => {
    if (best === null) return true;
    const bound = thresholdMode === 'rel' ? best * (1 - sign * threshold) : best - sign * threshold;
    return sign * metric < sign * bound;
  };
  const config = {
    ...{ learningRate, mode, factor, patience, threshold },
    ...{ thresholdMode, cooldown, minimum },
  };
  return {
    kind: where,
    config: { kind: where, ...config },
    openEnded: true,
    rate: () => state.rate,
    observe(metric) {
      if (typeof metric !== 'number') {
        throw new OptionError(where, `observe: expected a number, given ${show(metric)}`);
      }
      let { rate, best, badEpochs } = state;
      let rest = state.cooldown;
      if (isBetter(metric, best)) [best, badEpochs] = [metric, 0];
      else badEpochs++;
      if (rest > 0) [rest, badEpochs] = [rest - 1, 0];
      if (badEpochs > patience) {
        const lower = Math.max(rate * factor, minimum);
        // A change too small to matter is none: PyTorch's eps.
        if (rate - lower > 1e-8) rate = lower;
        [rest, badEpochs] = [cooldown, 0];
      }
      state = { rate, best, badEpochs, cooldown: rest };
    },
    get state() {
      return state;
    },
    set state(given) {
      state = readState(given);
    },
    reset() {
      state = start;
    },
  };

  function readState(given: unknown): PlateauState {
    const reader = new OptionReader(`${where}, state`, given);
    const read = {
      rate: reader.number('rate', { min: 0, max: learningRate }),
      best: (given as PlateauState).best === null ? null : reader.number('best'),
      badEpochs: reader.integer('badEpochs', { min: 0 }),
      cooldown: reader.integer('cooldown', { min: 0 }),
    };
    if (read.best === null) reader.optional('best', 'null', (value): value is null => value === null);
    reader.end();
    return read;
  }
}

const SCHEDULE = 'a number or a schedule such as cosineDecay({ learningRate: 0.1 })';

/** A number, or what a function of this file has made. */
function isRate(value: unknown): value is number | Schedule {
  return typeof value === 'number' || isSchedule(value);
}

/** Whether it is a schedule: one of ours, or anything of its shape. */
export function isSchedule(value: unknown): value is Schedule {
  if (typeof value !== 'object' || value === null) return false;
  const { rate, config } = value as Partial<Schedule>;
  return typeof rate === 'function' && isConfig(config);
}

export function isConfig(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The schedule of a learning rate given as a number or as it is. Throws OptionError for anything else. */
export function asSchedule(where: string, option: string, given: unknown): Schedule {
  if (!isRate(given)) {
    throw new OptionError(where, `option ${option}: expected ${SCHEDULE}, given ${show(given)}`);
  }
  if (typeof given !== 'number') return given;
  const learningRate = new OptionReader(where, { [option]: given }).number(option, RATES);
  return openEnded(make('constant', { learningRate }, () => learningRate));
}

/** What a run knows when it makes a schedule: its largest rate and its length. */
interface RunLength {
  readonly learningRate: number;
  readonly stepsPerEpoch: number;
  readonly epochs: number;
}

interface ScheduleEntry {
  make(options: never): Schedule;
  /** What a run does that names it and says no more; absent for one that needs another schedule. */
  readonly inRun?: {
    /** For help: what becomes of the rate. */
    readonly about: string;
    options(run: RunLength): Readonly<Record<string, unknown>>;
  };
}

const byRate = ({ learningRate }: RunLength) => ({ learningRate });

/**
 * Every schedule by its kind: configurations, the settings of runs and the command line know of those that
 * stand here.
 */
const schedules = {
  constant: {
    make({ learningRate, ...rest }: { learningRate: number }) {
      new OptionReader('constantRate', rest).end();
      return constantRate(learningRate);
    },
    inRun: { about: 'as it is', options: byRate },
  },
  step: {
    make: stepDecay,
    inRun: {
      about: 'a tenth after each third',
      options: ({ learningRate, stepsPerEpoch, epochs }: RunLength) => ({
        learningRate,
        stepSize: stepsPerEpoch * Math.ceil(epochs / 3),
      }),
    },
  },
  cosine: {
    make: cosineDecay,
    inRun: { about: 'down to 0', options: byRate },
  },
  oneCycle: {
    make: oneCycle,
    inRun: {
      about: 'up and down',
      options: ({ learningRate }: RunLength) => ({ maxLearningRate: learningRate }),
    },
  },
  reduceOnPlateau: {
    make: reduceOnPlateau,
    inRun: {
      about: 'a tenth when validation stops improving',
      options: ({ learningRate }: RunLength) => ({ learningRate, patience: 2 }),
    },
  },
  warmUp: {
    make: ({ schedule, ...options }: { steps: number; schedule: unknown; startFactor: number }) =>
      warmUp({ ...options, schedule: scheduleOf(schedule) }),
  },
} satisfies Record<string, ScheduleEntry>;

type Schedules = typeof schedules;

/** Those that a run can be given by name. */
export type ScheduleName = {
  [Name in keyof Schedules]: Schedules[Name] extends { inRun: unknown } ? Name : never;
}[keyof Schedules];

export const scheduleNames = /* @__PURE__ */ namesInRuns();

function namesInRuns(): readonly ScheduleName[] {
  const isInRun = (name: string): name is ScheduleName => entryOf(name)?.inRun !== undefined;
  return Object.keys(schedules).filter(isInRun);
}

/** For help: what becomes of the rate. */
export function aboutSchedule(name: ScheduleName): string {
  return schedules[name].inRun.about;
}

/**
 * A schedule for a run of this length; `options` are its own, and have precedence. Throws OptionError for
 * what it does not take.
 */
export function scheduleForRun(name: ScheduleName, run: RunLength, options: object = {}): Schedule {
  return scheduleOf({ kind: name, ...schedules[name].inRun.options(run), ...options });
}

function entryOf(kind: unknown): ScheduleEntry | undefined {
  if (typeof kind !== 'string' || !Object.hasOwn(schedules, kind)) return undefined;
  return schedules[kind as keyof Schedules];
}

/**
 * The schedule that a `config` describes, a plateau's at its beginning. Throws OptionError for one that is
 * not known.
 */
export function scheduleOf(config: unknown): Schedule {
  const { kind, ...options } = (typeof config === 'object' && config !== null ? config : {}) as Record<
    string,
    unknown
  >;
  const entry = entryOf(kind);
  if (!entry) {
    const hint = typeof kind === 'string' ? didYouMean(kind, Object.keys(schedules)) : '';
    throw new OptionError('scheduleOf', `unknown schedule ${show(kind ?? config)}${hint}`);
  }
  return entry.make(options as never);
}

function openEnded(schedule: Schedule): Schedule {
  return { ...schedule, openEnded: true };
}

/** `rate` takes t = step - 1 and the total, the one within the other. */
function make(
  kind: string,
  config: Record<string, unknown>,
  rate: (t: number, total: number) => number,
): Schedule {
  return {
    kind,
    config: { kind, ...config },
    rate: (step, totalSteps) => {
      const total = Math.max(totalSteps, 1);
      return rate(Math.min(Math.max(step, 1), total) - 1, total);
    },
  };
}

/** Whether a schedule waits for something that is measured. */
export function isPlateau(schedule: Schedule): schedule is PlateauSchedule {
  return 'observe' in schedule;
}
