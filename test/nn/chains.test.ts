/**
 * Chains of named transforms: the kernels that take their place, the same without them, closed forms,
 * configurations, bad input.
 */
import { describe, expect, test } from 'vitest';
import { OptionError } from '../../src/base/errors.js';
import { optimizer } from '../../src/nn/chain.js';
import { anyOptimizerOf } from '../../src/nn/chain-read.js';
import { dense } from '../../src/nn/dense.js';
import { freeze } from '../../src/nn/model.js';
import { adagrad, adam, adamW, type Optimizer, rmsprop, sgd } from '../../src/nn/optimizers.js';
import { cosineDecay, reduceOnPlateau, stepDecay, warmUp } from '../../src/nn/schedules.js';
import { sequential } from '../../src/nn/sequential.js';
import {
  addDecayedWeights,
  clip,
  clipByGlobalNorm,
  scale,
  scaleByAdam,
  scaleByRms,
  scaleByRss,
  scaleBySchedule,
  scaleBySign,
  trace,
} from '../../src/nn/transforms/named.js';
import type { Transform } from '../../src/nn/transforms/transform.js';
import { type FitOptions, fit } from '../../src/train/fit.js';
import { descend, expectNear } from '../parity/parity.js';
import { engines, strict } from '../train/fit-setting.js';
import { clouds } from '../train/sets.js';

const train = clouds(40);

/** All parameters after some steps, of a model whose rows are padded; its first weights may be frozen. */
async function train24(
  own: Optimizer,
  options: Partial<FitOptions> = {},
  { engine = strict, frozen = false } = {},
) {
  const model = sequential(8, [dense(5, { activation: 'tanh' }), dense(3)], { seed: 2 });
  if (frozen) freeze(model, '0.weight');
  const before = Float32Array.from(model.parameters[0].values);
  const { steps } = await fit(engine, model, train, {
    ...{ loss: 'softmaxCrossEntropy', optimizer: own, batchSize: 10, epochs: 6, ...options },
  });
  expect(steps).toBe(24);
  if (frozen) expect(model.parameters[0].values).toEqual(before);
  return model.parameters.flatMap(({ values }) => [...values]);
}

const chain = (learningRate: number, transforms: Transform[], fuse = true) =>
  optimizer({ name: 'chain', learningRate, transforms, fuse });

/** What is made of which; and whether the order of operations is the same without the kernel. */
const kinds: [name: string, Optimizer, Transform[], sameBits: boolean][] = [
  ['plain SGD', sgd({ learningRate: 0.1 }), [], true],
  ['SGD with decay', sgd({ learningRate: 0.1, weightDecay: 0.1 }), [addDecayedWeights(0.1)], true],
  ['momentum', sgd({ learningRate: 0.1, momentum: 0.9 }), [trace({ momentum: 0.9 })], true],
  [
    'momentum with dampening and decay',
    sgd({ learningRate: 0.1, momentum: 0.9, dampening: 0.5, weightDecay: 0.01 }),
    [addDecayedWeights(0.01), trace({ momentum: 0.9, dampening: 0.5 })],
    true,
  ],
  [
    'Nesterov',
    sgd({ learningRate: 0.1, momentum: 0.8, nesterov: true }),
    [trace({ momentum: 0.8, nesterov: true })],
    true,
  ],
  ['Adam', adam({ learningRate: 0.1 }), [scaleByAdam()], false],
  [
    'Adam with L2',
    adam({ learningRate: 0.1, betas: [0.8, 0.9], eps: 1e-4, weightDecay: 0.1 }),
    [addDecayedWeights(0.1), scaleByAdam({ betas: [0.8, 0.9], eps: 1e-4 })],
    false,
  ],
  ['AdamW', adamW({ learningRate: 0.1 }), [scaleByAdam(), addDecayedWeights(0.01)], false],
  ['RMSprop', rmsprop({ learningRate: 0.02 }), [scaleByRms()], true],
  [
    'RMSprop, centered, with momentum and decay',
    rmsprop({ learningRate: 0.02, alpha: 0.9, eps: 1e-3, centered: true, momentum: 0.5, weightDecay: 0.01 }),
    [
      addDecayedWeights(0.01),
      scaleByRms({ alpha: 0.9, eps: 1e-3, centered: true }),
      trace({ momentum: 0.5 }),
    ],
    true,
  ],
  [
    'Adagrad',
    adagrad({ learningRate: 0.1, weightDecay: 0.01 }),
    [addDecayedWeights(0.01), scaleByRss()],
    true,
  ],
];

