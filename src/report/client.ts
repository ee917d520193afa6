/**
 * The script that runs inside the report: it draws the curves with uPlot and keeps them fitted to the window, the
 * colour scheme and paper. A string and not a function, because bundlers and coverage tools rewrite functions.
 * No data and no styling here: the numbers come from the JSON beside it, colours from the page's style sheet.
 */
import { VIEWS_SCRIPT } from './client-views.js';

export const CLIENT_SCRIPT = `(() => {
'use strict';
const source = document.getElementById('run');
if (!source || typeof uPlot === 'undefined') return;
const run = JSON.parse(source.textContent);
const page = document.documentElement;
const many = run.epochs.length > 40;
const button = document.getElementById('log');
let logarithmic = false;

const colour = (name) => getComputedStyle(page).getPropertyValue(name).trim();
const finite = (value) => typeof value === 'number';
// Rounded to hide what float arithmetic adds to tick values.
const tick = (value) => (value == null ? '' : String(Number(value.toPrecision(6))));
// The padding beside the curves may reach epochs that there were not.
const firstEpoch = run.epochs[0];
const lastEpoch = run.epochs[run.epochs.length - 1];
const epochTick = (value) => (value < firstEpoch || value > lastEpoch ? '' : tick(value));

// uPlot skips undefined (not measured) and breaks the line at null (not finite, or not on a log scale).
function plottable(values, log) {
  return values.map((value) => {
    if (value === null) return undefined;
    return finite(value) && (!log || value > 0) ? value : null;
  });
}

function rangeX(_plot, min, max) {
  if (min == null) return [0, 1];
  const pad = min === max ? 0.5 : (max - min) * 0.02;
  return [min - pad, max + pad];
}

function rangeY(name, log) {
  return (_plot, min, max) => {
    if (min == null) return log ? [0.1, 1] : [0, 1];
    if (log) {
      const factor = min === max ? 2 : Math.pow(max / min, 0.06);
      return [min / factor, max * factor];
    }
    const pad = min === max ? Math.abs(min) * 0.1 || 0.1 : (max - min) * 0.08;
    const low = min >= 0 ? Math.max(0, min - pad) : min - pad;
    const high = name === 'accuracy' ? Math.min(100, max + pad) : max + pad;
    return low < high ? [low, high] : [low - 1, high];
  };
}

function series(chart, key, label, stroke) {
  return {
    label,
    stroke: () => colour(stroke),
    width: 2,
    points: { show: !many, size: 6, fill: () => colour(stroke), width: 0 },
    value: (_plot, _value, _series, index) => {
      const value = index == null ? null : chart[key][index];
      if (value === null) return '\\u2013';
      if (!finite(value)) return value;
      return chart.name === 'accuracy' ? value.toFixed(2) + ' %' : String(Number(value.toPrecision(4)));
    },
  };
}

function options(chart, width, height) {
  const log = logarithmic && chart.name === 'loss';
  const font = '12px system-ui, sans-serif';
  const axis = { stroke: () => colour('--muted'), font, labelFont: font, ticks: { show: false } };
  const grid = {
    stroke: () => colour('--rule'),
    width: 1,
    // Lines only where there are labels: a log scale has many more.
    filter: (plot, splits, index, space, step) => plot.axes[index].filter(plot, splits, index, space, step),
  };
  const lines = [];
  if (chart.train) lines.push(series(chart, 'train', chart.name === 'learningRate' ? 'Rate' : 'Training', '--train'));
  if (chart.validation) lines.push(series(chart, 'validation', 'Validation', '--validation'));
  return {
    width,
    height,
    padding: [10, 10, 0, 0],
    series: [{ label: 'Epoch', value: (_plot, value) => (value == null ? '\\u2013' : String(value)) }, ...lines],
    scales: {
      x: { time: false, range: rangeX },
      y: { distr: log ? 3 : 1, range: rangeY(chart.name, log) },
    },
    axes: [
      { ...axis, label: 'Epoch', labelSize: 20, size: 32, space: 36, grid: { show: false },
        incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000],
        values: (_plot, splits) => splits.map(epochTick) },
      { ...axis, label: chart.label, labelSize: 22, size: 48, space: 36, grid,
        values: (_plot, splits) => splits.map(tick) },
    ],
    cursor: {
      y: false,
      sync: { key: 'epochs' },
      drag: { x: run.epochs.length > 2, y: false },
      points: { size: 9 },
    },
  };
}

const views = run.charts.map((chart) => ({ chart, holder: document.getElementById('plot-' + chart.name), plot: null }));

function draw(view) {
  const { chart, holder } = view;
  if (view.plot) view.plot.destroy();
  const { width, height } = size(holder);
  const log = logarithmic && chart.name === 'loss';
  const data = [run.epochs];
  if (chart.train) data.push(plottable(chart.train, log));
  if (chart.validation) data.push(plottable(chart.validation, log));
  view.plot = new uPlot(options(chart, width, height), data, holder);
}

${VIEWS_SCRIPT}
if (button && run.charts[0].train.some((value) => finite(value) && value > 0)) {
  button.hidden = false;
  button.addEventListener('click', () => {
    logarithmic = !logarithmic;
    button.setAttribute('aria-pressed', String(logarithmic));
    views.filter(({ chart }) => chart.name === 'loss').forEach(draw);
  });
}
})();
`;
