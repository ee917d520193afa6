/**
 * Transforms of one's own, functions of values: Lion written from outside, what they compute and keep, what
 * is refused.
 */
import { describe, expect, test } from 'vitest';
import { LanegradError, OptionError, ResumeError, ShapeError } from '../../src/base/errors.js';
import { createEngine } from '../../src/create/engine.js';
import * as v from '../../src/graph/functions.js';
import { input } from '../../src/graph/leaves.js';
import type { Value } from '../../src/graph/value.js';
import { optimizer } from '../../src/nn/chain.js';
import { anyOptimizerOf } from '../../src/nn/chain-read.js';
import { CompiledModel } from '../../src/nn/compile.js';
import { dense } from '../../src/nn/dense.js';
import { freeze } from '../../src/nn/model.js';
import { type Optimizer, sgd } from '../../src/nn/optimizers.js';
import { sequential } from '../../src/nn/sequential.js';
import { clipByGlobalNorm, scaleByAdam, trace } from '../../src/nn/transforms/named.js';
import type { OwnTransform } from '../../src/nn/transforms/transform.js';
import type { CheckpointFile } from '../../src/train/checkpointing.js';
import { type FitOptions, fit } from '../../src/train/fit.js';
import { descend, expectNear } from '../parity/parity.js';
import { engines, strict } from '../train/fit-setting.js';
import { clouds } from '../train/sets.js';
import { lion } from './lion.js';

const train = clouds(40);
const net = () => sequential(8, [dense(5, { activation: 'tanh' }), dense(3)], { seed: 2 });
const of = (...transforms: OwnTransform[]) => optimizer({ name: 'own', learningRate: 0.1, transforms });

async function valuesAfter(
  own: Optimizer,
  options: Partial<FitOptions> = {},
  engine = strict,
  model = net(),
) {
  const history = await fit(engine, model, train, {
    ...{ loss: 'softmaxCrossEntropy', optimizer: own, batchSize: 10, epochs: 6, ...options },
  });
  return { values: model.parameters.flatMap(({ values }) => [...values]), history };
}

