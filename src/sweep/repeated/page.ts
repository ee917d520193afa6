/**
 * The report of several runs of the same settings: what was measured of each, its mean and deviation, the
 * learning curves of all over each other, and what the model that predicts their mean does. It only shows.
 */
import { confusionSection } from '../../report/confusion.js';
import { metricNamesOf, titleOf } from '../../report/curves.js';
import { reproducibilitySection, settingsSection } from '../../report/details.js';
import { escapeHtml, type Html, html } from '../../report/escape.js';
import { count, duration, loss, number, percent, plural } from '../../report/format.js';
import { type Figure, pageHeader } from '../../report/header.js';
import { mistakesSection } from '../../report/mistakes.js';
import { networkSection } from '../../report/network.js';
import { type Link, page } from '../../report/page.js';
import { isRegression, regressionSection } from '../../report/regression.js';
import { STYLE } from '../../report/style.js';
import { type Column, dataTable } from '../../report/table.js';
import { tableSection } from '../../report/table-data.js';
import type { RunReport, Uplot } from '../../report/types.js';
import type { EpochRecord } from '../../train/history.js';
import { deviation, mean } from '../objective/parts.js';
import { coordinate, type Frame, framed, marksOf, scaleOfValues, xOf, yOf } from '../report/draw.js';
import type { RunsOver } from './objective.js';
import type { OneRun, Spread } from './types.js';

/** What the page shows beside the ensemble's own report. */
export interface RunsReport {
  readonly over: RunsOver;
  readonly runs: readonly OneRun[];
  readonly spreads: Readonly<Record<string, Spread>>;
  /** Of each run, as its metrics.jsonl has them: null where there is no accuracy. */
  readonly histories: readonly (readonly EpochRecord[])[];
}

const STYLES = `
.curves { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 1rem 3rem; }
.scatter.drawn { max-width: none; overflow: visible; }
figcaption small { color: var(--muted); font-size: 0.8125rem; }
.each { fill: none; stroke: var(--muted); stroke-opacity: 0.55; stroke-width: 1.25; }
.each:hover { stroke: var(--validation); stroke-opacity: 1; stroke-width: 2.5; }
.middle { fill: none; stroke: var(--train); stroke-width: 2.25; }
.between { fill: var(--train); fill-opacity: 0.14; }
`;

/** The whole page as one string. `report` is of the ensemble. */
export function renderRuns(report: RunReport, several: RunsReport, uplot: Uplot): string {
  const { regression, network, table, testSet } = report;
  const test = report.test && !isRegression(report.test) ? report.test : undefined;
  const drawings = curvesOf(several);
  const parts: (readonly [Link, Html] | undefined | false)[] = [
    [{ id: 'runs', name: 'Runs' }, runsSection(report, several)],
    drawings && [{ id: 'curves', name: 'Learning curves' }, drawings],
    regression && [{ id: 'regression', name: 'Predicted and actual' }, regressionSection(regression)],
    test && [{ id: 'confusion', name: 'Confusion matrix' }, confusionSection(test, testSet)],
    test && testSet && [{ id: 'mistakes', name: 'Most wrong' }, mistakesSection(test, testSet)],
    network && [{ id: 'network', name: 'Network' }, networkSection(network)],
    table && [{ id: 'table', name: 'Table' }, tableSection(table)],
    [{ id: 'settings', name: 'Settings' }, settingsSection(report)],
    [{ id: 'reproducibility', name: 'Reproducibility' }, reproducibilitySection(report)],
  ];
  const present = parts.filter((part): part is readonly [Link, Html] => Boolean(part));
  return page({
    title: `${report.title}, ${plural(several.runs.length, noun(several))} – lanegrad training report`,
    header: header(report, several),
    links: present.map(([link]) => link),
    sections: present.map(([, section]) => section),
    style: STYLE + STYLES,
    charts: [],
    uplot,
  });
}

const noun = ({ over }: RunsReport) => (over === 'folds' ? 'fold' : 'seed');

