/**
 * The report of a training run as one HTML page. It composes the sections; each has a module of its own.
 * Nothing here touches a file or Node: loading uPlot's text is in node.ts, writing the page is the caller's.
 */
import { ShapeError } from '../base/errors.js';
import { confusionSection } from './confusion.js';
import { curves, curvesSection } from './curves.js';
import { reproducibilitySection, settingsSection } from './details.js';
import { epochsSection } from './epochs.js';
import { headline } from './headline.js';
import { mistakesSection } from './mistakes.js';
import { networkSection } from './network.js';
import { type Link, page } from './page.js';
import { isRegression, regressionSection } from './regression.js';
import { STYLE } from './style.js';
import { tableSection } from './table-data.js';
import type { RunReport, Uplot } from './types.js';

export type { RegressionTest, RunReport, TestSet, Uplot } from './types.js';

/**
 * The whole page as one string. `uplot` is the source text of uPlot's script and style sheet.
 * @throws ShapeError when the test set, its images and its evaluation are not of one size
 */
export function renderReport(report: RunReport, uplot: Uplot): string {
  checkShapes(report);
  const { history, testSet, regression, network, table } = report;
  // Where there are no classes, none can be confused.
  const test = report.test && !isRegression(report.test) ? report.test : undefined;
  // Of a test set that streams, what each row was taken for is not kept.
  const shown = testSet && testSet.labels.length > 0 ? testSet : undefined;
  const charts = curves(history, lossUnit(report.config));
  const links: (Link | false | undefined)[] = [
    { id: 'curves', name: 'Learning curves' },
    regression && { id: 'regression', name: 'Predicted and actual' },
    test && { id: 'confusion', name: 'Confusion matrix' },
    test && shown && { id: 'mistakes', name: 'Most wrong' },
    network && { id: 'network', name: 'Network' },
    charts.length > 0 && { id: 'epochs', name: 'Epochs' },
    table && { id: 'table', name: 'Table' },
    { id: 'settings', name: 'Settings' },
    { id: 'reproducibility', name: 'Reproducibility' },
  ];
  return page({
    title: `${report.title} – lanegrad training report`,
    header: headline(report),
    links: links.filter((link): link is Link => Boolean(link)),
    sections: [
      curvesSection(history, charts),
      regression && regressionSection(regression),
      test && confusionSection(test, testSet),
      test && shown && mistakesSection(test, shown),
      network && networkSection(network),
      epochsSection(history),
      table && tableSection(table),
      settingsSection(report),
      reproducibilitySection(report),
    ],
    style: STYLE,
    charts,
    uplot,
  });
}

/** Cross-entropies are in nats; other losses have whatever unit their targets have. */
function lossUnit(config: RunReport['config']): string {
  return typeof config.loss === 'string' && /entropy/i.test(config.loss) ? 'nats' : '';
}

function checkShapes({ test, testSet, regression }: RunReport): void {
  const expect = (what: string, expected: number, given: number) => {
    if (given !== expected)
      throw new ShapeError('renderReport', `expected ${expected} ${what}, not ${given}`);
  };
  const kept = test?.predictions.length === 0 ? 0 : test?.size;
  if (test && kept !== undefined) {
    const classes = test.confusion.length;
    test.confusion.forEach((row, index) => {
      expect(`columns in row ${index} of the confusion matrix`, classes, row.length);
    });
    expect('test predictions', kept, test.predictions.length);
    expect('test losses', kept, test.losses.length);
    expect('test confidences', kept, test.confidences.length);
  }
  if (regression) {
    expect('predicted values, as many as actual ones', regression.actual.length, regression.predicted.length);
    const { rows = test?.size } = regression;
    if (test) expect('actual values, as many as were evaluated', test.size, rows ?? 0);
  }
  if (test && testSet && kept !== undefined) {
    expect('test labels, as many as were evaluated', kept, testSet.labels.length);
    const { images } = testSet;
    if (images) {
      const { height, width, channels = 1, pixels } = images;
      const depth = channels === 1 ? '' : `x${channels}`;
      const numbers = test.size * height * width * channels;
      expect(`test pixels (${test.size}x${height}x${width}${depth})`, numbers, pixels.length);
    }
  }
}
