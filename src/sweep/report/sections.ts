/** The sections of a sweep's page that are drawings: history, coordinates, importance, slices, curves, the front. */
import { escapeHtml, type Html, html, markup } from '../../report/escape.js';
import { number, percent, plural } from '../../report/format.js';
import { countOf, type Dimension, indexOf, type SettingValue, type Space, toUnit } from '../space.js';
import { costsOf, type Direction, paretoFront, ranked, type Trial } from '../trial.js';
import { coordinate, type Frame, framed, marksOf, type Scale, scaleOfValues, xOf, yOf } from './draw.js';
import { type Importance, LEAST_TRIALS } from './importance.js';

/** What the sections are made from. */
export interface Drawn {
  readonly space: Space;
  readonly trials: readonly Trial[];
  readonly directions: readonly Direction[];
  /** What the objective is called. */
  readonly measured: string;
}

const signOf = (direction: Direction) => (direction === 'maximize' ? -1 : 1);
const valued = (trials: readonly Trial[]) => trials.filter(({ values }) => values !== undefined);
const WIDE = { width: 720, height: 300, left: 64, bottom: 44 } as const;

/** So many trials are drawn lightly, so that where they are many is darker. */
export const DENSE = 150;

/** A mark of a trial, with what a pointer over it is told. */
function mark(x: number, y: number, trial: Trial, isBest: boolean): string {
  const kind = isBest ? 'most' : trial.state === 'pruned' ? 'pruned' : 'done';
  const title = escapeHtml(titleOf(trial));
  return `<circle class="${kind}" cx="${coordinate(x)}" cy="${coordinate(y)}" r="${isBest ? 5 : 3.5}"><title>${title}</title></circle>`;
}

/** What a pointer over a trial's mark is told. */
export function titleOf({ number: name, state, values, settings }: Trial): string {
  const said = Object.entries(settings).map(([key, value]) => `${key} ${textOf(value)}`);
  return `trial ${name}, ${state}${values ? `: ${values.map(number).join(', ')}` : ''}; ${said.join(', ')}`;
}

/** A setting's value as people write it. */
export function textOf(value: SettingValue): string {
  return typeof value === 'number'
    ? number(value)
    : typeof value === 'string'
      ? value
      : JSON.stringify(value);
}

const cutNote = (cut: boolean) => cut && ' Trials that are worse by far stand at the edge.';

/** Each trial's value, and the best so far. */
export function historySection({ trials, directions, measured }: Drawn): Html {
  const sign = signOf(directions[0]!);
  const shown = valued(trials);
  const y = scaleOfValues(
    shown.map(({ values }) => values![0]!),
    sign,
  );
  const frame: Frame = { ...WIDE, x: { low: -0.5, high: Math.max(1, trials.length - 0.5) }, y };
  const best = ranked(
    shown.filter(({ state }) => state === 'complete'),
    directions,
  )[0];
  let least = Number.POSITIVE_INFINITY;
  const steps: string[] = [];
  for (const { number: at, values, state } of shown) {
    const cost = sign * values![0]!;
    if (state !== 'complete' || cost >= least) continue;
    const [x, height] = [coordinate(xOf(frame, at)), coordinate(yOf(frame, sign * cost))];
    steps.push(steps.length === 0 ? `M${x} ${height}` : `H${x}V${height}`);
    least = cost;
  }
  const line =
    steps.length > 0 ? `<path class="line" d="${steps.join('')}H${frame.left + frame.width}"/>` : '';
  const points = shown.map((trial) =>
    mark(xOf(frame, trial.number), yOf(frame, trial.values![0]!), trial, trial === best),
  );
  const failed = trials
    .filter(({ state }) => state === 'failed')
    .map((trial) => {
      const x = xOf(frame, trial.number);
      const title = escapeHtml(`trial ${trial.number} failed: ${trial.reason ?? ''}`);
      return `<path class="failed" d="M${coordinate(x - 4)} ${frame.height - 9}l8 8m0 -8l-8 8"><title>${title}</title></path>`;
    });
  const whole = marksOf(frame.x).filter((value) => Number.isInteger(value) && value >= 0);
  return html`<section id="history"><h2>History</h2>
<p class="lead">Each mark is a trial: filled ones are complete, hollow ones were pruned and stand at their last report, crosses failed. The line is the best so far.${cutNote(y.cut)}</p>
${framed(frame, {
  label: `${measured} of ${plural(shown.length, 'trial')} in their order`,
  xLabel: 'trial',
  yLabel: measured,
  inside: line + points.join('') + failed.join(''),
  isDense: shown.length > DENSE,
  marks: whole.map((value) => [value, String(value)] as const),
})}</section>`;
}

/** What a setting's axis is, from 0 to 1. */
function unitOf(dimension: Dimension, value: SettingValue): number {
  if (dimension.kind !== 'choice') return toUnit(dimension, value as number);
  const count = dimension.values.length;
  return count === 1 ? 0.5 : indexOf(dimension, value) / (count - 1);
}

