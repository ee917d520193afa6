/** Derivation itself, what a rule may write down, and second derivatives. */
import { describe, expect, test } from 'vitest';
import { OptionError, ShapeError } from '../../src/base/errors.js';
import { derive } from '../../src/graph/derive.js';
import * as f from '../../src/graph/functions.js';
import { input, literal } from '../../src/graph/leaves.js';
import { apply, type Node, nodesOf, type Value, within } from '../../src/graph/value.js';
import { conv2d } from '../../src/nn/conv.js';
import { convTranspose2d } from '../../src/nn/conv-transpose.js';
import { embedding } from '../../src/nn/embedding.js';
import { network } from '../../src/nn/network.js';
import { ownLoss } from '../../src/nn/own-loss.js';
import { spread } from '../../src/ops/broadcast.js';
import { sumOfGradients } from '../../src/ops/gradients.js';
import { lineOf } from '../../src/ops/line.js';
import type { Operation } from '../../src/ops/operation.js';
import { gradcheck } from '../../src/train/gradcheck.js';
import { layers, madeOf, ofImages, ofValues } from './cases.js';

const moreImages: typeof ofImages = {
  'conv2d with groups': conv2d(6, 3, { groups: 3, stride: 2, padding: 1 }),
  'conv2d without bias': conv2d(2, 2, { bias: false }),
  'conv2d with an activation': conv2d(2, 2, { activation: 'tanh' }),
  convTranspose2d: convTranspose2d(2, 3, { stride: 2 }),
  'convTranspose2d without bias': convTranspose2d(2, 2, { bias: false }),
};

const moreValues: typeof ofValues = {
  'matmul of a parameter with rows': (y) => f.matmul(f.exp(y), f.transpose(f.square(y))),
  embedding: (y) =>
    embedding({
      columns: [
        { column: 1, cardinality: 3, width: 2 },
        { column: 4, cardinality: 2, width: 3 },
      ],
    })(f.flatten(y)),
  lineOf: (y) => apply(lineOf, [f.slice(f.flatten(y), 1, 0, 1)], {})[0],
};

/** Every operation with a rule, as it stands in the graph of such a function. */
function nodesWithRules(): [string, Node][] {
  const nodes = new Map<string, Node>();
  for (const [dims, functions] of [
    [[2, 3], { ...ofValues, ...layers, ...moreValues }],
    [[4, 5, 3], { ...ofImages, ...moreImages }],
  ] as const) {
    for (const compute of Object.values(functions)) {
      const { y } = madeOf(dims);
      for (const node of nodesOf([compute(y)])) {
        if (!node.operation.derivative) continue;
        const shapes = node.inputs.map(({ shape: { rows, dims } }) => `${rows ? 'rows ' : ''}${dims}`);
        nodes.set(
          `${node.operation.name} of ${shapes.join(' and ')} ${JSON.stringify(node.attributes)}`,
          node,
        );
      }
    }
  }
  return [...nodes];
}

/** What is wanted of so many inputs: each alone, all, and all but one. */
function wishes(count: number): boolean[][] {
  const each = Array.from({ length: count }, (_, i) => i);
  return [
    each.map(() => true),
    ...each.map((own) => each.map((i) => i === own)),
    ...each.map((own) => each.map((i) => i !== own)),
  ];
}

describe('rules', () => {
  test.each(nodesWithRules())('%s', (_, { operation, inputs, outputs, attributes }) => {
    const gradient = f.neg(outputs[0]);
    for (const needs of wishes(inputs.length).filter((own) => own.includes(true))) {
      const made: Value[][] = [];
      const results = operation.derivative!<Value>({
        ...{ attributes, inputs, outputs, needs },
        gradients: [gradient, ...outputs.slice(1).map(() => undefined)],
        apply: (own, from, more) => {
          const all = apply(own, from, more);
          made.push([...all]);
          return all;
        },
      });
      if (results.every((own) => own === undefined)) {
        // A condition, say, or an index: alone they have none.
        expect(needs).toContain(false);
        continue;
      }
      for (const [i, own] of results.entries()) {
        // A bias, say, that is not there.
        if (i >= inputs.length) expect(own).toBeUndefined();
        // The gradient itself costs nothing, wanted or not.
        else if (!needs[i]) expect(own === undefined || own === gradient, `input ${i}`).toBe(true);
        else if (own) expect(own.shape).toEqual(inputs[i].shape);
      }
      const read = new Set(nodesOf(results.filter((own) => own !== undefined)));
      for (const all of made)
        expect(
          all.some(({ node }) => read.has(node)),
          all[0].node.operation.name,
        ).toBe(true);
    }
  });
});

