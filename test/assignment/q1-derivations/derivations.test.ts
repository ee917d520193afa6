/**
 * Every formula of the derivations, by its name, against central finite differences in float64; and the page
 * against the data.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { derivations } from '../../../src/assignment/q1-derivations/derivations.js';

const STEP = 1e-5;

/** ∂f/∂x[i] for all i, by central differences. */
function numeric(f: (x: number[]) => number, x: readonly number[]): number[] {
  return x.map((_, i) => {
    const at = (d: number) => f(x.map((v, j) => (j === i ? v + d : v)));
    return (at(STEP) - at(-STEP)) / (2 * STEP);
  });
}

function expectClose(given: readonly number[], expected: readonly number[]): void {
  expect(given).toHaveLength(expected.length);
  for (const [i, value] of given.entries()) {
    expect(Math.abs(value - expected[i])).toBeLessThan(1e-8 * (1 + Math.abs(expected[i])));
  }
}

/** The claimed gradient of f at x against the numeric one. */
const expectGradient = (f: (x: number[]) => number, x: readonly number[], claimed: readonly number[]) =>
  expectClose(numeric(f, x), claimed);

/** Numbers in [-1, 1] without pattern, the same in every run. */
function numbers(n: number, seed: number): number[] {
  return Array.from({ length: n }, (_, i) => Math.sin(12.9898 * (i + 1) + 78.233 * seed));
}

const sigmoid = (k: number) => 1 / (1 + Math.exp(-k));
const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, v, i) => sum + v * b[i], 0);
function softmax(o: readonly number[]): number[] {
  const e = o.map(Math.exp);
  const S = e.reduce((a, b) => a + b);
  return e.map((v) => v / S);
}
const oneHot = (c: number, n: number) => Array.from({ length: n }, (_, i) => (i === c ? 1 : 0));
/** x·W + b, W row-major [x.length, b.length]. */
const linear = (x: readonly number[], W: readonly number[], b: readonly number[]) =>
  b.map((bias, j) => x.reduce((sum, v, i) => sum + v * W[i * b.length + j], bias));
/** aᵀ·b of two rows. */
const outer = (a: readonly number[], b: readonly number[]) => a.flatMap((v) => b.map((w) => v * w));
/** d·Wᵀ */
const back = (d: readonly number[], W: readonly number[]) =>
  Array.from({ length: W.length / d.length }, (_, i) => dot(d, W.slice(i * d.length, (i + 1) * d.length)));
const chunk = (x: readonly number[], n: number) =>
  Array.from({ length: x.length / n }, (_, s) => x.slice(s * n, (s + 1) * n));
const add = (rows: readonly (readonly number[])[]) =>
  rows[0].map((_, j) => rows.reduce((sum, r) => sum + r[j], 0));

const [n, p, m, B] = [3, 4, 3, 5];
const o = numbers(m, 1).map((v) => 3 * v);
const y = softmax(o);
const c = 1;
const x = numbers(n, 2);
const [W, b, V, bias2] = [numbers(n * p, 3), numbers(p, 4), numbers(p * m, 5), numbers(m, 6)];
/** Any smooth loss of a layer's outputs, and its gradient. */
const smooth = (z: readonly number[]) => z.reduce((sum, v, j) => sum + Math.sin(v + j), 0);
const smoothGradient = (z: readonly number[]) => z.map((v, j) => Math.cos(v + j));
const loss = (logits: readonly number[], label: number) => -Math.log(softmax(logits)[label]);
/** Loss of the whole network for one sample. */
const network = (
  w1: readonly number[],
  b1: readonly number[],
  w2: readonly number[],
  b2: readonly number[],
) => loss(linear(linear(x, w1, b1).map(sigmoid), w2, b2), c);

const X = numbers(B * n, 7);
const labels = Array.from({ length: B }, (_, s) => s % m);
/** Mean loss of a softmax layer U, a over the batch; and of its samples. */
const U = numbers(n * m, 8);
const a = numbers(m, 9);
const sampleLoss = (xs: readonly number[], u: readonly number[], bias: readonly number[], label: number) =>
  loss(linear(xs, u, bias), label);
const batchLoss = (xs: readonly number[], u: readonly number[], bias: readonly number[]) =>
  chunk(xs, n).reduce((sum, row, s) => sum + sampleLoss(row, u, bias, labels[s]), 0) / B;
const T = labels.flatMap((label) => oneHot(label, m));
const Y = chunk(X, n).flatMap((row) => softmax(linear(row, U, a)));
const dZ = Y.map((v, i) => (v - T[i]) / B);

