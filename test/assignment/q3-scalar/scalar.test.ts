/**
 * The scalar network: its table against closed forms, and all its gradients against central finite
 * differences.
 */
import { describe, expect, test } from 'vitest';
import { formatGradientTable, gradientTable } from '../../../src/assignment/q3-scalar/gradient-table.js';
import {
  addGradients,
  backward,
  emptyBackward,
  forward,
  type ScalarNetwork,
  scalarNetwork,
  update,
} from '../../../src/assignment/q3-scalar/scalar.js';
import { parametersOf, twoLayerModel } from '../../../src/assignment/shared.js';
import type { TableName } from '../../../src/assignment/types.js';
import { ShapeError } from '../../../src/base/errors.js';
import { dense } from '../../../src/nn/dense.js';
import { sequential } from '../../../src/nn/sequential.js';

describe('gradientTable', () => {
  // By hand: k = 2 everywhere, so h = σ(2); both logits are h - 2h = -h, so y = 1/2 and l = ln 2.
  const s = 1 / (1 + Math.exp(-2));
  const closed: Record<TableName, number[][]> = {
    k: [[2, 2, 2]],
    h: [[s, s, s]],
    o: [[-s, -s]],
    y: [[0.5, 0.5]],
    l: [[Math.LN2]],
    dy: [[0, -2]],
    do: [[0.5, -0.5]],
    db2: [[0.5, -0.5]],
    dW2: [
      [s / 2, -s / 2],
      [s / 2, -s / 2],
      [s / 2, -s / 2],
    ],
    dh: [[0, 0, 0]],
    dk: [[0, 0, 0]],
    db1: [[0, 0, 0]],
    dW1: [
      [0, 0, 0],
      [0, 0, 0],
    ],
  };
  const table = gradientTable();

  test('has every name in the order of the passes', () => {
    expect(table.entries.map(({ name }) => name)).toEqual(Object.keys(closed));
    expect(table.entries.filter((entry) => entry.pass === 'forward').map(({ name }) => name)).toEqual([
      'k',
      'h',
      'o',
      'y',
      'l',
    ]);
  });

  test.each(table.entries.map((entry) => [entry.name, entry] as const))(
    '%s equals its closed form',
    (name, entry) => {
      const expected = closed[name];
      expect(entry.values.map((row) => row.length)).toEqual(expected.map((row) => row.length));
      for (const [r, row] of expected.entries()) {
        for (const [q, value] of row.entries()) {
          expect(Math.abs(entry.values[r][q] - value)).toBeLessThanOrEqual(2 ** -52 * Math.abs(value));
          expect(Object.is(entry.values[r][q], -0)).toBe(false);
        }
      }
    },
  );

  test('finds the one error of the original table', () => {
    expect(table.originalErrors).toEqual(['dy']);
    const dy = table.entries.find(({ name }) => name === 'dy')!;
    expect(dy.original).toEqual([[-2, -2]]);
    expect(dy.agrees).toBe(false);
    expect(dy.remark).toMatch(/entry 1 is -2, but must be 0/);
    expect(dy.remark).not.toMatch(/entry 2/);
    const agreeing = table.entries.filter(({ agrees }) => agrees).map(({ name }) => name);
    expect(agreeing).toEqual(['do', 'db2', 'dW2', 'dh', 'dk', 'db1', 'dW1']);
  });

  test('has the eight rows of the original table, as it prints them', () => {
    const given = table.entries.flatMap(({ name, original }) => (original ? [[name, original]] : []));
    const zeros = [0, 0, 0];
    expect(Object.fromEntries(given)).toEqual({
      dy: [[-2, -2]],
      do: [[0.5, -0.5]],
      db2: [[0.5, -0.5]],
      dW2: Array.from({ length: 3 }, () => [0.44, -0.44]),
      dh: [zeros],
      dk: [zeros],
      db1: [zeros],
      dW1: [zeros, zeros],
    });
    // 0.440399 is 0.440 to the three digits of the original.
    expect(table.entries.find(({ name }) => name === 'dW2')?.agrees).toBe(true);
  });

  test('as text names every value and says what is wrong', () => {
    const text = formatGradientTable();
    for (const { name } of table.entries) expect(text).toMatch(new RegExp(`^${name} `, 'm'));
    expect(text).toMatch(/^dy .*\[-2, -2\] WRONG$/m);
    expect(text).toMatch(/^do .*\[0\.5, -0\.5\] agrees$/m);
    expect(text).toMatch(/^dW2 .*3 × \[0\.440399, -0\.440399\]/m);
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(110);
  });
});

