/** What networks are made of, as functions of `lanegrad`: leaves, layers and losses of one's own, networks. */

import type { Network, Value } from '../../../src/index.js';
import * as lanegrad from '../../../src/index.js';
import { elementsOf } from '../encode.js';
import type { Random } from '../random.js';
import { expectThat } from '../target.js';
import { allFinite, allFiniteIn, apply, type Call } from './functions.js';
import { begin, current, graphCall, run } from './graph-call.js';
import { classifier } from './samples.js';

const { constant, input, network, parameter, predict } = lanegrad;

function trained(r: Random): Network {
  const x = input([2]);
  return network(x, lanegrad.dense(2)(lanegrad.dense(3)(x)), { seed: r.below(100) });
}

function frozenNames({ parameters }: Network): string[] {
  return parameters.filter(({ trainable }) => trainable === false).map(({ name }) => name);
}

/** A value, as a layer's function gives it. */
const layerCall =
  (make: (...args: never[]) => Value): Call['call'] =>
  (...args) =>
    run(lanegrad.add(current.x, lanegrad.layer('own', () => make(...args))(current.x)));

/** An initializer's values in place of a parameter's, which are all that is added to the input. */
const leafCall = (make: (...args: never[]) => Value): Call => ({
  ...graphCall(
    (_, __, row) => ({
      args: ['name', [3], constant(0.5)],
      expected: [...row].map((value) => value + 0.5),
    }),
    () => undefined,
  ),
  call: layerCall(make),
});