describe('Lion', () => {
  test('is the algorithm of the paper, in float64', () => {
    const [rate, decay, b1, b2] = [0.01, 0.1, 0.9, 0.99];
    let [w, m] = [1, 0];
    const target = (step: number) => (step % 7 < 3 ? 1.5 : 0.2);
    const path = Array.from({ length: 40 }, (_, i) => {
      const g = w - target(i + 1);
      const update = Math.sign(b1 * m + (1 - b1) * g) + decay * w;
      m = b2 * m + (1 - b2) * g;
      w -= rate * update;
      return w;
    });
    expectNear(descend(lion(rate), 1, 40, { target }), path, 1e-5);
  });

  test('trains, on every engine alike', async () => {
    const { values, history } = await valuesAfter(lion(0.02), { epochs: 30 });
    expect(history.epochs[29].accuracy).toBeGreaterThan(0.95);
    const threads = await createEngine({ math: 'strict', threads: 2 });
    expect((await valuesAfter(lion(0.02), { epochs: 30 }, threads)).values).toEqual(values);
    threads.dispose();
    // A sign turns on the last bit: one step of all is compared, of a size that no rounding hides.
    for (const { engine } of engines) {
      const one = { epochs: 1, batchSize: 40 };
      const [first] = [(await valuesAfter(lion(0.02), one)).values];
      expectNear((await valuesAfter(lion(0.02), one, engine)).values, first, 1e-6);
    }
  });

  test('says what it is made of, and goes on bit for bit, but not with another chain', async () => {
    const files: CheckpointFile[] = [];
    const checkpoint = { everySteps: 1, save: (file: CheckpointFile) => void files.push(file) };
    const whole = await valuesAfter(lion(0.02), { checkpoint });
    for (const { bytes } of files.filter((_, i) => i % 5 === 2)) {
      const again = await valuesAfter(lion(0.02), { resume: bytes });
      expect(again.values).toEqual(whole.values);
    }
    const [{ bytes }] = files;
    const others = [
      lion(0.02, { betas: [0.9, 0.98] }),
      lion(0.02, { weightDecay: 0.2 }),
      optimizer({ name: 'lion', learningRate: 0.02, transforms: [scaleByAdam()] }),
    ];
    for (const other of others) {
      const refused = valuesAfter(other, { resume: bytes });
      await expect(refused).rejects.toThrow(ResumeError);
      await expect(refused).rejects.toThrow('the checkpoint was made with optimizer.transforms.');
    }
    expect(JSON.parse(JSON.stringify(lion(0.02).config))).toMatchObject({
      ...{ kind: 'lion', learningRate: 0.02 },
      transforms: [
        { name: 'signOfMomentum', slots: ['momentum'] },
        { name: 'addDecayedWeights', weightDecay: 0.1 },
      ],
    });
  });

  test('is made again of its configuration, by way of JSON, and trains to the same bits', async () => {
    const { config } = lion(0.02);
    const again = anyOptimizerOf(JSON.parse(JSON.stringify(config)));
    expect(again.config).toEqual(config);
    expect(again.slots).toEqual(lion(0.02).slots);
    expect((await valuesAfter(again, {})).values).toEqual((await valuesAfter(lion(0.02), {})).values);
  });

  test('that depends on the number of parameters is not made again for another', () => {
    const functions: OwnTransform['apply'][] = [
      ({ update }) => v.mul(1 / update.shape.dims[0], update),
      ({ update }) => v.reshape(v.reshape(update, [2, update.shape.dims[0] / 2]), update.shape.dims),
    ];
    for (const apply of functions) {
      const { config } = of({ name: 'sized', apply });
      expect(config.transforms).toMatchObject([{ sized: true }]);
      expect(() => anyOptimizerOf(config)).toThrow(OptionError);
      expect(() => anyOptimizerOf(config)).toThrow(
        'optimizerOf, transform "sized": its function depends on how many parameters there are',
      );
    }
    expect(lion(0.02).config.transforms).not.toMatchObject([{ sized: true }, {}]);
  });

  test('a configuration that was tampered with is refused', () => {
    type Spoilt = { name: unknown; slots: unknown; nodes: Record<string, unknown>[]; [key: string]: unknown };
    const cases: [spoil: (own: Spoilt) => void, message: RegExp][] = [
      [(own) => void Object.assign(own, { nodes: {} as never }), /nodes: expected a list of nodes/],
      [(own) => void own.nodes.splice(0, 1, 7 as never), /node 0: /],
      [(own) => void Object.assign(own, { slots: 'momentum' }), /slots: expected a list of names/],
      [(own) => void Object.assign(own, { slots: [] }), /unknown operation "given"|there is no slot/],
      [(own) => void Object.assign(own, { slots: [7] }), /slots: expected a list of names/],
      [(own) => void Object.assign(own, { name: '__proto__' }), /name of letters and digits/],
      [(own) => void Object.assign(own, { name: 'trace' }), /is a transform of the library/],
      [(own) => void Object.assign(own, { more: 1 }), /unknown option "more"/],
      [
        (own) => void Object.assign(own.nodes.at(-1)!, { 'slots.momentum': '99' }),
        /expected the place of a node/,
      ],
      [
        (own) => void Object.assign(own.nodes.at(-1)!, { 'slots.other': '0' }),
        /there is no slot "slots\.other"/,
      ],
      [(own) => void own.nodes.pop(), /slot momentum: expected its new value, given undefined/],
      [
        (own) => void Object.assign(own.nodes.find(({ op }) => op === 'given')!, { name: 'constructor' }),
        /unknown operation/,
      ],
      [
        (own) => void Object.assign(own.nodes.find(({ of }) => of)!, { op: 'toString' }),
        /unknown operation "toString"/,
      ],
      [
        (own) => void Object.assign(own.nodes.find(({ op }) => op === 'literal')!, { values: [null] }),
        /finite numbers/,
      ],
      [
        (own) => void Object.assign(own.nodes.find(({ op }) => op === 'literal')!, { shape: [2 ** 40] }),
        /expected/,
      ],
      [(own) => void Object.assign(own.nodes.find(({ of }) => of)!, { of: ['98', '0'] }), /given "98"/],
    ];
    for (const [spoil, message] of cases) {
      const config = JSON.parse(JSON.stringify(lion(0.02).config));
      spoil(config.transforms[0]);
      const read = () => anyOptimizerOf(config);
      expect(read, `${spoil}`).toThrow(message);
      expect(read).toThrow(LanegradError);
    }
  });

  test('keeps its momentum by the names of what is trained, and leaves alone what is frozen', async () => {
    const model = net();
    freeze(model, '0.*');
    const before = Float32Array.from(model.parameters[0].values);
    const after = Float32Array.from(model.parameters[2].values);
    await valuesAfter(lion(0.02), {}, strict, model);
    expect(model.parameters[0].values).toEqual(before);
    expect(model.parameters[2].values).not.toEqual(after);
    const compiled = new CompiledModel(strict, model, { maxRows: 4, optimizer: lion(0.02) });
    expect([...compiled.readState().keys()]).toEqual([
      'lion.signOfMomentum.momentum/1.weight',
      'lion.signOfMomentum.momentum/1.bias',
    ]);
    compiled.dispose();
  });
});