const model = twoLayerModel([4, 5, 3], 11);
const x = Float64Array.of(0.5, -1.5, 0, 2);
const label = 2;

/** The parameters' arrays beside their gradients, all flat lists of one place each. */
function places(network: ScalarNetwork, gradients: ReturnType<typeof backward>) {
  const { W, b, V, c } = network;
  const { dW1, db1, dW2, db2 } = gradients;
  const pairs: [Float64Array, Float64Array][] = [
    ...W.map((row, i): [Float64Array, Float64Array] => [row, dW1[i]]),
    [b, db1],
    ...V.map((row, i): [Float64Array, Float64Array] => [row, dW2[i]]),
    [c, db2],
  ];
  return pairs;
}

describe('backward', () => {
  test('equals central finite differences in every parameter', () => {
    const network = scalarNetwork(model);
    const gradients = backward(network, x, label, forward(network, x, label));
    const h = 1e-6;
    for (const [values, gradient] of places(network, gradients)) {
      for (let i = 0; i < values.length; i++) {
        const kept = values[i];
        values[i] = kept + h;
        const above = forward(network, x, label).l;
        values[i] = kept - h;
        const below = forward(network, x, label).l;
        values[i] = kept;
        expect(Math.abs((above - below) / (2 * h) - gradient[i])).toBeLessThan(1e-8);
      }
    }
  });

  test('overwrites what the gradients held', () => {
    const network = scalarNetwork(model);
    const pass = forward(network, x, label);
    const used = emptyBackward(network);
    for (const [, gradient] of places(network, used)) gradient.fill(NaN);
    for (const gradient of [used.dy, used.do, used.dh, used.dk]) gradient.fill(NaN);
    expect(backward(network, x, label, pass, used)).toEqual(backward(network, x, label, pass));
  });

  test('is finite for logits of thousands', () => {
    const network = scalarNetwork(model);
    network.c.set([3000, 2995, 2990]);
    const pass = forward(network, x, label);
    expect(pass.l).toBeGreaterThan(9);
    const gradients = backward(network, x, label, pass);
    expect([...gradients.do].every(Number.isFinite)).toBe(true);
    expect(gradients.do[label]).toBeCloseTo(pass.y[label] - 1, 12);
  });
});

test('update walks against the gradient, and addGradients adds the parameters', () => {
  const network = scalarNetwork(model);
  const before = scalarNetwork(model);
  const gradients = backward(network, x, label, forward(network, x, label));
  const sums = emptyBackward(network);
  addGradients(sums, gradients);
  addGradients(sums, gradients);
  update(network, sums, 0.25);
  const old = places(before, gradients);
  for (const [p, [values]] of places(network, gradients).entries()) {
    for (let i = 0; i < values.length; i++)
      expect(values[i]).toBeCloseTo(old[p][0][i] - 0.5 * old[p][1][i], 14);
  }
  expect(forward(network, x, label).l).toBeLessThan(forward(before, x, label).l);
});

test('takes its values from the model', () => {
  const { W, b, V, c } = parametersOf('test', model);
  const network = scalarNetwork(model);
  expect(network.W.flatMap((row) => [...row])).toEqual([...W]);
  expect(network.V.flatMap((row) => [...row])).toEqual([...V]);
  expect([...network.b, ...network.c]).toEqual([...b, ...c]);
});

test('refuses what does not fit', () => {
  const network = scalarNetwork(model);
  expect(() => forward(network, new Float64Array(3), 0)).toThrow(ShapeError);
  expect(() => forward(network, x, 3)).toThrow(/label below 3/);
  expect(() => forward(network, x, Number.NaN)).toThrow(ShapeError);
  expect(() => scalarNetwork(sequential(4, [dense(2)]))).toThrow(ShapeError);
  const relu = sequential(4, [dense(3, { activation: 'relu' }), dense(2)]);
  expect(() => scalarNetwork(relu)).toThrow(/sigmoid/);
});