describe.each(kinds)('%s', (_, library, transforms, sameBits) => {
  const rate = library.learningRate;

  test('runs the kernel of the library’s optimizer', async () => {
    for (const frozen of [false, true]) {
      const expected = await train24(library, {}, { frozen });
      expect(await train24(chain(rate, transforms), {}, { frozen })).toEqual(expected);
    }
  });

  test('is what its transforms are one by one', async () => {
    for (const { engine, name } of engines) {
      const [whole, apart] = [
        await train24(library, {}, { engine }),
        await train24(chain(rate, transforms, false), {}, { engine }),
      ];
      // Adam's kernel multiplies the rate by its correction first, and the reference rounds only where it
      // stores: 24 steps of 0.1 each round a few times more.
      if (sameBits && name !== 'reference') expect(apart).toEqual(whole);
      else expectNear(apart, whole, 24 * 0.1 * 2 ** -22);
    }
  });

  test('behind clipping, as with the option clipNorm', async () => {
    const clipped = await train24(library, { clipNorm: 0.1 });
    expect(await train24(chain(rate, [clipByGlobalNorm(0.1), ...transforms]))).toEqual(clipped);
    expect(clipped).not.toEqual(await train24(library));
  });
});

test('Nesterov’s momentum behind RMSprop is no kernel’s, and the chain has it all the same', async () => {
  const transforms = [scaleByRms(), trace({ momentum: 0.5, nesterov: true })];
  expect(await train24(chain(0.01, transforms))).toEqual(await train24(chain(0.01, transforms, false)));
});

describe('closed forms, on ½ w²', () => {
  test.each<[string, Transform[], number, number[]]>([
    ['sign', [scaleBySign()], 1, [0.9, 0.8, 0.7]],
    ['sign of a negative', [scaleBySign()], -1, [-0.9, -0.8]],
    ['scale', [scale(2)], 1, [0.8, 0.64]],
    ['clip', [clip(0.5)], 2, [1.95, 1.9]],
    ['clip by norm', [clipByGlobalNorm(0.5)], -2, [-1.95, -1.9]],
    ['decay alone', [scale(0), addDecayedWeights(0.5)], 1, [0.95, 0.95 ** 2]],
    [
      'a schedule',
      [scaleBySchedule(stepDecay({ learningRate: 1, stepSize: 2, gamma: 0.5 }))],
      1,
      [0.9, 0.81, 0.81 * 0.95, 0.81 * 0.95 ** 2],
    ],
    ['momentum twice', [trace({ momentum: 0.5 }), trace({ momentum: 0.5 })], 1, [0.9, 0.71]],
  ])('%s', (_, transforms, start, path) => {
    for (const fuse of [true, false]) {
      expectNear(descend(chain(0.1, transforms, fuse), start, path.length), path);
    }
  });
});