describe('a function', () => {
  test('is what the named transform of its formula is', async () => {
    const momentum: OwnTransform = {
      name: 'heavyBall',
      slots: ['b'],
      apply: ({ update, slots: { b } }) => {
        const next = v.add(v.mul(0.9, b), update);
        return { update: next, slots: { b: next } };
      },
    };
    const norm: OwnTransform = {
      name: 'byNorm',
      apply: ({ update }) => v.mul(update, v.minimum(1, v.div(0.1, v.sqrt(v.sum(v.square(update)))))),
    };
    for (const { engine } of engines) {
      const named = optimizer({
        name: 'named',
        learningRate: 0.1,
        transforms: [clipByGlobalNorm(0.1), trace({ momentum: 0.9 })],
      });
      const { values } = await valuesAfter(of(norm, momentum), {}, engine);
      // clipByGlobalNorm adds 1e-6 to a norm of about a tenth.
      expectNear(values, (await valuesAfter(named, {}, engine)).values, 2e-5);
    }
  });

  test('sees every slot as it was, whatever is written first', () => {
    // The gradient of two steps ago; of a linear loss it is the target's size.
    const late: OwnTransform = {
      name: 'late',
      slots: ['one', 'two'],
      apply: ({ update, slots: { one, two } }) => ({ update: two, slots: { one: update, two: one } }),
    };
    const gradients: number[] = [];
    const target = (step: number, w: number) => {
      gradients.push(w - step);
      return step;
    };
    const path = descend(of(late), 1, 6, { target });
    const steps = path.map((w, i) => (i === 0 ? 1 : path[i - 1]) - w);
    expectNear(
      steps,
      [0, 0, ...gradients.slice(0, 4)].map((g) => 0.1 * g),
    );
    // Read after its place was written to, in one expression or by another name.
    const swap: OwnTransform = {
      name: 'swap',
      slots: ['a', 'b'],
      apply({ update, slots: { a, b } }) {
        const same = v.stopGradient(a);
        const next = v.add(b, 1);
        return { update: v.add(update, same), slots: { a: next, b: v.add(same, v.mul(b, 2)) } };
      },
    };
    let [w, a, b] = [1, 0, 0];
    const expected = Array.from({ length: 5 }, () => {
      w -= 0.1 * (w + a);
      [a, b] = [b + 1, a + 2 * b];
      return w;
    });
    expectNear(descend(of(swap), 1, 5), expected);
  });

  test('is given the parameter, the step and the learning rate', () => {
    const all: OwnTransform = {
      name: 'all',
      apply: ({ update, parameter, step, learningRate }) =>
        v.add(v.mul(parameter, 0.5), v.add(v.mul(update, 0), v.div(learningRate, step))),
    };
    let w = 1;
    const path = Array.from({ length: 5 }, (_, i) => {
      w -= 0.1 * (0.5 * w + 0.1 / (i + 1));
      return w;
    });
    expectNear(descend(of(all), 1, 5), path);
    // And that which changes nothing is plain SGD.
    expect(descend(of({ name: 'same', apply: ({ update }) => update }), 1, 3)).toEqual(
      descend(sgd({ learningRate: 0.1 }), 1, 3),
    );
  });

  test('does not reach what stands between the parameters', async () => {
    // Of the zeros there it makes NaN.
    const unit: OwnTransform = {
      name: 'unit',
      slots: ['last'],
      apply: ({ update }) => ({
        update: v.div(update, v.abs(update)),
        slots: { last: v.log(v.sub(update, update)) },
      }),
    };
    const model = net();
    const compiled = new CompiledModel(strict, model, { maxRows: 40, optimizer: of(unit) });
    const plan = compiled.plan(40);
    plan.inputs.write(train.inputs);
    plan.labels.write(train.labels);
    plan.loaded();
    for (let i = 0; i < 3; i++) {
      plan.forward(true);
      plan.loss();
      plan.step(0.1);
    }
    const [all, own] = [compiled.parameters.read(), model.parameterCount];
    expect(all.length).toBeGreaterThan(own);
    expect(all.every(Number.isFinite)).toBe(true);
    expect(all.filter((value) => value !== 0).length).toBeLessThanOrEqual(own);
    expect(compiled.parametersAreFinite()).toBe(true);
    compiled.dispose();
  });
});

