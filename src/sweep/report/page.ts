/**
 * A study as one HTML page that needs nothing else, not even a script: in the style of the reports of runs. It only
 * shows; which trials are good is for trial.ts to say.
 */

import { flatten } from '../../report/details.js';
import { type Html, html } from '../../report/escape.js';
import { count, duration, number, percent, plural } from '../../report/format.js';
import { type Figure, pageHeader } from '../../report/header.js';
import { type Link, page } from '../../report/page.js';
import { STYLE } from '../../report/style.js';
import { dataTable, settingsTable } from '../../report/table.js';
import type { Uplot } from '../../report/types.js';
import { commandOfTrial, trainingOf } from '../command.js';
import type { DefinitionJson } from '../definition.js';
import { lineageOf } from '../population.js';
import { Space } from '../space.js';
import { bestOf, hasEnded, ranked, type Trial } from '../trial.js';
import { importances } from './importance.js';
import { populationSection } from './population.js';
import { type Live, progressSection } from './progress.js';
import {
  curvesSection,
  type Drawn,
  frontSection,
  historySection,
  importanceSection,
  parallelSection,
  slicesSection,
  textOf,
} from './sections.js';

/** What the page is made from. */
export interface SweepReport {
  /** Of the study, such as its folder. */
  readonly name: string;
  /** ISO date. */
  readonly createdAt: string;
  /** Trials that there are to be. */
  readonly total: number;
  readonly trials: readonly Trial[];
  readonly definition: DefinitionJson;
  /** Of a page that is served while the sweep runs. */
  readonly live?: Live;
}

/** What the page consists of: its header, and its sections by what they are called. */
export interface SweepPage {
  readonly title: string;
  readonly header: Html;
  readonly sections: readonly (readonly [Link, Html])[];
}

const STYLES = `
.scatter.drawn { max-width: 50rem; overflow: visible; }
.scatter .done { fill: var(--train); fill-opacity: 0.55; }
.scatter .pruned { fill: none; stroke: var(--muted); stroke-width: 1.25; }
.scatter .most { fill: var(--validation); }
.scatter .failed { fill: none; stroke: var(--validation); stroke-width: 1.5; }
.scatter .line { fill: none; stroke: var(--validation); stroke-width: 1.5; }
.rest, .good, .cut { fill: none; stroke: var(--muted); stroke-opacity: 0.35; stroke-width: 1; }
.cut { stroke-dasharray: 3 3; }
.good { stroke: var(--train); stroke-opacity: 0.9; stroke-width: 1.75; }
.dense .rest, .dense .cut { stroke-opacity: 0.14; }
.rest:hover, .cut:hover, .good:hover { stroke: var(--validation); stroke-opacity: 1; stroke-width: 2.5; }
.dense .pruned { stroke-opacity: 0.4; stroke-width: 1; r: 2.5px; }
.parallel { display: block; width: 100%; height: auto; }
.parallel text { fill: var(--muted); font-size: 11px; paint-order: stroke; stroke: var(--paper); stroke-width: 3px; }
.parallel .name { fill: var(--ink); font-size: 12px; }
.parallel .axis { stroke: var(--muted); }
.bars { border-collapse: collapse; width: min(100%, 44rem); font-size: 0.875rem; }
.bars th { font-weight: 400; text-align: left; padding: 0.375rem 1.5rem 0.375rem 0; white-space: nowrap; }
.bars td { padding: 0.375rem 0 0.375rem 0.75rem; text-align: right; }
.bars .bar { width: 100%; }
.bars .bar span { display: block; height: 0.75rem; border-radius: 2px; background: var(--train); min-width: 1px; }
progress { display: block; width: min(100%, 44rem); height: 0.625rem; border: 0; border-radius: 5px; overflow: hidden; background: var(--raised); accent-color: var(--train); appearance: none; }
progress::-webkit-progress-bar { background: var(--raised); }
progress::-webkit-progress-value { background: var(--train); }
progress::-moz-progress-bar { background: var(--train); }
#progress h3 { margin: 1.75rem 0 0.5rem; }
#progress .data .text { min-width: 6rem; }
#progress .data .text:last-child { min-width: min(20rem, 60vw); }
.spark { display: block; width: 6rem; height: 1.5rem; }
.spark path { fill: none; stroke: var(--train); stroke-width: 1.5; }
pre.command { margin: 0 0 1.5rem; padding: 0.875rem 1rem; background: var(--raised); font: 0.8125rem/1.6 var(--mono); white-space: pre-wrap; overflow-wrap: anywhere; user-select: all; }
`;