const checks: Record<string, () => void> = {
  D1() {
    const t = oneHot(c, m);
    const entropy = (v: number[]) => -v.reduce((sum, yi, i) => sum + t[i] * Math.log(yi), 0);
    expect(entropy(y)).toBe(-Math.log(y[c]));
    const gradient = y.map((v, i) => (i === c ? -1 / v : 0));
    expectGradient(entropy, y, gradient);
    expect(gradient[c]).toBeLessThanOrEqual(-1);
  },
  D2() {
    expect(y.reduce((sum, v) => sum + v)).toBeCloseTo(1, 14);
    expectClose(softmax(o.map((v) => v - Math.max(...o))), y);
    expectClose(softmax(o.map((v) => v + 7)), y);
  },
  D3() {
    for (let i = 0; i < m; i++) {
      const row = y.map((v, j) => (i === j ? y[i] * (1 - y[i]) : -y[i] * v));
      expectGradient((v) => softmax(v)[i], o, row);
      expect(row.reduce((sum, v) => sum + v)).toBeCloseTo(0, 14);
      expectClose(
        y.map((v, j) => y[i] * (Number(i === j) - v)),
        row,
      );
    }
  },
  D4() {
    const t = oneHot(c, m);
    const gradient = y.map((v, j) => v - t[j]);
    expectGradient((v) => loss(v, c), o, gradient);
    const chain = y.map((v, j) => (-1 / y[c]) * y[c] * (Number(j === c) - v));
    expectClose(chain, gradient);
  },
  D5() {
    const g = smoothGradient(y);
    const product = y.map((v, j) => v * (g[j] - dot(g, y)));
    expectGradient((v) => smooth(softmax(v)), o, product);
    const crossEntropy = y.map((v, i) => (i === c ? -1 / v : 0));
    const again = y.map((v, j) => v * (crossEntropy[j] - dot(crossEntropy, y)));
    expectClose(
      again,
      y.map((v, j) => v - Number(j === c)),
    );
  },
  D6() {
    const k = numbers(6, 10).map((v) => 4 * v);
    const h = k.map(sigmoid);
    for (const [i, value] of k.entries()) {
      expectGradient(([v]) => sigmoid(v), [value], [h[i] * (1 - h[i])]);
      expect(Math.exp(-value) / (1 + Math.exp(-value)) ** 2).toBeCloseTo(h[i] * (1 - h[i]), 14);
    }
    const dh = smoothGradient(h);
    expectGradient(
      (v) => smooth(v.map(sigmoid)),
      k,
      h.map((v, i) => dh[i] * v * (1 - v)),
    );
  },
  D7() {
    const dz = smoothGradient(linear(x, W, b));
    const dW = W.map((_, at) => x[Math.floor(at / p)] * dz[at % p]);
    const dx = x.map((_, i) => dz.reduce((sum, d, j) => sum + d * W[i * p + j], 0));
    expectGradient((w) => smooth(linear(x, w, b)), W, dW);
    expectGradient((v) => smooth(linear(x, W, v)), b, dz);
    expectGradient((v) => smooth(linear(v, W, b)), x, dx);
  },
  D8() {
    const dz = smoothGradient(linear(x, W, b));
    expectGradient((w) => smooth(linear(x, w, b)), W, outer(x, dz));
    expectGradient((v) => smooth(linear(x, W, v)), b, dz);
    expectGradient((v) => smooth(linear(v, W, b)), x, back(dz, W));
  },
  D9() {
    const h = linear(x, W, b).map(sigmoid);
    const dO = softmax(linear(h, V, bias2)).map((v, j) => v - Number(j === c));
    const dk = back(dO, V).map((d, j) => d * h[j] * (1 - h[j]));
    expectGradient((v) => network(W, b, V, v), bias2, dO);
    expectGradient((v) => network(W, b, v, bias2), V, outer(h, dO));
    expectGradient((v) => network(W, v, V, bias2), b, dk);
    expectGradient((v) => network(v, b, V, bias2), W, outer(x, dk));
    expectGradient((v) => loss(linear(v, V, bias2), c), h, back(dO, V));
  },
  D10() {
    const O = chunk(X, n).flatMap((row) => linear(row, U, a));
    const meanLoss = (v: readonly number[]) =>
      chunk(v, m).reduce((sum, row, s) => sum + loss(row, labels[s]), 0) / B;
    expectGradient(meanLoss, O, dZ);
    const ofOutputs = (v: readonly number[]) => -v.reduce((sum, p, i) => sum + T[i] * Math.log(p), 0) / B;
    expect(ofOutputs(Y)).toBeCloseTo(meanLoss(O), 14);
    expectGradient(
      ofOutputs,
      Y,
      Y.map((v, i) => -T[i] / v / B),
    );
  },
  D11() {
    const [rowsX, rowsZ] = [chunk(X, n), chunk(dZ, m)];
    const product = U.map((_, at) =>
      rowsX.reduce((sum, row, s) => sum + row[Math.floor(at / m)] * rowsZ[s][at % m], 0),
    );
    expectGradient((u) => batchLoss(X, u, a), U, product);
    expectGradient((v) => batchLoss(X, U, v), a, add(rowsZ));
    expectGradient(
      (v) => batchLoss(v, U, a),
      X,
      rowsZ.flatMap((d) => back(d, U)),
    );
  },
  D12() {
    const rowsZ = chunk(dZ, m);
    const G = chunk(X, n).map((row, s) => outer(row, rowsZ[s]));
    const own = chunk(X, n).map((row, s) => numeric((u) => sampleLoss(row, u, a, labels[s]), U));
    for (const [s, g] of G.entries()) {
      expectClose(
        own[s].map((v) => v / B),
        g,
      );
    }
    expectGradient((u) => batchLoss(X, u, a), U, add(G));
  },
};

describe('formulas against central finite differences', () => {
  test.each(derivations.map(({ name, title }) => [name, title]))('%s %s', (name) => {
    expect(checks).toHaveProperty(name);
    checks[name]();
  });

  test('there is a derivation for every check', () => {
    expect(derivations.map(({ name }) => name)).toEqual(Object.keys(checks));
  });
});

describe('docs/derivations.md', () => {
  const page = readFileSync(new URL('../../../docs/derivations.md', import.meta.url), 'utf8');
  const sections = new Map(page.split('\n### ').map((part) => [part.split(' ')[0], part]));

  test.each(derivations.map((entry) => [entry.name, entry] as const))(
    '%s says what the data says',
    (name, entry) => {
      const section = sections.get(name);
      expect(section).toMatch(new RegExp(`^${name} · ${entry.title}\n`));
      for (const paragraph of entry.text) expect(section).toContain(`\n${paragraph}\n`);
      const formulas = [...section!.matchAll(/```math\n(.*)\n```/g)].map(([, formula]) => formula);
      expect(formulas).toEqual(entry.latex);
    },
  );
});
