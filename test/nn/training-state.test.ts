/**
 * What a compiled model carries along: state out and in, accumulated gradients, buffers, modes; and what it
 * refuses.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { EngineError, OptionError, ShapeError } from '../../src/base/errors.js';
import { createEngine } from '../../src/create/engine.js';
import { createReferenceEngine } from '../../src/create/reference.js';
import { activation } from '../../src/nn/activations.js';
import { CompiledModel, type CompileOptions } from '../../src/nn/compile.js';
import { dense } from '../../src/nn/dense.js';
import { dropout } from '../../src/nn/dropout.js';
import { embedding } from '../../src/nn/embedding.js';
import { softmaxCrossEntropy } from '../../src/nn/losses.js';
import { setParameters } from '../../src/nn/model.js';
import { batchNorm, layerNorm } from '../../src/nn/normalization.js';
import { adam, adamW, type Optimizer, rmsprop, sgd } from '../../src/nn/optimizers.js';
import { type Sequential, sequential } from '../../src/nn/sequential.js';
import { reals } from '../kernels/harness.js';
import { fingerprint } from './network.js';

const strict = await createEngine({ math: 'strict' });
afterAll(() => strict.dispose());

const WIDTH = 9;
const CLASSES = 4;
const net = () =>
  sequential(
    WIDTH,
    [dense(11, { activation: 'gelu' }), batchNorm(), dropout(0.3), dense(7), layerNorm(), dense(CLASSES)],
    { seed: 5 },
  );

function compile(model: Sequential, optimizer: Optimizer, options: Partial<CompileOptions> = {}) {
  return new CompiledModel(strict, model, { maxRows: 16, optimizer, ...options });
}

/** Steps `from` to `to` on batches that depend on the step alone. */
function train(compiled: CompiledModel, from: number, to: number): void {
  for (let step = from; step <= to; step++) {
    const plan = load(compiled, step);
    plan.forward(true);
    plan.loss();
    plan.step(0.05);
  }
}

function load(compiled: CompiledModel, step: number, rows = 16) {
  const plan = compiled.plan(rows);
  plan.inputs.write(reals(rows * WIDTH, step));
  plan.labels.write(Int32Array.from({ length: rows }, (_, i) => (i + step) % CLASSES));
  plan.loaded();
  return plan;
}

/** All that training leaves behind, bit for bit. */
function everything(compiled: CompiledModel): string {
  compiled.download();
  const state = [...compiled.readState()].map(([name, values]) => `${name} ${values.join()}`);
  return `${fingerprint(compiled.model)} ${compiled.steps} ${state.join('\n')}`;
}

describe('state', () => {
  const optimizers: [string, Optimizer][] = [
    ['sgd with momentum', sgd({ learningRate: 0.05, momentum: 0.9, dampening: 0.1 })],
    ['adam', adam()],
    ['adamW', adamW()],
    ['rmsprop', rmsprop({ centered: true, momentum: 0.9 })],
  ];

  test.each(optimizers)('%s: stopped and resumed is as if never stopped', (_, optimizer) => {
    const update = { averageDecay: 0.9, clipNorm: 1, l2: 1e-3 };
    const whole = compile(net(), optimizer, { update });
    train(whole, 1, 8);

    const first = compile(net(), optimizer, { update });
    train(first, 1, 5);
    first.download();
    const state = first.readState();
    const second = compile(first.model as Sequential, optimizer, { update });
    second.writeState(state);
    second.steps = first.steps;
    train(second, 6, 8);
    expect(everything(second)).toBe(everything(whole));
    for (const compiled of [whole, first, second]) compiled.dispose();
  });

  test('names slots by optimizer and parameter, buffers by layer', () => {
    const compiled = compile(net(), adam(), { update: { averageDecay: 0.5 } });
    const names = [...compiled.readState().keys()];
    expect(names).toContain('adam.m/0.weight');
    expect(names).toContain('adam.v/5.bias');
    expect(names).toContain('average/4.weight');
    expect(names.slice(-2)).toEqual(['buffer/1.runningMean', 'buffer/1.runningVar']);
    expect(compiled.readState().get('adam.m/0.weight')).toHaveLength(WIDTH * 11);
    compiled.dispose();
    const plain = compile(sequential(WIDTH, [dense(CLASSES)]), sgd({ learningRate: 1 }));
    expect(plain.readState().size).toBe(0);
    plain.dispose();
  });

  test('refuses state that is not this model’s, and then changes nothing', () => {
    const compiled = compile(net(), adam());
    train(compiled, 1, 2);
    const before = everything(compiled);
    const good = compiled.readState();
    const changes: [(state: Map<string, Float32Array>) => void, string][] = [
      [(state) => state.delete('adam.v/0.bias'), '"adam.v/0.bias" is missing'],
      [
        (state) => state.set('adam.m/0.bias', new Float32Array(3)),
        'adam.m/0.bias: expected 11 values, given 3',
      ],
      [(state) => state.set('adam.w/0.bias', new Float32Array(11)), 'no state "adam.w/0.bias"'],
    ];
    for (const [change, message] of changes) {
      const state = new Map([...good].map(([name, values]) => [name, values.map(() => 7)]));
      change(state);
      expect(() => compiled.writeState(state)).toThrow(ShapeError);
      expect(() => compiled.writeState(state)).toThrow(message);
    }
    expect(everything(compiled)).toBe(before);
    for (const steps of [-1, 0.5, Number.NaN]) {
      expect(() => {
        compiled.steps = steps;
      }).toThrow(OptionError);
    }
    compiled.dispose();
  });
});