describe('derive', () => {
  const x = input([3]);
  const seed = f.cos(x);
  const made = (value: Value | undefined) => value!.node.operation.name;

  test('what nothing depends on has no gradient; a seed has its own', () => {
    const [a, b] = [f.exp(x), f.sin(x)];
    expect(derive([{ value: a, gradient: seed }], [b, a])).toEqual([undefined, seed]);
    expect(derive([], [a])).toEqual([undefined]);
    expect(derive([{ value: a, gradient: seed }], [])).toEqual([]);
  });

  test('gradients at one value are added up, those of later uses first', () => {
    const y = f.exp(x);
    const uses = [f.sin(y), f.sqrt(y), f.abs(y)];
    const [dy] = derive(
      uses.map((value) => ({ value, gradient: seed })),
      [y],
    );
    // ((abs + sqrt) + sin), each by its rule.
    expect(dy!.node.operation).toBe(sumOfGradients);
    const [first, last] = dy!.node.inputs;
    expect(first.node.operation).toBe(sumOfGradients);
    expect(first.node.inputs.map(made)).toEqual(['mul', 'div']);
    expect(first.node.inputs[0].node.inputs.map(made)).toEqual(['cos', 'sign']);
    expect(last.node.inputs.map(made)).toEqual(['cos', 'cos']);
    expect(last.node.inputs.map(({ node }) => node.inputs[0])).toEqual([x, y]);
  });

  test('two gradients that are given at one value are added up', () => {
    const y = f.exp(x);
    const [dy] = derive(
      [
        { value: y, gradient: seed },
        { value: y, gradient: x },
      ],
      [y],
    );
    expect(dy!.node.operation).toBe(sumOfGradients);
    expect(dy!.node.inputs).toEqual([seed, x]);
  });

  test('a gradient at what has nothing wanted below is not looked at', () => {
    const y = f.exp(x);
    const other = f.softmax(input([3]));
    const before = nodesOf([other]).length;
    const [dy] = derive(
      [
        { value: f.sin(y), gradient: seed },
        { value: other, gradient: seed },
      ],
      [y],
    );
    expect(made(dy)).toBe('mul');
    expect(nodesOf([dy!]).map((node) => node.operation.name)).not.toContain('softmaxGradient');
    expect(nodesOf([other])).toHaveLength(before);
  });

  test('where gradients stop, what is below has none and is not asked for a rule', () => {
    const y = f.exp(x);
    const [dy] = derive([{ value: f.stopGradient(y), gradient: seed }], [y]);
    expect(dy).toBeUndefined();
    const [through] = derive([{ value: f.mul(y, f.stopGradient(y)), gradient: seed }], [y]);
    expect(made(through)).toBe('mul');
    expect(derive([{ value: f.less(y, 0), gradient: seed }], [y])).toEqual([undefined]);
  });

  test('only what is wanted is derived', () => {
    const [a, b] = [f.exp(x), f.sin(x)];
    const product = f.mul(a, b);
    const [da] = derive([{ value: product, gradient: seed }], [a]);
    expect(da!.node.inputs).toEqual([seed, b]);
    const [none, db] = derive([{ value: product, gradient: seed }], [x, b]);
    expect(none!.node.operation).toBe(sumOfGradients);
    expect(db!.node.inputs).toEqual([seed, a]);
  });

  test('a use that gives no gradient adds nothing to the others', () => {
    const condition = f.exp(x);
    const chosen = f.where(condition, f.sin(x), f.cos(x));
    const [alone] = derive([{ value: chosen, gradient: seed }], [condition]);
    expect(alone).toBeUndefined();
    const [dc] = derive([{ value: f.mul(chosen, condition), gradient: seed }], [condition]);
    expect(dc!.node.inputs).toEqual([seed, chosen]);
  });

  test('what has no derivative is an error that names it, and none where nothing is wanted below it', () => {
    const noRule: Operation<object> = { name: 'noRule', infer: (_, [own]) => [own], bind: () => [] };
    const y = f.exp(x);
    const [z] = apply(noRule, [y], {});
    expect(() => derive([{ value: z, gradient: seed }], [y])).toThrow(OptionError);
    expect(() => derive([{ value: z, gradient: seed }], [y])).toThrow(
      'noRule: has no derivative; what is trained may not stand below it',
    );
    expect(derive([{ value: z, gradient: seed }], [z])).toEqual([seed]);
  });

  test('a gradient is part of the layers that its value was made in', () => {
    const scopes = ['outer', 'inner'].map((name) => ({ name, owner: {} }));
    const y = within(scopes[0], () => within(scopes[1], () => f.exp(x)));
    const [dx] = derive([{ value: y, gradient: seed }], [x]);
    expect(dx!.node.scopes).toEqual(scopes);
    const [da] = derive([{ value: f.sin(x), gradient: seed }], [x]);
    expect(da!.node.scopes).toEqual([]);
  });

  test('a rule is called as a method of its operation', () => {
    const own: Operation<object> & { factor: number } = {
      name: 'own',
      factor: 3,
      infer: (_, [shape]) => [shape],
      bind: () => [],
      derivative({ gradients: [dy] }) {
        return [(this as typeof own).factor === 3 ? dy : undefined];
      },
    };
    const [dx] = derive([{ value: apply(own, [x], {})[0], gradient: seed }], [x]);
    expect(dx).toBe(seed);
  });
});