function axisMarks(dimension: Dimension): readonly (readonly [unit: number, text: string])[] {
  if (dimension.kind === 'choice') {
    return dimension.values.map((value) => [unitOf(dimension, value), textOf(value)] as const);
  }
  const { low, high, log } = dimension;
  const inner = marksOf({ low, high, log }).filter((value) => value >= low && value <= high);
  return inner.map((value) => [toUnit(dimension, value), number(value)] as const);
}

/** A line for each trial, over an axis for each setting; the good ones stand out. */
export function parallelSection({ space, trials, directions, measured }: Drawn): Html {
  const [height, gap, left, top] = [300, 150, 70, 34];
  const order = ranked(trials, directions);
  const value = scaleOfValues(
    order.map(({ values }) => values![0]!),
    signOf(directions[0]!),
  );
  const best = new Set(order.slice(0, Math.max(1, Math.round(order.length / 10))));
  const columns = space.dimensions.length;
  const y = (unit: number) => top + height * (1 - unit);
  const lines = [...order].reverse().map((trial) => {
    const points = space.dimensions.flatMap((dimension, i) => {
      const own = trial.settings[dimension.name];
      return own === undefined ? [] : [`${left + i * gap} ${coordinate(y(unitOf(dimension, own)))}`];
    });
    const frame: Frame = { width: 0, height, left: 0, bottom: 0, x: { low: 0, high: 1 }, y: value };
    points.push(`${left + columns * gap} ${coordinate(top + yOf(frame, trial.values![0]!))}`);
    const kind = best.has(trial) ? 'good' : trial.state === 'pruned' ? 'cut' : 'rest';
    return `<path class="${kind}" d="M${points.join('L')}"><title>${escapeHtml(titleOf(trial))}</title></path>`;
  });
  const axis = (i: number, name: string, marks: readonly (readonly [number, string])[]) => {
    const x = left + i * gap;
    // Names are long and stand close: every other one is higher.
    return html`<path class="axis" d="M${x} ${top}v${height}"/><text class="name" x="${x}" y="${top - (i % 2 === 0 ? 10 : 22)}" text-anchor="middle">${clip(name, 24)}</text>
${marks.map(([unit, text]) => html`<text x="${x - 6}" y="${(y(unit) + 4).toFixed(1)}" text-anchor="end">${clip(text, 12)}</text>`)}\n`;
  };
  const valueMarks = marksOf(value).map(
    (own) => [(own - value.low) / (value.high - value.low), number(own)] as const,
  );
  return html`<section id="coordinates"><h2>Settings together</h2>
<p class="lead">Each line is a trial, over an axis for each setting; it passes over settings that the trial does not have. The best tenth are in colour; those that were pruned are dashed.${cutNote(value.cut)}</p>
<div class="scroll" role="region" aria-label="Parallel coordinates" tabindex="0"><svg class="parallel${order.length > DENSE && ' dense'}" style="min-width:${Math.max(360, columns * 100)}px" viewBox="0 0 ${left + columns * gap + 40} ${top + height + 12}" role="img" aria-label="Parallel coordinates of ${plural(order.length, 'trial')}">
${markup(lines.join(''))}
${space.dimensions.map((dimension, i) => axis(i, dimension.name, axisMarks(dimension)))}${axis(columns, measured, valueMarks)}
</svg></div></section>`;
}