function header(report: RunReport, several: RunsReport): Html {
  const { test, history, facts } = report;
  const { runs, spreads } = several;
  const what = `mean of ${plural(runs.length, noun(several))}`;
  const shown = [
    'validation.accuracy',
    'validation.r2',
    'validation.loss',
    'test.accuracy',
    'test.r2',
    'test.loss',
  ];
  const figures: Figure[] = shown
    .filter((name) => name in spreads)
    .map((name) => figureOf(name, spreads[name]!, what));
  figures.push({ name: 'Training time', value: duration(history.seconds), note: 'of all runs' });
  figures.push({
    name: 'Parameters',
    value: count(facts.parameters),
    note: `of ${runs.length} models as one`,
  });
  return pageHeader({
    kind: 'training report',
    createdAt: report.createdAt,
    title: `${report.title}, ${plural(runs.length, noun(several))}`,
    notices: undefined,
    main: mainFigure(test, spreads, what),
    figures,
    engine: [
      'Engine',
      [report.engine.math, report.engine.runtime].filter((text) => typeof text === 'string').join(' · '),
    ],
  });
}

/** What the ensemble does on the test set; without one, what the runs did in validation. */
function mainFigure(test: RunReport['test'], spreads: RunsReport['spreads'], what: string): Figure {
  const own = test && {
    'test.accuracy': test.accuracy,
    'test.r2': test.metrics?.r2 ?? Number.NaN,
    'test.loss': test.loss,
  };
  const [name, value] =
    Object.entries(own ?? {}).find(([, measured]) => !Number.isNaN(measured)) ??
    (['validation.accuracy', 'validation.loss'] as const)
      .filter((known) => known in spreads)
      .map((known) => [known, spreads[known]!.mean] as const)[0]!;
  const text = name.endsWith('r2') ? value.toFixed(3) : valueText(name, value);
  const [shown, unit] = text.split('\u00a0');
  const note = own ? 'of the ensemble: the mean of what all runs predict' : what;
  return { name: headingOf(name), value: shown!, unit, note };
}

/** `validation.loss` as a heading. */
function headingOf(name: string): string {
  const [part, key] = name.includes('.') ? (name.split('.') as [string, string]) : ['training', name];
  return `${part[0]!.toUpperCase()}${part.slice(1)} ${titleOf(key)}`;
}

function valueText(name: string, value: number): string {
  if (/accuracy$/.test(name)) return percent(value);
  return /loss$/.test(name) ? loss(value) : number(value);
}

/** A mean, and how far the runs are apart. */
function figureOf(name: string, { mean, deviation }: Spread, what: string): Figure {
  const value = valueText(name, mean);
  return { name: headingOf(name), value, note: `± ${deviationText(name, deviation)}, ${what}` };
}

/** A row of the table: a run, what is said of all, or the ensemble. */
interface Row {
  readonly name: string;
  readonly epochs?: string;
  readonly cell: (name: string) => string | undefined;
  readonly weights?: string;
  readonly isBest?: boolean;
}

function runsSection({ test, facts }: RunReport, several: RunsReport): Html {
  const { runs, spreads, over } = several;
  const names = Object.keys(spreads);
  const own: Readonly<Record<string, number>> = test
    ? { 'test.loss': test.loss, 'test.accuracy': test.accuracy, ...prefixed(test.metrics) }
    : {};
  const rows: Row[] = [
    ...runs.map(
      ({ name, epoch, epochs, measured, weightsSha256 }): Row => ({
        name,
        epochs: epoch === epochs ? String(epochs) : `${epoch} of ${epochs}`,
        cell: (key) => valueText(key, measured[key]!),
        weights: weightsSha256.slice(0, 8),
      }),
    ),
    { name: 'mean', cell: (key) => valueText(key, spreads[key]!.mean) },
    { name: 'deviation', cell: (key) => deviationText(key, spreads[key]!.deviation) },
    {
      name: 'ensemble',
      cell: (key) => (key in own ? valueText(key, own[key]!) : undefined),
      weights: facts.weightsSha256.slice(0, 8),
      isBest: true,
    },
  ];
  const table = dataTable<Row>(
    'Runs',
    rows,
    [
      ['Run', ({ name }) => name],
      ['Epochs', ({ epochs }) => epochs ?? ''],
      ...names.map((name): Column<Row> => [headingOf(name), ({ cell }) => cell(name) ?? '']),
      ['Weights', ({ weights }) => weights && html`<code>${weights}</code>`, 'text'],
    ],
    { mark: ({ isBest }) => isBest && 'best' },
  );
  const how =
    over === 'folds'
      ? 'Each run validates on a fold of the rows that it was not trained on.'
      : 'The runs differ in their seed: in the first weights, the order of the samples, and what is dropped.';
  return html`<section id="runs"><h2>Runs</h2>
<p class="lead">${how} The deviation is that of a sample. The ensemble predicts the mean of what all runs predict; it is the model in the folder.</p>
${table}</section>`;
}

