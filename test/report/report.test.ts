/** The page as a whole, as text: what is in it, what is not, and that data stays data. */
import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { clientScript, languageScript } from '../../build/report.js';
import { FileError, ShapeError } from '../../src/base/errors.js';
import { flatten } from '../../src/report/details.js';
import { inlineScript } from '../../src/report/escape.js';
import { renderReport } from '../../src/report/index.js';
import { loadUplot, readPackageFile } from '../../src/report/node.js';
import { NO_UPLOT, payloadOf, sampleEvaluation, sampleHistory, sampleReport } from './sample.js';

const ids = (text: string) => [...text.matchAll(/<section id="(\w+)"/g)].map(([, id]) => id);
const labels = Int32Array.of(0, 1, 1, 0);
const test = sampleEvaluation(2, [...labels], [0, 1, 0, 0], [0.1, 0.2, 3, 0.3]);

describe('renderReport', () => {
  it('has every section when there is a labelled test set', () => {
    const text = renderReport(sampleReport({ test, testSet: { labels, classNames: ['a', 'b'] } }), NO_UPLOT);
    const sections = ['curves', 'confusion', 'mistakes', 'epochs', 'settings', 'reproducibility'];
    expect(ids(text)).toEqual(sections);
    for (const id of sections) expect(text).toContain(`<a href="#${id}">`);
    expect(text).toMatch(/Test accuracy<\/p>\s*<p class="value">75\.00</);
    expect(text).toContain('3 of 4 samples right');
    expect(text).toContain('a94a8fe5ccb1');
    expect(text).toContain('strict · 2\u00a0threads · node 24.1.0');
    expect(text).toContain(NO_UPLOT.script);
  });

  it('works without a test set, without validation and without epochs', () => {
    const noTest = renderReport(sampleReport(), NO_UPLOT);
    expect(ids(noTest)).toEqual(['curves', 'epochs', 'settings', 'reproducibility']);
    expect(noTest).toContain('Validation accuracy</p>');

    const history = sampleHistory(2, ({ validation: _, ...record }) => record);
    const noValidation = renderReport(sampleReport({ history }), NO_UPLOT);
    expect(noValidation).toContain('Training accuracy</p>');
    expect(noValidation).not.toContain('Validation loss');
    expect(payloadOf(noValidation)[0].lines.map(({ label }) => label)).toEqual(['Training']);

    const noEpoch = renderReport(sampleReport({ history: sampleHistory(0) }), NO_UPLOT);
    expect(noEpoch).toContain('No epoch was finished');
    expect(noEpoch).not.toContain('<script');
  });

  it('shows the matrix but no mistakes when labels are not known', () => {
    expect(ids(renderReport(sampleReport({ test }), NO_UPLOT))).toContain('confusion');
    expect(ids(renderReport(sampleReport({ test }), NO_UPLOT))).not.toContain('mistakes');
  });

  it('says when a run was interrupted, by either sign of it', () => {
    const { facts, history } = sampleReport();
    const phrase = 'This run was interrupted</strong>';
    expect(renderReport(sampleReport(), NO_UPLOT)).not.toContain(phrase);
    expect(renderReport(sampleReport({ facts: { ...facts, interrupted: true } }), NO_UPLOT)).toContain(
      phrase,
    );
    expect(renderReport(sampleReport({ history: { ...history, outcome: 'aborted' } }), NO_UPLOT)).toContain(
      phrase,
    );
  });

  it('says which epoch the weights are of after early stopping, and shows its validation', () => {
    const best = { epoch: 2, monitor: 'validation.loss', value: 0.6, restored: true };
    const history = { ...sampleHistory(3), outcome: 'stoppedEarly' as const, best };
    const page = renderReport(sampleReport({ history }), NO_UPLOT);
    expect(page).toMatch(
      /stopped early after 3.epochs\. The model has the weights of epoch 2, the best by validation\.loss/,
    );
    expect(page).toContain('after epoch 2; no test set was used');
    const kept = renderReport(
      sampleReport({ history: { ...history, best: { ...best, restored: false } } }),
      NO_UPLOT,
    );
    expect(kept).toContain('after epoch 3; no test set was used');
    expect(kept).toMatch(/Epoch 2 was the best .* weights of the last/);
  });

  it('draws the learning rate when it varies, and the metrics that were asked for', () => {
    const history = sampleHistory(3, (record) => ({
      ...record,
      learningRate: 0.1 / record.epoch,
      validation: { ...record.validation!, metrics: { f1: record.epoch / 4 } },
    }));
    const page = renderReport(sampleReport({ history }), NO_UPLOT);
    const charts = payloadOf(page);
    expect(charts.map(({ id }) => id)).toEqual(['loss', 'accuracy', 'f1', 'learningRate']);
    expect(charts[2].lines).toEqual([
      { label: 'Validation', colour: '--validation', values: [0.25, 0.5, 0.75] },
    ]);
    expect(charts[3].lines).toMatchObject([{ label: 'Rate', values: [0.1, 0.05, 0.1 / 3] }]);
    for (const { id } of charts) expect(page).toContain(`id="plot-${id}"`);
    expect(page).toMatch(/<td>0\.7500<\/td>/);
    expect(renderReport(sampleReport(), NO_UPLOT)).not.toContain('plot-learningRate');
  });

  it('escapes names, titles, keys and values', () => {
    const evil = `</script><img src=x onerror="alert('1')">`;
    const text = renderReport(
      sampleReport({
        title: `"quoted" ${evil}`,
        createdAt: evil,
        test,
        testSet: { labels, classNames: [evil, 'b'] },
        config: { [evil]: { [evil]: evil } },
        engine: { math: evil, runtime: evil },
        facts: { parameters: 1, weightsSha256: evil, layers: [1] },
      }),
      NO_UPLOT,
    );
    expect(text).not.toContain('<img');
    expect(text).toContain('<h1>&quot;quoted&quot; &lt;/script&gt;');
    expect(text.match(/<\/script>/g)).toHaveLength(4); // the payload, what mends the locale, uPlot and the page's own
  });

  it('forbids the network', () => {
    const text = renderReport(sampleReport(), NO_UPLOT);
    expect(text).toContain(
      `content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:`,
    );
    expect(text).not.toMatch(/(?:src|href)="(?!data:|#)/);
  });

  it('refuses parts that are not of one size', () => {
    const render = (parts: Parameters<typeof sampleReport>[0]) => () =>
      renderReport(sampleReport(parts), NO_UPLOT);
    const images = { pixels: new Uint8Array(3), height: 1, width: 1 };
    expect(render({ test, testSet: { labels: Int32Array.of(1), classNames: [] } })).toThrow(ShapeError);
    expect(render({ test, testSet: { labels, classNames: [], images } })).toThrow(
      /4 test pixels \(4x1x1\), not 3/,
    );
    expect(render({ test: { ...test, confusion: [[1, 2], [3]] } })).toThrow(ShapeError);
  });
});

describe('the payload', () => {
  it('holds the curves of one epoch and of many', () => {
    const x = { label: 'Epoch', values: [1] };
    const lines = (train: number, validation: number) => [
      { label: 'Training', colour: '--train', values: [train] },
      { label: 'Validation', colour: '--validation', values: [validation] },
    ];
    expect(payloadOf(renderReport(sampleReport({ history: sampleHistory(1) }), NO_UPLOT))).toEqual([
      { id: 'loss', x, y: { label: 'Loss (nats per sample)', logButton: true }, lines: lines(1, 1.25) },
      { id: 'accuracy', x, y: { label: 'Accuracy (%)', percent: true }, lines: lines(50, 49) },
    ]);
    const many = payloadOf(renderReport(sampleReport({ history: sampleHistory(200) }), NO_UPLOT));
    expect(many.map(({ x }) => x.values.length)).toEqual([200, 200]);
  });

  it('tells not measured from not finite', () => {
    const history = sampleHistory(3, ({ validation, ...record }) => {
      if (record.epoch === 2) return record;
      return { ...record, loss: Number.NaN, validation: { ...validation!, loss: Infinity } };
    });
    const text = renderReport(sampleReport({ history }), NO_UPLOT);
    expect(payloadOf(text)[0].lines.map(({ values }) => values)).toEqual([
      ['NaN', 0.5, 'NaN'],
      ['Infinity', null, 'Infinity'],
    ]);
    expect(text).toContain('<td>NaN</td>');
  });
});

describe('settings', () => {
  it('become dotted lines', () => {
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    expect(
      flatten({
        a: 1e-10,
        b: { c: true, d: [1, 2] },
        e: [{ f: null }],
        g: {},
        h: Number.NaN,
        i: new Float32Array(2),
      }),
    ).toEqual([
      ['a', '1e-10'],
      ['b.c', 'yes'],
      ['b.d', '1, 2'],
      ['e[0].f', 'none'],
      ['g', 'none'],
      ['h', 'NaN'],
      ['i', 'Float32Array of 8 bytes'],
    ]);
    expect(flatten({ cycle })).toHaveLength(1);
  });
});

describe('scripts', () => {
  it("the page's own are JavaScript that can stand in an element", () => {
    for (const script of [languageScript, clientScript]) {
      expect(() => new Function(script)).not.toThrow();
      expect(inlineScript(script).text).toBe(script);
    }
  });

  it("uPlot's files are found, and a missing package has a named error", async () => {
    const { script, style } = await loadUplot();
    expect(script).toContain('var uPlot=');
    expect(style).toContain('.u-legend');
    await expect(readPackageFile('uplot/dist/none.js')).rejects.toThrow(FileError);
  });

  it('rendering reaches no module of Node', async () => {
    const folder = new URL('../../src/report/', import.meta.url);
    for (const name of await readdir(folder, { recursive: true })) {
      if (name === 'node.ts' || !name.endsWith('.ts')) continue;
      const source = await readFile(new URL(name, folder), 'utf8');
      expect(source, name).not.toMatch(/from '(?:node:|\.\/node\.js)/);
    }
  });
});