describe('accumulated gradients', () => {
  test('of parts of a batch are those of the batch, but for rounding', () => {
    const model = () => sequential(WIDTH, [dense(6, { activation: 'tanh' }), dense(CLASSES)], { seed: 2 });
    const loss = softmaxCrossEntropy({ classWeights: [1, 2, 0.5, 3] });
    const whole = compile(model(), adam(), { loss });
    train(whole, 3, 3);
    whole.download();

    const parts = compile(model(), adam(), { loss, update: { accumulate: true } });
    const inputs = reals(16 * WIDTH, 3);
    for (const [start, rows] of [
      [0, 7],
      [7, 4],
      [11, 5],
    ]) {
      const plan = parts.plan(rows);
      plan.inputs.write(inputs.subarray(start * WIDTH, (start + rows) * WIDTH));
      plan.labels.write(Int32Array.from({ length: rows }, (_, i) => (start + i + 3) % CLASSES));
      plan.loaded();
      plan.forward(true);
      plan.loss();
      plan.accumulate();
    }
    parts.stepAccumulated(0.05);
    parts.download();
    expect(parts.steps).toBe(1);
    for (const [i, { name, values }] of parts.model.parameters.entries()) {
      for (const [j, v] of values.entries())
        expect(Math.abs(v - whole.model.parameters[i].values[j]), name).toBeLessThan(2e-5);
    }
    for (const compiled of [whole, parts]) compiled.dispose();
  });

  test('other batches of a step drop other elements; the same batch drops the same', () => {
    const compiled = compile(sequential(WIDTH, [dropout(0.5), dense(CLASSES)]), sgd({ learningRate: 1 }), {
      update: { accumulate: true },
    });
    const look = () => {
      const plan = load(compiled, 1);
      plan.forward(true);
      plan.loss();
      return { plan, outputs: plan.outputs.read().join() };
    };
    const first = look();
    expect(look().outputs).toBe(first.outputs);
    first.plan.accumulate();
    const second = look();
    expect(second.outputs).not.toBe(first.outputs);
    second.plan.accumulate();
    compiled.stepAccumulated(1e-30);
    expect(look().outputs).not.toBe(first.outputs);
    compiled.dispose();
  });

  test('are refused where there are none', () => {
    const compiled = compile(net(), adam());
    const plan = load(compiled, 1);
    plan.forward(true);
    plan.loss();
    expect(() => plan.accumulate()).toThrow(EngineError);
    expect(() => plan.accumulate()).toThrow('without the option accumulate');
    expect(() => compiled.stepAccumulated(0.1)).toThrow('no gradients have been accumulated');
    expect(() => compiled.swapAverage()).toThrow('without the option averageDecay');
    compiled.dispose();
    const predicts = new CompiledModel(strict, net(), { maxRows: 1 });
    for (const call of [
      () => predicts.penalty(),
      () => predicts.stepAccumulated(1),
      () => predicts.swapAverage(),
    ])
      expect(call).toThrow('compiled without an optimizer');
    predicts.dispose();
  });
});

