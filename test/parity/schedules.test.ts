/**
 * Schedules beside the values in PyTorch's documentation and tests (test/optim/test_lrscheduler.py), and
 * closed forms.
 */
import { describe, expect, test } from 'vitest';
import {
  constantRate,
  cosineDecay,
  oneCycle,
  reduceOnPlateau,
  type Schedule,
  stepDecay,
  warmUp,
} from '../../src/nn/schedules.js';
import { expectNear } from './parity.js';

/** Rates of all steps. */
function rates(schedule: Schedule, total: number): number[] {
  return Array.from({ length: total }, (_, i) => schedule.rate(i + 1, total));
}

const repeat = (value: number, times: number) => new Array<number>(times).fill(value);

test('StepLR’s documented example: 0.05, 0.005, 0.0005, each 30 times', () => {
  const schedule = stepDecay({ learningRate: 0.05, stepSize: 30 });
  expectNear(rates(schedule, 90), [...repeat(0.05, 30), ...repeat(0.005, 30), ...repeat(0.0005, 30)], 1e-12);
});

test('LinearLR’s documented example: 0.025, 0.03125, 0.0375, 0.04375, 0.05 …', () => {
  const schedule = warmUp({ steps: 4, schedule: 0.05, startFactor: 0.5 });
  expectNear(rates(schedule, 7), [0.025, 0.03125, 0.0375, 0.04375, 0.05, 0.05, 0.05], 1e-12);
});

test('CosineAnnealingLR: the closed form of its documentation', () => {
  const expected = Array.from(
    { length: 10 },
    (_, t) => 0.01 + 0.5 * 0.49 * (1 + Math.cos((Math.PI * t) / 10)),
  );
  expectNear(rates(cosineDecay({ learningRate: 0.5, minimum: 0.01 }), 10), expected, 1e-14);
});

test('SequentialLR of LinearLR and CosineAnnealingLR', () => {
  const schedule = warmUp({ steps: 5, schedule: cosineDecay({ learningRate: 1 }), startFactor: 0.2 });
  const warm = [0.2, 0.36, 0.52, 0.68, 0.84];
  const cosine = Array.from({ length: 15 }, (_, t) => 0.5 * (1 + Math.cos((Math.PI * t) / 15)));
  expectNear(rates(schedule, 20), [...warm, ...cosine], 1e-14);
});

describe('OneCycleLR', () => {
  test('test_onecycle_lr_linear_annealing', () => {
    const schedule = oneCycle({ maxLearningRate: 25, finalDivFactor: 2, anneal: 'linear' });
    expectNear(rates(schedule, 10), [1, 13, 25, 21.5, 18, 14.5, 11, 7.5, 4, 0.5], 1e-12);
  });

  test('test_onecycle_lr_cosine_annealing: cosines from 1 to 25 in 3 steps, and to 0.5 in 7', () => {
    const cosine = (from: number, to: number, t: number, n: number) =>
      to + ((from - to) / 2) * (1 + Math.cos((Math.PI * t) / n));
    const expected = [1, 13, 25, ...[1, 2, 3, 4, 5, 6, 7].map((t) => cosine(25, 0.5, t, 7))];
    expectNear(rates(oneCycle({ maxLearningRate: 25, finalDivFactor: 2 }), 10), expected, 1e-12);
  });
});

describe('ReduceLROnPlateau', () => {
  const from = (start: number, n: number, f: (i: number) => number) =>
    Array.from({ length: n }, (_, i) => f(i + start));
  type Options = Omit<Parameters<typeof reduceOnPlateau>[0], 'learningRate'>;
  const cases: [name: string, options: Options, metrics: number[], expected: number[]][] = [
    [
      'test_reduce_lr_on_plateau1',
      { thresholdMode: 'abs', threshold: 0.01, patience: 5, cooldown: 5 },
      from(0, 20, (i) => 10 - i * 0.0167),
      repeat(0.5, 20),
    ],
    [
      'test_reduce_lr_on_plateau2',
      { patience: 5, thresholdMode: 'abs', threshold: 0.1 },
      from(0, 22, (i) => 10 - i * 0.0165),
      [...repeat(0.5, 6), ...repeat(0.05, 7), ...repeat(0.005, 7), ...repeat(0.0005, 2)],
    ],
    [
      'test_reduce_lr_on_plateau3',
      { mode: 'max', patience: 5, cooldown: 5, thresholdMode: 'abs' },
      [...repeat(-0.8, 2), ...repeat(-0.234, 20)],
      [...repeat(0.5, 8), ...repeat(0.05, 11), ...repeat(0.005, 3)],
    ],
    [
      'test_reduce_lr_on_plateau4',
      { mode: 'max', patience: 3, thresholdMode: 'rel', threshold: 0.1 },
      from(0, 20, (i) => 1.5 * 1.025 ** i),
      repeat(0.5, 20),
    ],
    [
      'test_reduce_lr_on_plateau5',
      { mode: 'max', patience: 5, cooldown: 5, thresholdMode: 'rel', threshold: 0.1 },
      from(0, 20, (i) => 1.5 * 1.005 ** i),
      [...repeat(0.5, 6), ...repeat(0.05, 11), ...repeat(0.005, 3)],
    ],
  ];

  test.each(cases)('%s', (_, options, metrics, expected) => {
    const schedule = reduceOnPlateau({ learningRate: 0.5, ...options });
    const got = metrics.map((metric) => {
      schedule.observe(metric);
      return schedule.rate(1, 1);
    });
    expectNear(got, expected, 1e-12);
    // Stopped in the middle and resumed from JSON, it goes the same way.
    const [one, two] = [
      reduceOnPlateau({ learningRate: 0.5, ...options }),
      reduceOnPlateau({ learningRate: 0.5, ...options }),
    ];
    const half = Math.floor(metrics.length / 2);
    for (const metric of metrics.slice(0, half)) one.observe(metric);
    two.state = JSON.parse(JSON.stringify(one.state));
    const resumed = metrics.slice(half).map((metric) => {
      two.observe(metric);
      return two.rate(1, 1);
    });
    expect(resumed).toEqual(got.slice(half));
  });
});

test('a constant rate is constant', () => {
  expect(rates(constantRate(0.3), 3)).toEqual([0.3, 0.3, 0.3]);
});
