/** Networks drawn as text: every value has a rail from where it is made to where it is last read. */
import { expect, test } from 'vitest';
import { add, concat, relu } from '../../src/graph/functions.js';
import { input } from '../../src/graph/leaves.js';
import { drawGraph } from '../../src/inspect/graph-text.js';
import { dense } from '../../src/nn/dense.js';
import { layer } from '../../src/nn/layer.js';
import { network } from '../../src/nn/network.js';
import { sequential } from '../../src/nn/sequential.js';

const lines = (model: Parameters<typeof drawGraph>[0]) =>
  drawGraph(model).map(({ rails, name, shape }) => `${rails.padEnd(8)}${name} ${shape}`);

test('a residual runs beside what it goes around', () => {
  const x = input(4);
  const a = dense(3)(x);
  const block = layer('block', (own) => relu(dense(3)(own)));
  expect(lines(network(x, dense(2)(add(a, block(a)))))).toEqual([
    '●       input 4',
    '●       dense 3',
    '├─●     block 3',
    '●─╯     add 3',
    '●       dense_1 2',
  ]);
});

test('branches cross, and what ends leaves its rail to the next', () => {
  const [x, y, z] = ['x', 'y', 'z'].map((name) => input(2, { name }));
  const a = concat([x, z]);
  const b = concat([y, z, a]);
  expect(lines(network({ x, y, z }, { a: dense(1)(a), b: dense(1)(b) }))).toEqual([
    '●       x 2',
    '│ ●     y 2',
    '│ │ ●   z 2',
    '●─┼─┤   concat 4',
    '├─●─╯   concat 8',
    '├─┼─●   dense 1',
    '●─╯     dense_1 1',
  ]);
});

test('a list of layers is one rail, and what would need too many has none', () => {
  const rails = drawGraph(sequential(3, [dense(2), dense(1)])).map((own) => own.rails);
  expect(rails).toEqual(['●', '●', '●']);
  const inputs = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`x${i}`, input(1)]));
  const wide = network(inputs, dense(1)(concat(Object.values(inputs))));
  expect(drawGraph(wide).every((own) => own.rails === '')).toBe(true);
});
