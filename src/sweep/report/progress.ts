/** The section of a page that is served: how far the sweep has come, and what the trials under way say. */
import { escapeHtml, type Html, html, markup } from '../../report/escape.js';
import { count, duration, number, plural } from '../../report/format.js';
import { dataTable } from '../../report/table.js';
import { bestOf, costsOf, type Direction, hasEnded, type Trial, type TrialReport } from '../trial.js';
import { coordinate } from './draw.js';
import { textOf } from './sections.js';

/** Of a sweep that the page follows. */
export interface Live {
  /** `stopped`: it is not at its end, and nobody is at work on it. */
  readonly state: 'running' | 'over' | 'stopped';
  readonly secondsLeft?: number | undefined;
  /** The study's. */
  readonly folder: string;
}

interface Known {
  readonly trials: readonly Trial[];
  readonly total: number;
  readonly directions: readonly Direction[];
}

const WIDTH = 96;
const HEIGHT = 24;

export function progressSection(live: Live, { trials, total, directions }: Known): Html {
  const ended = trials.filter(hasEnded).length;
  const all = Math.max(total, trials.length);
  const running = trials.filter(({ state }) => state === 'running');
  const best = bestOf(trials, directions);
  const parts = [
    `${count(ended)} of ${plural(all, 'trial')} have ended.`,
    best && `The best so far is ${best.values!.map(number).join(', ')}, of trial ${best.number}.`,
    live.state === 'running' && live.secondsLeft !== undefined && `About ${timeText(live.secondsLeft)} left.`,
  ];
  return html`<section id="progress"><h2>Progress</h2>
<p class="lead">${parts.filter(Boolean).join(' ')}</p>
<progress max="${all}" value="${ended}" aria-label="Trials that have ended"></progress>
<div role="status">${live.state !== 'running' && html`<p class="notice">${stateText(live)}</p>`}</div>
<p class="notice" id="lost" hidden>The connection to the sweep is lost: it may have been killed. Load the page anew to try again.</p>
${running.length > 0 && html`<h3>${live.state === 'running' ? 'Under way' : 'Begun, and not at their end'}</h3>${runningTable(running, trials, directions)}`}</section>`;
}

/** An estimate: no decimals. */
function timeText(seconds: number): string {
  return seconds < 59.5 ? `${Math.ceil(seconds)}\u00a0s` : duration(seconds);
}

function stateText({ state, folder }: Live): Html {
  const file = html`<code>${folder}/sweep.html</code>`;
  if (state === 'over') return html`The sweep is at its end. This page stays as ${file}.`;
  return html`The sweep was stopped. <code>lanegrad sweep resume ${folder}</code> goes on with it; until then this page stays as ${file}.`;
}

function runningTable(
  running: readonly Trial[],
  trials: readonly Trial[],
  directions: readonly Direction[],
): Html {
  // One scale for all: the steps of any trial, and the values of those under way.
  const last = trials.reduce((most, { reports }) => Math.max(most, reports.at(-1)?.step ?? 0), 1);
  const values = running.flatMap(({ reports }) => reports.map(({ value }) => value));
  const range = [Math.min(...values), Math.max(...values)] as const;
  const best = ({ reports }: Trial) => {
    const costs = reports.map(({ value }) => costsOf([value], directions)[0]!);
    return costs.length === 0 ? '' : number(reports[costs.indexOf(Math.min(...costs))]!.value);
  };
  return dataTable<Trial>('Trials under way', running, [
    ['Trial', ({ number: name }) => name],
    ['Step', ({ reports }) => reports.at(-1)?.step ?? ''],
    ['Last value', ({ reports }) => (reports.length > 0 ? number(reports.at(-1)!.value) : '')],
    ['Best', best],
    ['So far', ({ reports }) => sparkline(reports, last, range), 'text'],
    [
      'Settings',
      ({ settings }) =>
        Object.entries(settings)
          .map(([name, value]) => `${name} ${textOf(value)}`)
          .join(', '),
      'text',
    ],
  ]);
}

function sparkline(
  reports: readonly TrialReport[],
  last: number,
  [low, high]: readonly [number, number],
): Html | undefined {
  if (reports.length < 2) return undefined;
  const points = reports.map(({ step, value }) => {
    const height = high > low ? (value - low) / (high - low) : 0.5;
    return `${coordinate((WIDTH * step) / last)} ${coordinate(2 + (HEIGHT - 4) * (1 - height))}`;
  });
  const label = escapeHtml(`${reports.length} values, the last one ${number(reports.at(-1)!.value)}`);
  return markup(
    `<svg class="spark" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${label}"><path d="M${points.join('L')}"/></svg>`,
  );
}
