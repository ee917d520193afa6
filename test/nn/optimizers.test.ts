/**
 * Optimizers and schedules as objects: what they describe, what they refuse; powers and cosines without
 * Math's.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OptionError } from '../../src/base/errors.js';
import { cosPi, power } from '../../src/nn/exact-math.js';
import { lossOf } from '../../src/nn/loss-config.js';
import {
  binaryCrossEntropy,
  huber,
  meanAbsoluteError,
  meanSquaredError,
  softmaxCrossEntropy,
} from '../../src/nn/losses.js';
import { adagrad, adam, adamW, optimizerOf, rmsprop, sgd } from '../../src/nn/optimizers.js';
import {
  constantRate,
  cosineDecay,
  oneCycle,
  reduceOnPlateau,
  type Schedule,
  scheduleOf,
  stepDecay,
  warmUp,
} from '../../src/nn/schedules.js';

describe('optimizers', () => {
  test('describe themselves in JSON, with PyTorch’s defaults', () => {
    const configs = [adam(), adamW(), rmsprop(), adagrad()].map(({ config }) =>
      JSON.parse(JSON.stringify(config)),
    );
    expect(configs).toEqual([
      { kind: 'adam', learningRate: 0.001, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0 },
      { kind: 'adamW', learningRate: 0.001, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0.01 },
      {
        kind: 'rmsprop',
        learningRate: 0.01,
        alpha: 0.99,
        eps: 1e-8,
        weightDecay: 0,
        momentum: 0,
        centered: false,
      },
      { kind: 'adagrad', learningRate: 0.01, learningRateDecay: 0, eps: 1e-10, weightDecay: 0 },
    ]);
    expect(sgd({ learningRate: 0.1, momentum: 0.9, nesterov: true }).config).toEqual({
      ...{ kind: 'sgd', learningRate: 0.1, momentum: 0.9, nesterov: true },
    });
  });

  test('only plain SGD is plain, and slots are what is kept', () => {
    const all = [
      sgd({ learningRate: 1 }),
      sgd({ learningRate: 1, weightDecay: 0.1 }),
      sgd({ learningRate: 1, momentum: 0.9 }),
      adam(),
      adamW(),
      rmsprop(),
      rmsprop({ centered: true, momentum: 0.5 }),
      adagrad(),
    ];
    expect(all.map(({ plainSgd }) => plainSgd)).toEqual([true, ...new Array(7).fill(false)]);
    expect(all.map(({ slots }) => slots.join())).toEqual([
      ...['', '', 'momentum', 'm,v', 'm,v', 'v', 'v,average,momentum', 'sum'],
    ]);
  });

  test('take a schedule in place of a rate', () => {
    const schedule = warmUp({ steps: 2, schedule: cosineDecay({ learningRate: 0.4 }), startFactor: 0.5 });
    const optimizer = adam({ learningRate: schedule });
    expect(optimizer.learningRate).toBe(0.2);
    expect(optimizer.schedule).toBe(schedule);
    expect(optimizer.config.learningRate).toEqual({
      ...{ kind: 'warmUp', steps: 2, startFactor: 0.5 },
      schedule: { kind: 'cosine', learningRate: 0.4, minimum: 0 },
    });
    expect(adam({ learningRate: 0.3 }).schedule.rate(7, 9)).toBe(0.3);
  });

  test.each<[make: () => unknown, message: string]>([
    [() => sgd({ learningRate: 1, nesterov: true }), 'sgd: option nesterov: expected a momentum above 0'],
    [() => sgd({ learningRate: 1, momentum: 0.9, dampening: 0.1, nesterov: true }), 'no dampening'],
    [() => sgd({ learningRate: 1, momentum: -1 }), 'option momentum: expected a finite number, at least 0'],
    [
      () => sgd({ learningRate: {} as never }),
      'option learningRate: expected a number or a schedule such as',
    ],
    [
      () => adam({ betas: [0.9] as never }),
      'adam: option betas: expected two numbers, at least 0 and less than 1',
    ],
    [() => adam({ betas: [0.9, 1] }), 'option betas'],
    [() => adam({ eps: 0 }), 'option eps: expected a finite number, greater than 0, given 0'],
    [() => adam({ momentum: 0.9 } as never), 'unknown option "momentum"'],
    [() => adam({ learningRate: 0 }), 'adam: option learningRate: expected a finite number, at least'],
    [() => adamW({ weightDecay: Number.NaN }), 'adamW: option weightDecay'],
    [
      () => rmsprop({ alpha: 1 }),
      'rmsprop: option alpha: expected a finite number, at least 0 and less than 1',
    ],
    [() => rmsprop({ centred: true } as never), 'did you mean "centered"?'],
    [() => adagrad({ learningRateDecay: -1 }), 'adagrad: option learningRateDecay'],
  ])('refuse %#', (make, message) => {
    expect(make).toThrow(OptionError);
    expect(make).toThrow(message);
  });
});

describe('schedules', () => {
  test.each<[make: () => unknown, message: string]>([
    [() => constantRate(0), 'constantRate: option learningRate'],
    [
      () => stepDecay({ learningRate: 1, stepSize: 0 }),
      'stepDecay: option stepSize: expected a whole number',
    ],
    [() => stepDecay({ learningRate: 1, stepSize: 3, gamma: 2 }), 'option gamma'],
    [() => cosineDecay({ learningRate: 0.1, minimum: 0.2 }), 'option minimum: expected a finite number'],
    [
      () => warmUp({ steps: 3, schedule: 'cosine' as never }),
      'option schedule: expected a number or a schedule',
    ],
    [() => warmUp({ steps: 3 } as never), 'option schedule is required'],
    [() => warmUp({ steps: 3, schedule: 0.1, startFactor: 0 }), 'option startFactor'],
    [
      () => warmUp({ steps: 3, schedule: reduceOnPlateau({ learningRate: 1 }) }),
      'reduceOnPlateau cannot follow a warm-up',
    ],
    [() => oneCycle({ maxLearningRate: 1, anneal: 'poly' as never }), 'option anneal'],
    [() => reduceOnPlateau({ learningRate: 1, factor: 1 }), 'option factor'],
    [() => reduceOnPlateau({ learningRate: 1, mode: 'best' as never }), 'option mode'],
    [() => reduceOnPlateau({ learningRate: 1 }).observe('0.3' as never), 'observe: expected a number'],
    [
      () => {
        reduceOnPlateau({ learningRate: 1 }).state = { rate: 1, best: 0, badEpochs: -1, cooldown: 0 };
      },
      'state: option badEpochs',
    ],
    [
      () => {
        reduceOnPlateau({ learningRate: 1 }).state = { rate: 2, best: null, badEpochs: 0, cooldown: 0 };
      },
      'state: option rate',
    ],
    [
      () => {
        reduceOnPlateau({ learningRate: 1 }).state = null as never;
      },
      'expected',
    ],
  ])('refuse %#', (make, message) => {
    expect(make).toThrow(OptionError);
    expect(make).toThrow(message);
  });

  test('rates are finite, not negative, and never above the largest, whatever the step and the total', () => {
    const schedules: Schedule[] = [
      stepDecay({ learningRate: 1, stepSize: 7 }),
      cosineDecay({ learningRate: 1, minimum: 0.1 }),
      warmUp({ steps: 5, schedule: 1 }),
      warmUp({ steps: 500, schedule: cosineDecay({ learningRate: 1 }) }),
      oneCycle({ maxLearningRate: 1 }),
      oneCycle({ maxLearningRate: 1, percentStart: 0 }),
      oneCycle({ maxLearningRate: 1, percentStart: 1, anneal: 'linear' }),
      reduceOnPlateau({ learningRate: 1 }),
    ];
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 0, max: 2000 }), (step, total) => {
        for (const schedule of schedules) {
          const rate = schedule.rate(step, total);
          if (!(rate >= 0 && rate <= 1 + 1e-12)) throw new Error(`${schedule.kind} gives ${rate}`);
          if (step > total && schedule.rate(Math.max(total, 1), total) !== rate)
            throw new Error(`${schedule.kind} goes on after the end`);
        }
      }),
    );
  });

  test('a plateau that sees NaN counts it as no improvement, and reset forgets', () => {
    const schedule = reduceOnPlateau({ learningRate: 1, patience: 1 });
    for (const metric of [1, Number.NaN, Number.NaN]) schedule.observe(metric);
    expect(schedule.rate(1, 1)).toBeCloseTo(0.1, 12);
    schedule.reset();
    expect(schedule.rate(1, 1)).toBe(1);
    expect(schedule.state.best).toBeNull();
  });
});

describe('a config makes an equal object', () => {
  const json = (config: object) => JSON.parse(JSON.stringify(config)) as Record<string, unknown>;

  test.each([
    sgd({ learningRate: 0.1 }),
    sgd({ learningRate: 0.1, momentum: 0.9, nesterov: true, weightDecay: 0.01 }),
    adam({ betas: [0.5, 0.6] }),
    adamW({ learningRate: warmUp({ steps: 3, schedule: stepDecay({ learningRate: 0.1, stepSize: 4 }) }) }),
    rmsprop({ centered: true }),
    adagrad({ learningRate: reduceOnPlateau({ learningRate: 0.1, patience: 3 }) }),
  ])('optimizer $kind', (optimizer) => {
    const again = optimizerOf(json(optimizer.config));
    expect(again.config).toEqual(optimizer.config);
    expect(again.slots).toEqual(optimizer.slots);
    expect(again.schedule.rate(2, 9)).toBe(optimizer.schedule.rate(2, 9));
  });

  test.each([
    constantRate(0.1),
    cosineDecay({ learningRate: 0.1, minimum: 0.01 }),
    oneCycle({ maxLearningRate: 0.1, anneal: 'linear' }),
  ])('schedule $kind', (schedule) => {
    expect(scheduleOf(json(schedule.config)).config).toEqual(schedule.config);
  });

  test.each([
    softmaxCrossEntropy({ labelSmoothing: 0.1, classWeights: [1, 2] }),
    binaryCrossEntropy({ positiveWeight: 2 }),
    meanSquaredError(),
    meanAbsoluteError(),
    huber({ delta: 2 }),
  ])('loss $kind', (loss) => {
    expect(lossOf(json(loss.config)).config).toEqual(loss.config);
  });

  test('what is not known is refused', () => {
    expect(() => optimizerOf({ kind: 'lion' })).toThrow('optimizerOf: unknown optimizer "lion"');
    expect(() => optimizerOf({ kind: 'toString' })).toThrow(OptionError);
    expect(() => optimizerOf({ kind: 'adam', learningRate: {} })).toThrow('scheduleOf: unknown schedule');
    expect(() => scheduleOf({ kind: 'cosine', learningRate: 1, steps: 1 })).toThrow('unknown option "steps"');
    expect(() => scheduleOf(null)).toThrow('scheduleOf: unknown schedule null');
    expect(() => lossOf({ kind: 'hinge' })).toThrow('lossOf: unknown loss "hinge"');
    expect(() => lossOf({ kind: 'meanSquaredError', delta: 1 })).toThrow('unknown option "delta"');
  });
});

describe('exact math', () => {
  test('power is Math.pow but for rounding', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.5, max: 1, noNaN: true }),
        fc.integer({ min: 0, max: 5000 }),
        (base, n) => {
          const exact = base ** n;
          return Math.abs(power(base, n) - exact) <= 1e-15 * (40 + n) * exact + 1e-300;
        },
      ),
    );
    expect(power(0.9, 0)).toBe(1);
    expect(power(2, 10)).toBe(1024);
  });

  test('cosPi is cos(πx) within 4e-16', () => {
    for (let i = 0; i <= 10_000; i++) {
      const x = i / 10_000;
      expect(Math.abs(cosPi(x) - Math.cos(Math.PI * x))).toBeLessThan(4e-16);
    }
    expect([cosPi(0), cosPi(0.5), cosPi(1)].map((v) => Math.abs(v))).toEqual([1, 0, 1]);
  });
});