/** The whole page as one string. */
export function renderSweep(report: SweepReport, uplot: Uplot): string {
  return wholePage(sweepPage(report), uplot);
}

/**
 * A page's parts put together.
 *
 * @param live of a page that is served: the script that keeps it in step.
 */
export function wholePage({ title, header, sections }: SweepPage, uplot: Uplot, live?: string): string {
  return page({
    ...{ title, header, live, uplot },
    links: sections.map(([link]) => link),
    sections: sections.map(([, section]) => section),
    style: STYLE + STYLES,
    charts: [],
  });
}

/** What is said of a study without a drawing, which takes no time: header, progress and best settings. */
export function sweepSummary(report: SweepReport): SweepPage {
  const { definition, trials, name, total, live } = report;
  const { directions } = definition;
  const parts: (readonly [Link, Html] | undefined)[] = [
    live && [{ id: 'progress', name: 'Progress' }, progressSection(live, { trials, total, directions })],
    [{ id: 'best', name: 'Best settings' }, bestSection(report)],
  ];
  const far = live ? `${trials.filter(hasEnded).length}/${total} – ` : '';
  return {
    title: `${far}${name} – lanegrad sweep report`,
    header: header(report, measuredBy(definition)),
    sections: parts.filter((part) => part !== undefined),
  };
}

/** All of it. */
export function sweepPage(report: SweepReport): SweepPage {
  const { definition, trials } = report;
  const space = Space.read('sweep', definition.space);
  const { directions } = definition;
  const drawn: Drawn = { space, trials, directions, measured: measuredBy(definition) };
  const hasValues = trials.some(({ values }) => values !== undefined);
  const population = populationSection(drawn);
  // Of a population they are drawn there, one behind the other.
  const curves = population ? undefined : curvesSection(drawn);
  const front = frontSection(drawn);
  const summary = sweepSummary(report);
  const parts: (readonly [Link, Html] | undefined | false)[] = [
    ...summary.sections,
    population && [{ id: 'population', name: 'Population' }, population],
    front && [{ id: 'front', name: 'The front' }, front],
    hasValues && [{ id: 'history', name: 'History' }, historySection(drawn)],
    hasValues && [{ id: 'coordinates', name: 'Settings together' }, parallelSection(drawn)],
    hasValues && [
      { id: 'importance', name: 'What matters' },
      importanceSection(importances(space, trials, directions)),
    ],
    hasValues && [{ id: 'slices', name: 'Setting by setting' }, slicesSection(drawn)],
    curves && [{ id: 'curves', name: 'Learning curves' }, curves],
    [{ id: 'trials', name: 'Trials' }, trialsSection(report, space)],
    [{ id: 'study', name: 'Study' }, studySection(definition)],
  ];
  const sections = parts.filter((part): part is readonly [Link, Html] => Boolean(part));
  return { ...summary, sections };
}

function measuredBy(definition: DefinitionJson): string {
  const training = trainingOf(definition);
  if (!training) return 'value';
  const { folds, seeds, metric = 'validation' } = training;
  return folds ? `${metric}, mean of folds` : seeds ? `${metric}, mean of seeds` : metric;
}

