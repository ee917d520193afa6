/** The assignment's page as text: its sections, its mathematics, and that data stays data. */

import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { inflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { code } from '../../../build/assignment.js';
import { derivations, gradientTable, renderAssignment } from '../../../src/assignment/index.js';
import { contour } from '../../../src/assignment/report/boundary.js';
import { excerpts } from '../../../src/assignment/report/excerpts.js';
import { divergingPng } from '../../../src/assignment/report/images.js';
import { formula, inlineValue, prose } from '../../../src/assignment/report/mathml.js';
import { topics } from '../../../src/assignment/report/original-topics.js';
import { plainDerivations, plainMath } from '../../../src/assignment/report/plain.js';
import type { AssignmentReport } from '../../../src/assignment/report/types.js';
import { plusMinus, power } from '../../../src/assignment/report/words.js';
import { DataError } from '../../../src/base/errors.js';
import { escapeHtml } from '../../../src/report/escape.js';
import { openTiny, temporaryFolder } from '../sample.js';

const NO_UPLOT = { script: '/* uplot */', style: '' };

let folder: string;
let report: AssignmentReport;
let text: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  report = await (await openTiny(folder)).all();
  text = renderAssignment(report, NO_UPLOT);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the page', () => {
  it('has every section, in order, and a link to each', () => {
    const ids = [...text.matchAll(/<section id="(\w+)"/g)].map(([, id]) => id);
    expect(ids).toEqual(
      'data q1 q2 q3 q4 q5 q6 q7 final speed original conclusions reproducibility'.split(' '),
    );
    for (const id of ids) expect(text).toContain(`<a href="#${id}">`);
  });

  it('writes every derivation as MathML that the table refers to', () => {
    for (const { name } of derivations) expect(text).toContain(`id="${name}"`);
    for (const { derivation } of gradientTable().entries) expect(text).toContain(`href="#${derivation}"`);
    expect(text.match(/<math/g)?.length).toBeGreaterThan(50);
    expect(text).not.toMatch(/\\frac|\$[a-z]/);
  });

  it('says that the original table is wrong in dy', () => {
    expect(text).toContain('The original table is wrong in dy.');
    const right = { ...report.table, originalErrors: [] };
    expect(renderAssignment({ ...report, table: right }, NO_UPLOT)).not.toContain('table is wrong in');
  });

  it('has a place for every chart of its data', () => {
    const json = text.match(/<script type="application\/json" id="charts">(.*?)<\/script>/s)?.[1] ?? '[]';
    const charts = JSON.parse(json) as {
      id: string;
      x: { values: number[] };
      lines: { values: number[] }[];
    }[];
    expect(charts).toHaveLength(11);
    for (const { id, x, lines } of charts) {
      expect(text).toContain(`id="plot-${id}"`);
      for (const { values } of lines) expect(values).toHaveLength(x.values.length);
    }
  });

  it('marks the quick version', () => {
    expect(text).not.toContain('This is the quick version');
    const quick = renderAssignment({ ...report, quick: true }, NO_UPLOT);
    expect(quick).toContain('This is the quick version');
    expect(quick).toMatch(
      /200 training images [^;]*; 2.rates and 2.batch sizes with one seed and 2.epochs each/,
    );
  });

  it('escapes what comes from outside', () => {
    const evil = `</script><img src=x onerror="alert('1')">`;
    const { samples, machine } = report;
    const page = renderAssignment(
      {
        ...report,
        version: evil,
        createdAt: evil,
        machine: { ...machine, processor: evil },
        samples: { ...samples, name: evil, classNames: samples.classNames.map(() => evil) },
      },
      NO_UPLOT,
    );
    expect(page).not.toContain('<img src=x');
    expect(page.match(/<\/script>/g)).toHaveLength(4); // as the other report's
  });

  it('asks nothing of the network', () => {
    expect(text).toContain(`content="default-src 'none'`);
    expect(text).not.toMatch(/(?:src|href)="(?!data:|#|url)/);
  });
});

