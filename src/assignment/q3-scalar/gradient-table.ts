/**
 * Question 3's table: every intermediate value and gradient of one pass of the scalar network, beside what
 * the original table says. It computes nothing itself.
 */
import { isFloat64Array } from '../../base/arrays.js';
import type { GradientEntry, GradientTable, TableName } from '../types.js';
import { backward, forward, type ScalarNetwork } from './scalar.js';

/** The assignment's example; the true class is 2, counted from 1. */
export const example = {
  x: [1, -1],
  W: [
    [1, 1, 1],
    [-1, -1, -1],
  ],
  b: [0, 0, 0],
  V: [
    [1, 1],
    [-1, -1],
    [-1, -1],
  ],
  c: [0, 0],
  t: [0, 1],
  trueClass: 2,
};

/** The example's weights as a scalar network. */
export function exampleNetwork(): ScalarNetwork {
  const { W, b, V, c } = example;
  const rows = (matrix: number[][]) => matrix.map((row) => Float64Array.from(row));
  return { W: rows(W), b: Float64Array.from(b), V: rows(V), c: Float64Array.from(c) };
}

const meanings: Record<TableName, [pass: 'forward' | 'backward', formula: string, derivation: string]> = {
  k: ['forward', 'k = xW + b', 'D7'],
  h: ['forward', 'h = σ(k)', 'D6'],
  o: ['forward', 'o = hV + c', 'D7'],
  y: ['forward', 'y = softmax(o)', 'D2'],
  l: ['forward', 'l = -ln y_c', 'D1'],
  dy: ['backward', 'dy_c = -1/y_c, else 0', 'D1'],
  do: ['backward', 'do = Jᵀ dy = y - t', 'D4'],
  db2: ['backward', 'db2 = do', 'D8'],
  dW2: ['backward', 'dW2 = hᵀ do', 'D8'],
  dh: ['backward', 'dh = do Vᵀ', 'D8'],
  dk: ['backward', 'dk = dh ⊙ h ⊙ (1 - h)', 'D6'],
  db1: ['backward', 'db1 = dk', 'D8'],
  dW1: ['backward', 'dW1 = xᵀ dk', 'D8'],
};

/** The original table: its eight rows, all of the backward pass, to the digits it gives. */
const originals: Partial<Record<TableName, { values: number[][]; digits: number }>> = {
  dy: { values: [[-2, -2]], digits: 3 },
  do: { values: [[0.5, -0.5]], digits: 3 },
  db2: { values: [[0.5, -0.5]], digits: 3 },
  dW2: { values: Array.from({ length: 3 }, () => [0.44, -0.44]), digits: 3 },
  dh: { values: [[0, 0, 0]], digits: 3 },
  dk: { values: [[0, 0, 0]], digits: 3 },
  db1: { values: [[0, 0, 0]], digits: 3 },
  dW1: { values: Array.from({ length: 2 }, () => [0, 0, 0]), digits: 3 },
};

/** One forward and one backward pass of the example, compared with the original table. */
export function gradientTable(): GradientTable {
  const network = exampleNetwork();
  const x = Float64Array.from(example.x);
  const label = example.trueClass - 1;
  const pass = forward(network, x, label);
  const values = { ...pass, ...backward(network, x, label, pass) };
  const entries = (Object.keys(meanings) as TableName[]).map((name): GradientEntry => {
    const [direction, formula, derivation] = meanings[name];
    const rows = toRows(values[name]);
    return { name, pass: direction, formula, derivation, values: rows, ...compare(name, rows) };
  });
  return {
    example,
    entries,
    originalErrors: entries.filter(({ agrees }) => agrees === false).map(({ name }) => name),
  };
}

function compare(name: TableName, values: number[][]): Pick<GradientEntry, 'original' | 'agrees' | 'remark'> {
  const given = originals[name];
  if (!given) return {};
  const remarks: string[] = [];
  for (const [r, row] of given.values.entries()) {
    for (const [q, original] of row.entries()) {
      const value = values[r][q];
      // Half a unit of the last digit that the original gives.
      if (Math.abs(value - original) <= 0.5 * 10 ** -given.digits) continue;
      const place = given.values.length > 1 ? `entry ${q + 1} of row ${r + 1}` : `entry ${q + 1}`;
      remarks.push(`the original's ${place} is ${original}, but must be ${number(value)}`);
    }
  }
  const why = name === 'dy' && remarks.length > 0 ? ': the loss depends on the true class’s output only' : '';
  return {
    original: given.values,
    agrees: remarks.length === 0,
    ...(remarks.length > 0 && { remark: `${remarks.join('; ')}${why}` }),
  };
}

/** The table as lines of text for a terminal, with the example above it and the remarks below. */
export function formatGradientTable(table: GradientTable = gradientTable()): string {
  const { x, W, b, V, c, t, trueClass } = table.example;
  const head = [
    `x = ${vector(x)}   W = ${matrix(W)}   b = ${vector(b)}`,
    `V = ${matrix(V)}   c = ${vector(c)}   true class ${trueClass}, t = ${vector(t)}`,
  ];
  const cells = table.entries.map(({ name, formula, values, original, agrees }) => [
    name,
    formula,
    values.length === 1 && values[0].length === 1 ? number(values[0][0]) : matrix(values),
    original ? `${matrix(original)} ${agrees ? 'agrees' : 'WRONG'}` : '',
  ]);
  const rows = [['', 'formula', 'value', 'original table'], ...cells];
  const widths = [0, 1, 2].map((q) => Math.max(...rows.map((row) => row[q].length)));
  const lines = rows.map((row) =>
    row
      .map((cell, q) => cell.padEnd(widths[q] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const remarks = table.entries.flatMap(({ name, remark }) => (remark ? [`${name}: ${remark}`] : []));
  return [...head, '', ...lines, ...(remarks.length > 0 ? ['', ...remarks] : [])].join('\n');
}

/** A matrix on one line, its rows apart by semicolons; equal rows are counted. */
function matrix(rows: readonly (readonly number[])[]): string {
  const texts = rows.map((row) => row.map(number).join(', '));
  if (texts.length > 1 && texts.every((text) => text === texts[0])) return `${rows.length} × [${texts[0]}]`;
  return `[${texts.join('; ')}]`;
}

function vector(values: readonly number[]): string {
  return matrix([values]);
}

/** Up to six decimals; never -0. */
function number(value: number): string {
  return String(Number(value.toFixed(6)) + 0);
}

function toRows(value: number | Float64Array | readonly Float64Array[]): number[][] {
  const plain = (row: Float64Array) => Array.from(row, (v) => v + 0);
  if (typeof value === 'number') return [[value]];
  return isFloat64Array(value) ? [plain(value)] : value.map(plain);
}