function header(report: SweepReport, measured: string): Html {
  const { trials, total, definition, createdAt, name, live } = report;
  const best = bestOf(trials, definition.directions);
  const of = (state: Trial['state']) => trials.filter((trial) => trial.state === state).length;
  const open = total - of('complete') - of('pruned') - of('failed');
  const seconds = trials.reduce((sum, trial) => sum + secondsOf(trial), 0);
  const figures: Figure[] = [
    { name: 'Trials', value: count(trials.length), note: `of ${count(total)}` },
    { name: 'Complete', value: count(of('complete')) },
    { name: 'Pruned', value: count(of('pruned')), note: kindOf(definition.pruner) },
    ...(of('failed') > 0 ? [{ name: 'Failed', value: count(of('failed')), note: failure(trials) }] : []),
    { name: 'Time of all trials', value: duration(seconds), note: `chosen by ${kindOf(definition.sampler)}` },
  ];
  const said = definition.directions.map((direction) =>
    direction === 'maximize' ? 'more is better' : 'less is better',
  );
  return pageHeader({
    kind: 'sweep report',
    createdAt,
    title: name,
    notices:
      open > 0 &&
      !live &&
      html`<p class="notice">This study is not at its end: ${plural(open, 'trial')} of ${count(total)} are open. <code>lanegrad sweep resume</code> goes on with it.</p>`,
    main: best ? mainFigure(best, measured, said[0]!) : { name: 'No trial is complete' },
    figures,
    engine: ['Seed', String(definition.seed)],
  });
}

/** The largest number on the page: short, as it is large. */
function mainFigure({ number: trial, values }: Trial, measured: string, said: string): Figure {
  const [value] = values!;
  const note = `trial ${trial}; ${said}`;
  if (!/accuracy/i.test(measured))
    return { name: `Best ${measured}`, value: String(Number(value!.toPrecision(3))), note };
  const [share, unit] = percent(value!).split('\u00a0');
  return { name: `Best ${measured}`, value: share!, unit, note };
}

function kindOf(config: object): string {
  return 'kind' in config ? String(config.kind) : '';
}

function failure(trials: readonly Trial[]): string {
  return trials.find(({ state }) => state === 'failed')?.reason?.slice(0, 80) ?? '';
}

/** Of one process. */
function secondsOf({ started, ended }: Trial): number {
  const seconds = (Date.parse(ended ?? '') - Date.parse(started ?? '')) / 1000;
  return Number.isFinite(seconds) ? seconds : 0;
}

function bestSection({ trials, definition }: SweepReport): Html {
  const best = bestOf(trials, definition.directions);
  if (!best)
    return html`<section id="best"><h2>Best settings</h2><p class="lead">No trial is complete yet.</p></section>`;
  const isDescendant = lineageOf(best)?.parent !== undefined;
  const command = commandOfTrial(definition, best);
  const rows = Object.entries(best.settings).map(([name, value]) => [name, JSON.stringify(value)] as const);
  return html`<section id="best"><h2>Best settings</h2>
<p class="lead">Of trial ${best.number}.${command && ' This trains with them, and comes to the same weights:'}${isDescendant && ' It went on from other trials, with other settings before: see Population.'}</p>
${command && html`<pre class="command">${command}</pre>`}
${settingsTable(rows)}</section>`;
}

function trialsSection({ trials, definition }: SweepReport, space: Space): Html {
  const order = ranked(trials, definition.directions);
  const rest = trials.filter((trial) => !order.includes(trial));
  const best = order[0];
  const rows = [...order, ...rest];
  const table = dataTable<Trial>(
    'Trials, the best first',
    rows,
    [
      ['Trial', ({ number: name }) => name],
      ['State', ({ state }) => state, 'text'],
      ['Value', ({ values }) => values?.map(number).join(', ') ?? ''],
      ['Steps', ({ reports }) => reports.at(-1)?.step ?? ''],
      ...space.dimensions.map(
        ({ name }) =>
          [name, ({ settings }: Trial) => (name in settings ? textOf(settings[name]!) : '')] as const,
      ),
      ['Seconds', (trial) => (trial.ended ? number(secondsOf(trial)) : '')],
      ['Why', ({ reason }) => reason ?? '', 'text'],
    ],
    { mark: (trial) => trial === best && 'best' },
  );
  return html`<section id="trials"><h2>Trials</h2>
<p class="lead">The best first; then those that were pruned, by how far they got; then the others.</p>
${table}</section>`;
}

function studySection(definition: DefinitionJson): Html {
  return html`<section id="study"><h2>Study</h2>
<p class="lead">The same study has the same trials, bit for bit, for any number of workers.</p>
${settingsTable(flatten(definition as unknown as Record<string, unknown>))}</section>`;
}
