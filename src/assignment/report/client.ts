/**
 * The script that runs inside the assignment's report: it draws each chart with uPlot and keeps it fitted to the window,
 * the colour scheme and paper. A string and not a function, because bundlers and coverage tools rewrite functions.
 */
import { VIEWS_SCRIPT } from '../../report/client-views.js';

export const CLIENT_SCRIPT = `(() => {
'use strict';
const source = document.getElementById('charts');
if (!source || typeof uPlot === 'undefined') return;
const page = document.documentElement;
const colour = (name) => getComputedStyle(page).getPropertyValue(name).trim();
const tick = (value) => (value == null ? '' : Math.abs(value) >= 10000 ? value.toLocaleString('en-US') : String(Number(value.toPrecision(6))));
const shown = (value) => (value == null ? '\\u2013' : Math.abs(value) >= 1000 ? Math.round(value).toLocaleString('en-US') : String(Number(value.toPrecision(4))));

function rangeX(axis) {
  return (_plot, min, max) => {
    if (min == null) return axis.log ? [1, 10] : [0, 1];
    if (axis.log) return [min / 1.35, max * 1.35];
    const pad = min === max ? 0.5 : (max - min) * 0.02;
    return [min - pad, max + pad];
  };
}

// To 1, 2 or 5 times a power of ten: the ends of a logarithmic axis, which get labels.
function round125(value, direction) {
  const power = Math.pow(10, Math.floor(Math.log10(value)));
  const digit = Number((value / power).toPrecision(9));
  const steps = [1, 2, 5, 10];
  const found = direction === Math.floor ? steps.filter((step) => step <= digit).pop() : steps.find((step) => step >= digit);
  return Number((found * power).toPrecision(6));
}

function rangeY(axis) {
  return (_plot, min, max) => {
    if (min == null) return axis.log ? [0.1, 1] : [0, 1];
    if (axis.log) return [round125(min, Math.floor), round125(max, Math.ceil)];
    const pad = min === max ? Math.abs(min) * 0.1 || 0.1 : (max - min) * 0.08;
    const low = min >= 0 ? Math.max(0, min - pad) : min - pad;
    const high = axis.most == null ? max + pad : Math.min(axis.most, max + pad);
    return low < high ? [low, high] : [low - 1, high];
  };
}

// A logarithm has no place for zero and less.
function plottable(values, axis) {
  return values.map((value) => (typeof value !== 'number' || (axis.log && value <= 0) ? null : value));
}

function columns(chart) {
  const data = [chart.x.values];
  const series = [{ label: chart.x.label, value: (_plot, value) => shown(value) }];
  const bands = [];
  for (const line of chart.lines) {
    const stroke = () => colour(line.colour);
    data.push(plottable(line.values, chart.y));
    series.push({
      label: line.label,
      stroke,
      width: 2,
      dash: line.dashed ? [6, 4] : undefined,
      points: { show: chart.points, size: 7, fill: stroke, width: 0 },
      value: (_plot, value, _series, index) => {
        if (value == null) return '\\u2013';
        const deviation = line.band && index != null ? line.band[index] : null;
        return shown(value) + (deviation ? ' \\u00b1 ' + String(Number(deviation.toPrecision(2))) : '');
      },
    });
    if (!line.band) continue;
    const at = data.length;
    for (const sign of [1, -1]) {
      data.push(plottable(line.values.map((value, i) => (value === null ? null : value + sign * (line.band[i] || 0))), chart.y));
      // Edges of the band: seen by their filling only, and no line of the legend.
      series.push({ label: line.label + (sign > 0 ? ' +' : ' -'), class: 'edge-line', stroke: 'transparent', width: 0, points: { show: false } });
    }
    bands.push({ series: [at, at + 1], fill: () => 'rgb(from ' + colour(line.colour) + ' r g b / 0.2)' });
  }
  return { data, series, bands };
}

function options(chart, { series, bands }, width, height) {
  const font = '12px system-ui, sans-serif';
  const axis = { stroke: () => colour('--muted'), font, labelFont: font, ticks: { show: false } };
  const grid = {
    stroke: () => colour('--rule'),
    width: 1,
    filter: (plot, splits, index, space, step) => plot.axes[index].filter(plot, splits, index, space, step),
  };
  const separate = chart.points && chart.x.log;
  const scale = (own, range) => ({ distr: own.log ? 3 : 1, ...(own.log && { log: own.log }), range });
  return {
    width,
    height,
    padding: [10, 14, 0, 0],
    series,
    bands,
    scales: { x: { time: false, ...scale(chart.x, rangeX(chart.x)) }, y: scale(chart.y, rangeY(chart.y)) },
    axes: [
      // Where a few settings were tried, the axis names these and no others.
      { ...axis, label: chart.x.label, labelSize: 20, size: 32, space: separate ? 1 : 44, grid: { show: false },
        ...(separate && { splits: () => chart.x.values, filter: (_plot, splits) => splits }),
        values: (_plot, splits) => splits.map((value) => (value != null && value < chart.x.values[0] && !chart.x.log ? '' : tick(value))) },
      { ...axis, label: chart.y.label, labelSize: 22, size: 52, space: 34, grid, values: (_plot, splits) => splits.map(tick) },
    ],
    cursor: { y: false, drag: { x: chart.x.values.length > 2, y: false }, points: { size: (plot, i) => (plot.series[i].class === 'edge-line' ? 0 : 9) } },
  };
}

const views = JSON.parse(source.textContent).flatMap((chart) => {
  const holder = document.getElementById('plot-' + chart.id);
  return holder ? [{ chart, holder, plot: null }] : [];
});

function draw(view) {
  if (view.plot) view.plot.destroy();
  const { width, height } = size(view.holder);
  const parts = columns(view.chart);
  view.plot = new uPlot(options(view.chart, parts, width, height), parts.data, view.holder);
}

${VIEWS_SCRIPT}})();
`;