describe('a configuration', () => {
  const all = [
    clipByGlobalNorm(1),
    clip(0.5),
    scale(2),
    scaleBySchedule(warmUp({ steps: 3, schedule: 1 })),
    scaleByRms({ centered: true }),
    scaleByRss(),
    scaleBySign(),
    trace({ momentum: 0.9 }),
    trace({ momentum: 0.8, nesterov: true }),
    scaleByAdam({ betas: [0.5, 0.6] }),
    addDecayedWeights(0.01),
  ];
  const json = (config: object) => JSON.parse(JSON.stringify(config)) as Record<string, unknown>;

  test('makes an equal optimizer', () => {
    const learningRate = cosineDecay({ learningRate: 0.1 });
    const own = optimizer({ name: 'everything', learningRate, transforms: all, fuse: false });
    const again = anyOptimizerOf(json(own.config));
    expect(again.config).toEqual(own.config);
    expect(again.slots).toEqual(own.slots);
    expect(again.kind).toBe('everything');
    expect(again.schedule.rate(3, 9)).toBe(own.schedule.rate(3, 9));
    expect(anyOptimizerOf(json(adam().config)).config).toEqual(adam().config);
  });

  test('names what is kept, also of a transform that comes twice', () => {
    expect(chain(0.1, all).slots).toEqual([
      ...['scaleByRms.v', 'scaleByRms.average', 'scaleByRss.sum', 'trace.momentum', 'trace_1.momentum'],
      ...['scaleByAdam.m', 'scaleByAdam.v'],
    ]);
    expect(chain(0.1, []).plainSgd).toBe(true);
    expect(chain(0.1, [scale(1)]).plainSgd).toBe(false);
  });

  test('of what is not known is refused', () => {
    const of = (config: Record<string, unknown>) => () =>
      anyOptimizerOf({ kind: 'a', learningRate: 1, ...config });
    expect(of({ transforms: [{ name: 'scaleByAdm' }] })).toThrow('did you mean "scaleByAdam"?');
    expect(of({ transforms: [{ name: 'toString' }] })).toThrow(OptionError);
    expect(of({ transforms: [null] })).toThrow('unknown transform null');
    expect(of({ transforms: 3 })).toThrow('transforms: expected a list, given 3');
    expect(of({ transforms: [], speed: 1 })).toThrow('unknown option "speed"');
    expect(of({ transforms: [{ name: 'scaleByAdam', beta: 1 }] })).toThrow('unknown option "beta"');
  });
});

test.each<[make: () => unknown, message: string]>([
  [() => optimizer({ learningRate: 1, transforms: [] } as never), 'optimizer: option name is required'],
  [() => optimizer({ name: 'a', transforms: [] } as never), 'option learningRate is required'],
  [() => optimizer({ name: 'a', learningRate: 1 } as never), 'option transforms is required'],
  [
    () => optimizer({ name: 'a/b', learningRate: 1, transforms: [] }),
    'option name: expected a name of letters and digits, given "a/b"',
  ],
  [
    () => optimizer({ name: 'adam', learningRate: 1, transforms: [] }),
    '"adam" is an optimizer of the library',
  ],
  [
    () => optimizer({ name: 'a', learningRate: 1, transforms: [adam() as never] }),
    'option transforms, 0: expected one such as scaleByAdam(), or { name, slots, apply }',
  ],
  [
    () => addDecayedWeights(-1),
    'addDecayedWeights: option weightDecay: expected a finite number, at least 0',
  ],
  [() => clip(0), 'clip: option limit'],
  [() => clipByGlobalNorm(Number.NaN), 'clipByGlobalNorm: option maxNorm'],
  [() => scale('2' as never), 'scale: option factor: expected a finite number'],
  [() => scaleByAdam({ betas: [1, 0] }), 'scaleByAdam: option betas'],
  [() => scaleByRms({ alpha: 1 }), 'scaleByRms: option alpha'],
  [() => scaleByRss({ eps: 0 }), 'scaleByRss: option eps'],
  [() => trace({} as never), 'trace: option momentum is required'],
  [() => trace({ momentum: 0.9, nesterov: true, dampening: 0.1 }), 'option nesterov: expected no dampening'],
  [
    () => scaleBySchedule(cosineDecay({ learningRate: 1 })),
    'expected one that does not know the end, such as stepDecay or a warmUp of it, given "cosine"',
  ],
  [() => scaleBySchedule(reduceOnPlateau({ learningRate: 1 })), 'given "reduceOnPlateau"'],
])('is refused: %#', (make, message) => {
  expect(make).toThrow(OptionError);
  expect(make).toThrow(message);
});