describe('modes', () => {
  test('predicting changes nothing and repeats; training moves running statistics', () => {
    const compiled = compile(net(), adam());
    const plan = load(compiled, 1);
    plan.forward();
    const outputs = plan.outputs.read().join();
    const before = everything(compiled);
    plan.forward();
    expect(plan.outputs.read().join()).toBe(outputs);
    expect(everything(compiled)).toBe(before);
    plan.forward(true);
    expect(plan.outputs.read().join()).not.toBe(outputs);
    expect(everything(compiled)).not.toBe(before);
    compiled.dispose();
  });

  test('the penalty is l1 · Σ |w| + ½ l2 · Σ w² over dense weights alone', () => {
    const model = net();
    const compiled = compile(model, adam(), { update: { l1: 0.5, l2: 0.25 } });
    let expected = 0;
    for (const { name, values } of model.parameters) {
      if (!['0.weight', '3.weight', '5.weight'].includes(name)) continue;
      for (const v of values) expected += 0.5 * Math.abs(v) + 0.125 * v * v;
    }
    expect(compiled.penalty()).toBeCloseTo(expected, 9);
    compiled.dispose();
  });

  test('another seed drops other elements', () => {
    const outputs = [1, 1, 2].map((seed) => {
      const compiled = compile(sequential(WIDTH, [dropout(0.5), dense(CLASSES)]), adam(), { seed });
      const plan = load(compiled, 1);
      plan.forward(true);
      const read = plan.outputs.read().join();
      compiled.dispose();
      return read;
    });
    expect(outputs[0]).toBe(outputs[1]);
    expect(outputs[0]).not.toBe(outputs[2]);
  });

  test('reference and Wasm drop the same elements', () => {
    const [a, b] = [strict, createReferenceEngine()].map((engine) => {
      const model = sequential(WIDTH, [dropout(0.5), dense(CLASSES)]);
      const compiled = new CompiledModel(engine, model, {
        maxRows: 16,
        optimizer: adam(),
        seed: 2 ** 40 + 3,
      });
      const plan = load(compiled, 1);
      plan.forward(true);
      return Array.from(plan.outputs.read());
    });
    for (const [i, v] of a.entries()) expect(Math.abs(v - b[i])).toBeLessThan(1e-5);
  });
});

describe('what is refused', () => {
  test.each<[make: () => unknown, type: typeof OptionError | typeof ShapeError, message: string]>([
    [
      () => dropout(1),
      OptionError,
      'dropout: option rate: expected a finite number, at least 0 and less than 1',
    ],
    [() => dropout('a' as never), OptionError, 'given "a"'],
    [() => activation('softmax' as never), OptionError, 'activation: name: expected one of "identity"'],
    [() => activation('relu', { alpha: 1 }), OptionError, 'unknown option "alpha"'],
    [() => activation('elu', { alpha: Number.NaN }), OptionError, 'option alpha'],
    [() => batchNorm({ eps: 0 }), OptionError, 'batchNorm: option eps'],
    [() => batchNorm({ momentum: 2 }), OptionError, 'batchNorm: option momentum'],
    [() => layerNorm({ momentum: 0.1 } as never), OptionError, 'layerNorm: unknown option "momentum"'],
    [() => embedding({ columns: [] }), OptionError, 'embedding: option columns: expected a list'],
    [
      () => embedding({ columns: [{ column: 0, cardinality: 0, width: 1 }] }),
      OptionError,
      'columns[0]: option cardinality',
    ],
    [
      () => embedding({ columns: [1, 1].map((column) => ({ column, cardinality: 2, width: 1 })) }),
      OptionError,
      'columns[1]: expected a column above 1, given 1',
    ],
    [
      () => sequential(2, [embedding({ columns: [{ column: 2, cardinality: 2, width: 1 }] })]),
      ShapeError,
      'embedding, in layer 0: column 2 of 2 inputs',
    ],
    [
      () => softmaxCrossEntropy({ labelSmoothing: 1.5 }),
      OptionError,
      'softmaxCrossEntropy: option labelSmoothing',
    ],
    [() => softmaxCrossEntropy({ classWeights: [1, -1] }), OptionError, 'option classWeights'],
    [
      () => compile(net(), adam(), { loss: softmaxCrossEntropy({ classWeights: [1, 2] }) }),
      ShapeError,
      'expected 4 class weights, one an output, given 2',
    ],
    [() => compile(net(), adam(), { loss: 'mse' as never }), OptionError, 'option loss: expected one of'],
    [() => compile(net(), adam(), { update: { clipNorm: 0 } }), OptionError, 'option clipNorm'],
    [() => compile(net(), adam(), { update: { clip: 1 } as never }), OptionError, 'unknown option "clip"'],
    [() => compile(net(), adam(), { update: { averageDecay: 1 } }), OptionError, 'option averageDecay'],
    [() => compile(net(), adam(), { seed: -1 }), OptionError, 'seed'],
  ])('%#', (make, type, message) => {
    const { top } = strict.heap;
    expect(make).toThrow(type);
    expect(make).toThrow(message);
    expect(strict.heap.top).toBe(top);
  });

  test('setParameters takes buffers along, and misses them', () => {
    const model = net();
    const all = [...model.parameters, ...model.buffers];
    const tensors = new Map(
      all.map(({ name, shape, values }) => [name, { shape, values: values.map(() => 2) }]),
    );
    setParameters(model, tensors);
    expect(model.buffers.every(({ values }) => values.every((v) => v === 2))).toBe(true);
    tensors.delete('1.runningVar');
    expect(() => setParameters(model, tensors)).toThrow('parameter 1.runningVar is missing');
  });
});