function clip(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

/** Bars. */
export function importanceSection(found: readonly Importance[]): Html {
  const rows = found.map(
    ({ name, share }) =>
      html`<tr><th scope="row">${name}</th><td class="bar"><span style="width:${(100 * share).toFixed(1)}%"></span></td><td>${percent(share, 0)}</td></tr>\n`,
  );
  const body =
    found.length === 0
      ? html`<p>There is nothing to tell: it takes ${LEAST_TRIALS} trials with a value, and settings in which good ones differ from others.</p>`
      : html`<table class="bars"><tbody>${rows}</tbody></table>`;
  return html`<section id="importance"><h2>What matters</h2>
<p class="lead">How differently the best quarter of trials and all of them are spread along each setting, taken alone (PED-ANOVA, Watanabe, Bansal and Hutter 2023). A setting that was hardly varied where it matters looks unimportant.</p>
${body}</section>`;
}

/** The value over each setting alone. */
export function slicesSection(drawn: Drawn): Html {
  const { space, trials, directions, measured } = drawn;
  const shown = valued(trials);
  const y = scaleOfValues(
    shown.map(({ values }) => values![0]!),
    signOf(directions[0]!),
  );
  const best = ranked(
    shown.filter(({ state }) => state === 'complete'),
    directions,
  )[0];
  const figures = space.dimensions.map((dimension) => {
    const own = shown.filter(({ settings }) => Object.hasOwn(settings, dimension.name));
    const { x, at, marks } = alongOf(dimension);
    const frame: Frame = { width: 380, height: 220, left: 56, bottom: 44, x, y };
    const inside = own.map((trial) =>
      mark(xOf(frame, at(trial)), yOf(frame, trial.values![0]!), trial, trial === best),
    );
    const label = `${measured} over ${dimension.name}, ${plural(own.length, 'trial')}`;
    const drawing = framed(frame, {
      label,
      xLabel: dimension.name,
      inside: inside.join(''),
      isDense: own.length > DENSE,
      ...(marks && { marks }),
    });
    return html`<figure class="chart">${drawing}</figure>\n`;
  });
  return html`<section id="slices"><h2>Setting by setting</h2>
<p class="lead">${measured} of each trial over one of its settings.${cutNote(y.cut)}</p>
<div class="charts">${figures}</div></section>`;
}

function alongOf(dimension: Dimension): {
  x: Scale;
  at: (trial: Trial) => number;
  marks?: readonly (readonly [number, string])[];
} {
  if (dimension.kind !== 'choice') {
    const { low, high, log, step = 0 } = dimension;
    return {
      x: { low: low - step / 2, high: high + step / 2, log },
      at: ({ settings }) => settings[dimension.name] as number,
    };
  }
  const count = countOf(dimension)!;
  return {
    x: { low: -0.5, high: count - 0.5 },
    // Side by side, so that none hides another: by the trial's number, nothing else.
    at: ({ settings, number: n }) =>
      indexOf(dimension, settings[dimension.name]!) + (((n * 0.618) % 1) - 0.5) * 0.5,
    marks: dimension.values.map((value, i) => [i, clip(textOf(value), 14)] as const),
  };
}

/** What every trial said on its way. */
export function curvesSection({ trials, directions, measured }: Drawn): Html | undefined {
  if (!trials.some(({ reports }) => reports.length > 1)) return undefined;
  // Of one that was pruned at once there is only where it ended.
  const shown = trials.filter(({ state, reports }) => reports.length > (state === 'pruned' ? 0 : 1));
  const all = shown.flatMap(({ reports }) => reports);
  const y = scaleOfValues(
    all.map(({ value }) => value),
    signOf(directions[0]!),
  );
  const steps = all.map(({ step }) => step);
  const x = { low: Math.min(...steps), high: Math.max(Math.min(...steps) + 1, ...steps) };
  const frame: Frame = { ...WIDE, x, y };
  const order = ranked(
    trials.filter(({ state }) => state === 'complete'),
    directions,
  );
  const best = new Set(order.slice(0, 3));
  const curves = [...shown]
    .sort((a, b) => Number(best.has(a)) - Number(best.has(b)))
    .map((trial) => {
      const points = trial.reports.map(
        ({ step, value }) => `${coordinate(xOf(frame, step))} ${coordinate(yOf(frame, value))}`,
      );
      const kind = best.has(trial) ? 'good' : trial.state === 'pruned' ? 'cut' : 'rest';
      const end = trial.reports.at(-1)!;
      const stop =
        trial.state === 'pruned'
          ? `<circle class="pruned" cx="${coordinate(xOf(frame, end.step))}" cy="${coordinate(yOf(frame, end.value))}" r="2.5"/>`
          : '';
      return `<path class="${kind}" d="M${points.join('L')}"><title>${escapeHtml(titleOf(trial))}</title></path>${stop}`;
    });
  return html`<section id="curves"><h2>Learning curves</h2>
<p class="lead">${measured} at each step. The three best are in colour; a trial that was pruned is dashed and ends in a ring.${cutNote(y.cut)}</p>
${framed(frame, { label: `Learning curves of ${plural(shown.length, 'trial')}`, xLabel: 'step', yLabel: measured, inside: curves.join(''), isDense: shown.length > DENSE })}</section>`;
}

/** Of two objectives, which trials are not beaten in both. */
export function frontSection({ trials, directions }: Drawn): Html | undefined {
  if (directions.length !== 2) return undefined;
  const complete = trials.filter(({ state }) => state === 'complete');
  const scale = (axis: 0 | 1) =>
    scaleOfValues(
      complete.map(({ values }) => values![axis]!),
      signOf(directions[axis]!),
    );
  const frame: Frame = { ...WIDE, width: 480, x: scale(0), y: scale(1) };
  const front = new Set(paretoFront(trials, directions));
  const line = [...front]
    .sort((a, b) => costsOf(a.values!, directions)[0]! - costsOf(b.values!, directions)[0]!)
    .map(({ values }) => `${coordinate(xOf(frame, values![0]!))} ${coordinate(yOf(frame, values![1]!))}`);
  const points = complete.map((trial) =>
    mark(xOf(frame, trial.values![0]!), yOf(frame, trial.values![1]!), trial, front.has(trial)),
  );
  const path = line.length > 1 ? `<path class="line" d="M${line.join('L')}"/>` : '';
  return html`<section id="front"><h2>The front</h2>
<p class="lead">Both objectives of each complete trial. None is better in both than those on the line.</p>
${framed(frame, { label: `${plural(front.size, 'trial')} on the front`, xLabel: 'first objective', yLabel: 'second objective', inside: path + points.join('') })}</section>`;
}