describe('what the original got wrong', () => {
  const dedented = (lines: string[]) => {
    const margin = Math.min(...lines.filter((line) => line).map((line) => line.search(/\S/)));
    return lines.map((line) => line.slice(margin)).join('\n');
  };

  it.each(Object.entries(excerpts))('shows %s as it stands in the source', (name, { file }) => {
    const source = readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8').split('\n');
    const shown = code[name].split('\n');
    const places = source.flatMap((line, i) => (line.trim() === shown[0].trim() ? [i] : []));
    const found = places.filter((at) => dedented(source.slice(at, at + shown.length)) === dedented(shown));
    expect(found).not.toEqual([]);
    expect(text).toContain(`<code>${escapeHtml(code[name])}</code>`);
  });

  it('has a point for each known error, with formulas and code', () => {
    const ids = [...text.matchAll(/id="original-(\w+)"/g)].map(([, id]) => id);
    expect(ids).toEqual(['dy', 'descent', 'jacobian', 'batches', 'experiments']);
    expect(new Set(topics.flatMap((topic) => topic.code))).toEqual(new Set(Object.keys(excerpts)));
    const names = derivations.map(({ name }) => name);
    for (const topic of topics) for (const name of topic.derivations) expect(names).toContain(name);
  });

  it('is right that the table’s do cannot follow from its dy', () => {
    const { entries } = gradientTable();
    const row = (name: string) => entries.find((entry) => entry.name === name)!;
    const [y] = row('y').values;
    const through = (g: readonly number[]) => {
      const dot = g.reduce((sum, value, i) => sum + value * y[i], 0);
      return y.map((value, j) => value * (g[j] - dot));
    };
    expect(through(row('dy').original![0])).toEqual([0, 0]);
    expect(through(row('dy').values[0])).toEqual(row('do').original![0]);
  });
});

describe('mathematics', () => {
  it('refuses what is no formula', () => {
    expect(() => formula(String.raw`\nonsense{`)).toThrow(DataError);
    expect(() => formula('toString')).toThrow(/given "toString"/);
  });

  it('sets matrices of numbers', () => {
    expect(inlineValue([[0.5]]).text).toBe('<math><mrow><mn>0.5</mn></mrow></math>');
    const { text: set } = inlineValue([
      [1, -0],
      [-0.25, 1 / 3],
    ]);
    expect(set.match(/<mtr>/g)).toHaveLength(2);
    expect([...set.matchAll(/<mn>(.*?)<\/mn>/g)].map(([, value]) => value)).toEqual([
      '1',
      '0',
      '0.25',
      '0.333333',
    ]);
    expect(set.match(/−/g)).toHaveLength(1);
  });

  it('escapes the prose around formulas', () => {
    expect(prose('a < $b$').text).toMatch(/^a &lt; <math/);
  });

  it.each([
    [String.raw`\frac{\partial l}{\partial o} = y - t`, '∂l/∂o = y - t'],
    [String.raw`-\frac{1}{B} \sum_{s=1}^{B} l_s`, '-1/B · Σ_(s=1)^B l_s'],
    [String.raw`\frac{1}{1 + e^{-k}}`, '1/(1 + e^(-k))'],
    [String.raw`x^\top W \in \mathbb{R}^{1 \times n}`, 'xᵀ W ∈ R^(1 × n)'],
  ])('is text in a terminal: %s', (latex, expected) => {
    expect(plainMath(latex)).toBe(expected);
  });

  it('leaves no command in any derivation', () => {
    expect(plainDerivations(derivations, 80).join('\n')).not.toMatch(/[\\{}$]/);
  });
});

describe('drawings', () => {
  it('follow the line where the probability is one half', () => {
    const grid = { from: -1, to: 1, points: 3, probabilities: [0, 0.5, 1, 0, 0.5, 1, 0, 0.5, 1] };
    for (const line of contour(grid)) for (const [x] of line) expect(x).toBeCloseTo(0, 9);
  });

  it('are clear where a value is zero', () => {
    const bytes = Buffer.from(divergingPng([0, 1, -2], 1, 3).split(',')[1], 'base64');
    // Pixels of four bytes, after the filter's.
    const pixels = inflateSync(bytes.subarray(bytes.indexOf('IDAT') + 4)).subarray(1);
    expect([pixels[3], pixels[7], pixels[11]]).toEqual([0, 255, 255]);
  });

  it('have numbers written shortly', () => {
    expect(power(4.84e-7).text).toContain('4.8 × 10<sup>−7</sup>');
    expect(plusMinus({ mean: 0.98123, deviation: 0.0005, count: 3 }, 2, 100)).toBe('98.12 ± 0.05');
    expect(plusMinus({ mean: 1, deviation: 0, count: 1 }, 1)).toBe('1.0');
    expect(plusMinus({ mean: 1, deviation: 0, count: 2 }, 1)).toBe('1.0 ± 0.0');
  });
});
