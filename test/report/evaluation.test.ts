/** The sections that an evaluation feeds: the confusion matrix and the worst mistakes. */
import { describe, expect, it } from 'vitest';
import { classScores, confusionSection } from '../../src/report/confusion.js';
import { renderReport } from '../../src/report/index.js';
import { mistakesSection, worstMistakes } from '../../src/report/mistakes.js';
import { NO_UPLOT, sampleEvaluation, sampleReport } from './sample.js';

/** The table's body as text, a row an array. */
function cells(markup: string): string[][] {
  const body = /<tbody>(.*?)<\/tbody>/s.exec(markup)![1]!;
  return body
    .split('</tr>')
    .slice(0, -1)
    .map((row) =>
      [...row.matchAll(/<t[dh][^>]*>(.*?)<\/t[dh]>/gs)].map(([, text]) => text!.replace(/<[^>]*>/g, '')),
    );
}

describe('confusion matrix', () => {
  const labels = [0, 0, 0, 0, 1, 1, 2];
  const test = sampleEvaluation(3, labels, [0, 0, 0, 1, 1, 1, 1]);

  it('shows counts, samples and recall by row', () => {
    expect(cells(confusionSection(test, undefined).text)).toEqual([
      ['0', '3', '1', '·', '4', '75.0'],
      ['1', '·', '2', '·', '2', '100.0'],
      ['2', '·', '1', '·', '1', '0.0'],
    ]);
  });

  it('computes precision by column, and none for a class never predicted', () => {
    expect(classScores(test.confusion).map(({ precision }) => precision)).toEqual([1, 0.5, Number.NaN]);
    expect(confusionSection(test, undefined).text).toMatch(/<tfoot>.*100\.0.*50\.0.*–/s);
  });

  it('puts more than 30 classes into a box that scrolls', () => {
    const many = Int32Array.from({ length: 100 }, (_, i) => i);
    const big = confusionSection(sampleEvaluation(100, [...many], [...many]), undefined).text;
    expect(big).toContain('class="scroll tall"');
    expect(cells(big)).toHaveLength(100);
    expect(confusionSection(test, undefined).text).not.toContain('tall');
  });

  it('leaves the list of confusions out when there are none', () => {
    const perfect = sampleEvaluation(2, [0, 1], [0, 1]);
    expect(confusionSection(perfect, undefined).text).not.toContain('Most frequent');
    expect(confusionSection(test, undefined).text).toContain('Most frequent');
  });
});

describe('mistakes', () => {
  const labels = [0, 1, 2, 0, 1, 2];
  const test = sampleEvaluation(3, labels, [1, 1, 0, 2, 0, 1], [2, 9, 5, 2, Number.NaN, Infinity]);

  it('are by falling loss, wrong predictions only, ties in the order of the set', () => {
    const order = worstMistakes(test, Int32Array.from(labels)).map(({ index }) => index);
    expect(order).toEqual([4, 5, 2, 0, 3]);
    expect(worstMistakes(test, Int32Array.from(labels), 2)).toHaveLength(2);
  });

  it('are images with a caption where there are images', () => {
    const images = { pixels: Uint8Array.from({ length: 24 }, (_, i) => i), height: 2, width: 2 };
    const testSet = { labels: Int32Array.from(labels), classNames: ['cat', 'dog', 'eel'], images };
    const text = mistakesSection(test, testSet).text;
    expect(text.match(/<img src="data:image\/png;base64,/g)).toHaveLength(5);
    const captions = [...text.matchAll(/<figcaption>(.*?)<\/figcaption>/g)].map(([, caption]) =>
      caption!.replace(/<[^>]*>/g, '').replaceAll('\u00a0', ' '),
    );
    expect(captions.slice(0, 3)).toEqual([
      'true dog, taken for cat, 70 %',
      'true eel, taken for dog, 75 %',
      'true eel, taken for cat, 60 %',
    ]);
  });

  it('are a table where there are none', () => {
    const text = mistakesSection(test, { labels: Int32Array.from(labels), classNames: [] }).text;
    expect(text).not.toContain('<img');
    expect(cells(text)[0]).toEqual(['4', '1', '0', '70\u00a0%', 'NaN']);
  });

  it('say so when nothing was wrong', () => {
    const perfect = sampleEvaluation(2, [0, 1], [0, 1]);
    const text = mistakesSection(perfect, { labels: Int32Array.of(0, 1), classNames: [] }).text;
    expect(text).toContain('was right about all 2 test samples');
  });
});

describe('figures of the test', () => {
  const figures = (test: ReturnType<typeof sampleEvaluation>, classNames: string[]) => {
    const testSet = { labels: new Int32Array(test.size), classNames };
    const page = renderReport(sampleReport({ test, testSet }), NO_UPLOT);
    return [...page.matchAll(/<dt>(.*?)<\/dt>\s*<dd>(.*?)<\/dd>/gs)].map(([, name, value]) =>
      `${name} ${value}`
        .replace(/<[^>]*>/g, ' ')
        .replace(/\s+/g, ' ')
        .trim(),
    );
  };

  it('have F1, of the second class or the mean of all, where accuracy may say little', () => {
    // Of ten samples one is yes, and it is missed; nothing is taken for yes.
    const rare = sampleEvaluation(2, [0, 0, 0, 0, 0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect(figures(rare, ['no', 'yes'])).toContain('Test F1 of yes 0.000 of precision and recall');
    // Recall 3/4, 1, 0 and precision 1, 1/2, none: F1 6/7, 2/3 and 0.
    const three = sampleEvaluation(3, [0, 0, 0, 0, 1, 1, 2], [0, 0, 0, 1, 1, 1, 1]);
    expect(figures(three, ['a', 'b', 'c'])).toContain('Test F1 0.508 mean of the classes');
  });

  it('have each metric that was asked for, once', () => {
    const test = { ...sampleEvaluation(2, [0, 1], [0, 1]), metrics: { f1: 0.25, rocAuc: 0.75 } };
    const shown = figures(test, ['no', 'yes']).filter((text) => /F1|ROC/.test(text));
    expect(shown).toEqual(['Test F1 0.2500', 'Test ROC AUC 0.7500']);
  });
});