export const networkFunctions: Record<string, Call> = {
  buffer: leafCall(lanegrad.buffer),
  callModel: {
    valid(r, world) {
      const x = input([2]);
      const row = r.floats(2);
      begin({ x, row, world });
      return [trained(r), r.chance(0.5) ? x : { input: x }];
    },
    call: (...args) => run(apply(lanegrad.callModel, args)),
    check(result, [model], intact) {
      allFinite(result);
      if (!intact) return;
      const { row, world } = current;
      const same = predict(world.reference, model as Network, row, { loss: 'meanSquaredError' });
      for (const [i, value] of same.entries()) {
        expectThat(value === (result as Float32Array)[i], () => `output ${i} is another than the model's`);
      }
    },
  },
  explain: {
    valid: (r) =>
      r.chance(0.5)
        ? [trained(r), { loss: 'meanSquaredError', optimizer: lanegrad.sgd({ learningRate: 1 }), rows: 3 }]
        : [classifier(r), { loss: 'softmaxCrossEntropy', optimizer: lanegrad.adam(), rows: 3 }],
    call: lanegrad.explain,
    check(result, _, intact) {
      const { prediction, bytes } = result as lanegrad.Explanation;
      expectThat(prediction.steps.length > 0 && bytes.parameters > 0, () => 'nothing is explained');
      if (intact) expectThat(String(result).includes('matmul'), () => 'a step without products');
    },
  },
  freeze: {
    valid: (r) => [trained(r), 'dense_1.*'],
    call: (...args) => {
      const [model] = args as unknown as [Network];
      return { names: apply(lanegrad.freeze, args), model };
    },
    check(result) {
      const { names, model } = result as { names: string[]; model: Network };
      expectThat(names.join() === frozenNames(model).join(), () => `${names} are said to be frozen`);
    },
  },
  input: {
    valid: (r, world) => {
      begin({ x: input([1]), row: r.floats(3), world });
      return [r.pick([3, [3], [1, 3]]), { name: 'x' }];
    },
    call(...args) {
      const x = apply(lanegrad.input, args);
      if (elementsOf(x.shape.dims) !== 3) return [];
      begin({ ...current, x });
      return run(x);
    },
    check: (result, _, intact) => {
      allFinite(result);
      if (intact) expectThat(String(result) === String(current.row), () => `${String(result)}`);
    },
  },
  isSequential: {
    valid: (r) => r.pick([() => [classifier(r), true], () => [trained(r), false]])(),
    call: (...[model]: readonly unknown[]) => lanegrad.isSequential(model as Network),
    check: (result, [, expected], intact) =>
      intact && expectThat(result === expected, () => `a list of layers: ${String(result)}`),
  },
  layer: {
    ...graphCall(
      (_, __, row) => ({
        args: ['own', (value: Value) => lanegrad.mul(value, parameter('p', [1], constant(2)))],
        expected: [...row].map((value) => 2 * value),
      }),
      () => undefined,
    ),
    call: (...args) => run(apply(lanegrad.layer, args)(current.x)),
  },
  network: {
    weight: 3,
    valid(r, world) {
      const [a, b] = [input([2]), input([3], { name: 'second' })];
      const both = lanegrad.concat([a, b]);
      begin({ x: a, row: r.floats(2), world });
      if (r.chance(0.3)) return [a, lanegrad.dense(2)(a), { seed: 1 }];
      return [{ a, b }, { c: lanegrad.dense(2)(both), d: lanegrad.dense(1)(b) }, { seed: 1 }];
    },
    call: (...args) => apply(network, args),
    check(model) {
      const { parameters, inputs, outputs } = model as Network;
      expectThat(parameters.length > 0 && inputs.length > 0 && outputs.length > 0, () => 'nothing in it');
      allFiniteIn(model as Network);
    },
  },
  ownLoss: {
    weight: 2,
    valid: (r, world) => {
      begin({ x: input([2]), row: r.floats(2), world });
      const squared: lanegrad.LossFunction = ({ output, target }) =>
        lanegrad.mean(lanegrad.square(lanegrad.sub(output, target)), { axis: 1 });
      return [squared, { link: r.pick(['identity', 'sigmoid', 'softmax']), name: 'mine' }];
    },
    call(...args) {
      const loss = apply(lanegrad.ownLoss, args);
      const { x, row, world } = current;
      const model = network(x, lanegrad.mul(x, parameter('one', [1], constant(1))));
      const optimizer = lanegrad.sgd({ learningRate: 0.1 });
      const { heap } = world.reference;
      const { top } = heap;
      const compiled = new lanegrad.CompiledModel(world.reference, model, { maxRows: 1, loss, optimizer });
      try {
        const plan = compiled.plan(1);
        plan.inputs.write(row);
        plan.loaded();
        plan.targets!.fill(0);
        plan.forward(true);
        const value = plan.loss() / plan.weight();
        plan.backward();
        return [value, ...[...compiled.readGradients().values()].map((gradient) => gradient[0])];
      } finally {
        compiled.dispose();
        expectThat(heap.top === top, () => 'memory is left');
      }
    },
    check(result, _, intact) {
      if (!intact) return;
      const [a, b] = current.row;
      const mean = (a ** 2 + b ** 2) / 2;
      const [loss, gradient] = result as number[];
      expectThat(Math.abs(loss - mean) < 1e-5 * (1 + mean), () => `a loss of ${loss}, expected ${mean}`);
      expectThat(Math.abs(gradient - 2 * mean) < 1e-5 * (1 + mean), () => `a gradient of ${gradient}`);
    },
  },
  parameter: leafCall(lanegrad.parameter),
  subnetwork: {
    valid: (r) => [trained(r), r.pick(['dense', ['dense'], ['dense_1', 'dense']])],
    call: lanegrad.subnetwork,
    check(result, [, names]) {
      const { outputs } = result as Network;
      const expected = Array.isArray(names) ? [...new Set(names)] : [names];
      expectThat(outputs.map(({ name }) => name).join() === expected.join(), () => `outputs of ${names}`);
    },
  },
  unfreeze: {
    valid(r) {
      const model = trained(r);
      lanegrad.freeze(model, '*');
      return [model, 'dense.*'];
    },
    call: (...args) => {
      const [model] = args as unknown as [Network];
      return { names: apply(lanegrad.unfreeze, args), model };
    },
    check(result) {
      const { names, model } = result as { names: string[]; model: Network };
      const left = frozenNames(model);
      expectThat(names.length > 0 && names.every((name) => !left.includes(name)), () => `${left} are frozen`);
    },
  },
};
