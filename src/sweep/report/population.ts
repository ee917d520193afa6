/**
 * The section of a population: how its settings changed while it was trained, and which of them led to the
 * best.
 */
import { escapeHtml, type Html, html } from '../../report/escape.js';
import { number } from '../../report/format.js';
import { dataTable } from '../../report/table.js';
import { descentOf, lineageOf, stepsOf, stepsText } from '../population.js';
import type { NumericDimension } from '../space.js';
import { bestOf, type Trial } from '../trial.js';
import { coordinate, type Frame, framed, type Scale, scaleOfValues, xOf, yOf } from './draw.js';
import { DENSE, type Drawn, textOf, titleOf } from './sections.js';

/** Undefined of a study without a population. */
export function populationSection(drawn: Drawn): Html | undefined {
  const { space, trials, directions, measured } = drawn;
  const members = trials.filter((trial) => lineageOf(trial));
  if (members.length === 0) return undefined;
  const best = bestOf(members, directions);
  const line = best ? descentOf(trials, best) : [];
  const x: Scale = { low: 0, high: Math.max(...members.map((trial) => stepsOf(trial).to)) };
  const valued = members.filter(({ values }) => values !== undefined);
  const value = scaleOfValues(
    valued.map(({ values }) => values![0]!),
    directions[0] === 'maximize' ? -1 : 1,
  );
  const numeric = space.dimensions.filter((own): own is NumericDimension => own.kind !== 'choice');
  const figure = (
    name: string,
    y: Scale,
    shown: readonly Trial[],
    path: (frame: Frame, trial: Trial) => string,
  ) => {
    const frame: Frame = { width: 380, height: 220, left: 56, bottom: 44, x, y };
    const inLine = (trial: Trial) => line.includes(trial);
    const drawing = framed(frame, {
      label: `${name} of the population, step by step`,
      xLabel: 'step',
      yLabel: name,
      isDense: shown.length > DENSE,
      inside: [...shown]
        .sort((a, b) => Number(inLine(a)) - Number(inLine(b)))
        .map((trial) => {
          const kind = inLine(trial) ? 'good' : 'rest';
          const title = escapeHtml(titleOf(trial));
          return `<path class="${kind}" d="${path(frame, trial)}"><title>${title}</title></path>`;
        })
        .join(''),
    });
    return html`<figure class="chart">${drawing}</figure>\n`;
  };
  const figures = [
    figure(measured, value, valued, (frame, trial) => valuePath(frame, trial, trials)),
    ...numeric.map((own) => {
      const shown = members.filter(({ settings }) => Object.hasOwn(settings, own.name));
      return figure(own.name, own, shown, (frame, trial) => settingPath(frame, trial, trials, own.name));
    }),
  ];
  return html`<section id="population"><h2>Population</h2>
<p class="lead">Each line is a member of the population in one generation, and begins where the trial stood from which it goes on. Those that led to the best are in colour.</p>
<div class="charts">${figures}</div>
${best && html`<h3>What led to trial ${best.number}</h3>${descentTable(line, drawn)}`}</section>`;
}

/** From the parent's value to its own reports. */
function valuePath(frame: Frame, trial: Trial, trials: readonly Trial[]): string {
  const parent = trials[lineageOf(trial)!.parent ?? -1];
  const { from, to } = stepsOf(trial);
  const points = trial.reports
    .filter(({ step }) => step > from && step < to)
    .map(({ step, value }) => [step, value] as const);
  const all = [
    ...(parent?.values ? [[from, parent.values[0]!] as const] : []),
    ...points,
    [to, trial.values![0]!] as const,
  ];
  const text = all.map(([step, value]) => `${coordinate(xOf(frame, step))} ${coordinate(yOf(frame, value))}`);
  // One that begins may have no more than its end.
  return text.length === 1 ? `M${text[0]}h-3` : `M${text.join('L')}`;
}

/** Level while it is trained, with a jump from the parent's. */
function settingPath(frame: Frame, trial: Trial, trials: readonly Trial[], name: string): string {
  const { from, to } = stepsOf(trial);
  const height = (own: Trial) => coordinate(yOf(frame, own.settings[name] as number));
  const parent = trials[lineageOf(trial)!.parent ?? -1];
  const begin = parent && Object.hasOwn(parent.settings, name) ? parent : trial;
  return `M${coordinate(xOf(frame, from))} ${height(begin)}V${height(trial)}H${coordinate(xOf(frame, to))}`;
}

/** The schedule that was found. */
function descentTable(line: readonly Trial[], { space, measured }: Pick<Drawn, 'space' | 'measured'>): Html {
  return dataTable<Trial>('The line of descent', line, [
    ['Steps', stepsText],
    ['Trial', ({ number: name }) => name],
    ...space.dimensions.map(
      ({ name }) =>
        [name, ({ settings }: Trial) => (name in settings ? textOf(settings[name]!) : '')] as const,
    ),
    [measured, ({ values }) => values?.map(number).join(', ') ?? ''],
  ]);
}