function deviationText(name: string, value: number): string {
  return /accuracy$/.test(name) ? percent(value) : String(Number(value.toPrecision(3)));
}

function prefixed(metrics: Readonly<Record<string, number>> = {}): Record<string, number> {
  return Object.fromEntries(Object.entries(metrics).map(([name, value]) => [`test.${name}`, value]));
}

/** A drawing for each thing that was measured after every epoch; none where there was one epoch only. */
function curvesOf({ histories, runs }: RunsReport): Html | undefined {
  const most = Math.max(...histories.map((records) => records.length));
  if (most < 2) return undefined;
  const metrics = metricNamesOf({ epochs: histories.flat(), steps: 0, seconds: 0, outcome: 'completed' });
  type Read = (record: EpochRecord) => number | null | undefined;
  const all: (readonly [name: string, read: Read])[] = [
    ['loss', ({ loss: own }) => own],
    ['validation.loss', ({ validation }) => validation?.loss],
    ['validation.accuracy', ({ validation }) => validation?.accuracy],
    ...metrics.map(
      (name) => [`validation.${name}`, ({ validation }: EpochRecord) => validation?.metrics?.[name]] as const,
    ),
  ];
  const figures = all.flatMap(([name, read]) => {
    const lines = histories.map((records, i) => ({
      name: runs[i]!.name,
      points: records.flatMap((record) => {
        const value = read(record);
        return typeof value === 'number' && Number.isFinite(value) ? [[record.epoch, value] as const] : [];
      }),
    }));
    return lines.some(({ points }) => points.length > 1) ? [drawing(name, lines, most)] : [];
  });
  return html`<section id="curves"><h2>Learning curves</h2>
<p class="lead">A line for each run; in colour their mean, and around it one deviation, as far as all runs went.</p>
<div class="curves">${figures}</div></section>`;
}

interface Curve {
  readonly name: string;
  readonly points: readonly (readonly [epoch: number, value: number])[];
}

function drawing(name: string, curves: readonly Curve[], most: number): Html {
  const values = curves.flatMap(({ points }) => points.map(([, value]) => value));
  const y = scaleOfValues(values, /loss|rmse|mse|mae/.test(name) ? 1 : -1);
  const frame: Frame = { width: 480, height: 240, left: 64, bottom: 44, x: { low: 1, high: most }, y };
  const at = ([epoch, value]: readonly [number, number]) =>
    `${coordinate(xOf(frame, epoch))} ${coordinate(yOf(frame, value))}`;
  const lines = curves.map(
    ({ name: run, points }) =>
      `<path class="each" d="M${points.map(at).join('L')}"><title>${escapeHtml(run)}</title></path>`,
  );
  const common = commonPoints(curves);
  const edge = (sign: 1 | -1) =>
    common.map(({ epoch, mean, deviation }) => at([epoch, mean + sign * deviation]));
  const middle = common.map(({ epoch, mean }) => at([epoch, mean]));
  const inside =
    common.length > 1
      ? [
          `<path class="between" d="M${[...edge(1), ...edge(-1).reverse()].join('L')}Z"/>`,
          ...lines,
          `<path class="middle" d="M${middle.join('L')}"><title>mean</title></path>`,
        ]
      : lines;
  const title = headingOf(name);
  const drawn = framed(frame, {
    label: `${title} of ${plural(curves.length, 'run')} by epoch`,
    xLabel: 'epoch',
    inside: inside.join('\n'),
    marks: marksOf(frame.x).flatMap((epoch) =>
      Number.isInteger(epoch) ? [[epoch, String(epoch)] as const] : [],
    ),
  });
  const note = y.cut && html` <small>what is far off is drawn at the edge</small>`;
  return html`<figure class="chart"><figcaption><strong>${title}</strong>${note}</figcaption>${drawn}</figure>\n`;
}

/** Of the epochs that all runs have. */
function commonPoints(curves: readonly Curve[]): { epoch: number; mean: number; deviation: number }[] {
  const [first, ...others] = curves.map(({ points }) => new Map(points));
  return [...first!].flatMap(([epoch, value]) => {
    const values = [value, ...others.flatMap((points) => points.get(epoch) ?? [])];
    if (values.length < curves.length) return [];
    return [{ epoch, mean: mean(values), deviation: deviation(values) }];
  });
}