const sumOf = (y: Value) => f.sum(y, { axis: 1, keepAxes: true });

test("the gradient of a convolution's bias is made beside the weight's, or alone by sums of columns", () => {
  const y = conv2d(2, 2)(input([4, 5, 3]));
  const [, weight, bias] = y.node.inputs;
  const seeds = [{ value: y, gradient: f.cos(y) }];
  const [dw, db] = derive(seeds, [weight, bias]);
  expect(db!.node).toBe(dw!.node);
  const [sums] = derive(seeds, [bias]);
  expect(sums!.node.operation.name).toBe('columnSums');
  const [alone] = derive(seeds, [weight]);
  expect(alone!.node.outputs).toHaveLength(1);
});

test('what is repeated has a shape that stretches to the other', () => {
  const attributes = { shape: { rows: false, dims: [2, 3] } };
  expect(apply(spread, [literal([1, 2, 3], [3])], attributes)[0].shape).toEqual(attributes.shape);
  expect(() => apply(spread, [literal([1, 2, 3, 4], [2, 2])], attributes)).toThrow(ShapeError);
  const larger = literal(new Float32Array(24), [4, 2, 3]);
  expect(() => apply(spread, [larger], attributes)).toThrow(
    'spread: expected a shape that stretches to [2, 3], given [4, 2, 3]',
  );
});

/** Those whose rules are made of functions that have rules themselves. */
const twice: Record<string, (y: Value) => Value> = {
  ...Object.fromEntries(
    [
      ...['add of what is stretched', 'mul by a number', 'sub', 'neg', 'exp', 'log', 'sqrt', 'square', 'sin'],
      ...['cos', 'reciprocal', 'erf', 'abs', 'dot', 'transpose', 'transpose of three', 'reshape', 'matmul'],
      ...['sum over one axis', 'sum over two axes', 'sum over the rows', 'max', 'min', 'minimum'],
      ...['matmul of batches', 'matmul of batches the other way round', 'matmul by a turned matrix'],
    ].map((name) => [name, ofValues[name]]),
  ),
  add: (y) => f.add(y, sumOf(y)),
  mul: (y) => f.mul(y, sumOf(y)),
  div: (y) => f.div(y, f.add(f.square(sumOf(y)), 1)),
  pow: (y) => f.pow(f.add(f.square(y), 0.5), sumOf(y)),
  where: (y) => f.where(f.greater(y, 0.2), f.square(y), sumOf(y)),
  maximum: (y) => f.maximum(y, f.neg(sumOf(y))),
  'a value used three times': (y) => f.add(f.add(y, f.sin(y)), f.mul(y, y)),
  'a line of a column': (y) =>
    apply(lineOf, [f.sum(f.exp(f.flatten(y)), { axis: 1, keepAxes: true })], {})[0],
};

describe('second derivatives', () => {
  test.each(Object.entries(twice))('%s', (_, compute) => {
    const { x, y } = madeOf([2, 3]);
    const value = compute(y);
    // Half the squares' sum, derived; square makes something of what is linear.
    const squared = f.square(value);
    const [gradient] = derive([{ value: squared, gradient: f.sin(squared) }], [y]);
    const model = network(x, f.flatten(gradient!), { seed: 3 });
    const loss = ownLoss(({ output, target }) =>
      f.mean(f.square(f.sub(output, f.mul(target, 0.3))), { axis: 1 }),
    );
    const { parameters, passed } = gradcheck(model, { loss, samples: 12, rows: 3 });
    expect(
      parameters.filter((own) => !own.passed).map(({ name, worst, error }) => ({ name, worst, error })),
    ).toEqual([]);
    expect(passed).toBe(true);
  });
});