const plain = (apply: OwnTransform['apply'], more: object = {}) => of({ name: 'mine', apply, ...more });
const outside = input([3]);

test.each<[make: () => unknown, kind: typeof OptionError | typeof ShapeError, message: string]>([
  [
    () => of({ name: 'a b', apply: () => outside }),
    OptionError,
    'option name: expected a name of letters and digits',
  ],
  [() => of({ name: 'trace', apply: () => outside }), OptionError, '"trace" is a transform of the library'],
  [
    () => plain(({ update }) => update, { slots: ['m', 'm'] }),
    OptionError,
    'option slots: expected a list of names',
  ],
  [() => plain(({ update }) => update, { slot: ['m'] }), OptionError, 'unknown option "slot"'],
  [
    () => plain(() => 3 as never),
    OptionError,
    'transform mine: expected its function to give a value, given 3',
  ],
  [
    () => plain(({ update }) => update, { slots: ['m'] }),
    OptionError,
    'expected its function to give { update, slots: { m } }',
  ],
  [
    () => plain(({ update }) => ({ update }), { slots: ['m'] }),
    OptionError,
    'slot m: expected its new value, given undefined',
  ],
  [() => plain(({ update }) => ({ update, slots: { n: update } })), OptionError, 'there is no slot "n"'],
  [
    () => plain(({ update }) => v.sum(update)),
    ShapeError,
    'transform mine: update: expected a vector as long as it was',
  ],
  [() => plain(({ update }) => v.mul(update, v.mean(update))), OptionError, 'mean would count the zeros'],
  [() => plain(({ update }) => v.div(update, v.max(update))), OptionError, 'max would count the zeros'],
  [
    () => plain(({ update }) => v.add(update, v.sum(outside))),
    OptionError,
    'depends on input that it was not given',
  ],
  [
    () =>
      plain(() => {
        throw new OptionError('mine', 'thrown by the function itself');
      }),
    OptionError,
    'thrown by the function itself',
  ],
  [() => plain(({ slots }) => (slots as { m: Value }).m), OptionError, 'given undefined'],
])('is refused: %#', (make, kind, message) => {
  expect(make).toThrow(kind);
  expect(make).toThrow(message);
});
