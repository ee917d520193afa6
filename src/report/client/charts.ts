/** A chart's data as uPlot takes it. No styling here: colours come from the page's style sheet. */
import type { AlignedData, Band, Options, Axis as PlotAxis, Series } from 'uplot';
import type { Axis, ChartData, Line } from '../charts.js';

type Value = number | string | null;

/** With more points than these on a line, the line alone is drawn. */
const MOST_POINTS = 40;
const DASH = '\u2013';
const FONT = '12px system-ui, sans-serif';
const EDGE = 'edge-line';
/** Steps between ticks where only whole numbers make sense, such as epochs. */
const WHOLE = [0, 1, 2, 3, 4, 5, 6].flatMap((power) => [1, 2, 5].map((digit) => digit * 10 ** power));

const colour = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
/** So many digits hide what float arithmetic adds to ticks. */
const digits = (value: number, amount: number) => String(Number(value.toPrecision(amount)));
const tick = (value: number) =>
  Math.abs(value) >= 10_000 ? value.toLocaleString('en-US') : digits(value, 6);
const shown = (value: number) =>
  Math.abs(value) >= 1000 ? Math.round(value).toLocaleString('en-US') : digits(value, 4);

/** uPlot passes over undefined, and breaks the line at null. A logarithm has no place for zero and less. */
function plottable(values: readonly Value[], { log }: Axis): (number | null | undefined)[] {
  return values.map((value) => {
    if (value === null) return undefined;
    return typeof value === 'number' && (!log || value > 0) ? value : null;
  });
}

function rangeX({ log }: Axis) {
  return (_plot: uPlot, min: number | null, max: number | null): [number, number] => {
    if (min === null || max === null) return log ? [1, 10] : [0, 1];
    if (log) return [min / 1.35, max * 1.35];
    const pad = min === max ? 0.5 : (max - min) * 0.02;
    return [min - pad, max + pad];
  };
}

/** To 1, 2 or 5 times a power of ten: the ends of a logarithmic axis, which get labels. */
function round125(value: number, up: boolean): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const digit = Number((value / power).toPrecision(9));
  const steps = [1, 2, 5, 10];
  const found = up ? steps.find((step) => step >= digit) : steps.findLast((step) => step <= digit);
  return Number(((found ?? 1) * power).toPrecision(6));
}

function rangeY({ log, percent }: Axis) {
  return (_plot: uPlot, min: number | null, max: number | null): [number, number] => {
    if (min === null || max === null) return log ? [0.1, 1] : [0, 1];
    if (log) {
      const [low, high] = [round125(min, false), round125(max, true)];
      return low < high ? [low, high] : [low / 2, high * 2];
    }
    const pad = min === max ? Math.abs(min) * 0.1 || 0.1 : (max - min) * 0.08;
    const low = min >= 0 ? Math.max(0, min - pad) : min - pad;
    const high = percent ? Math.min(100, max + pad) : max + pad;
    return low < high ? [low, high] : [low - 1, high];
  };
}

/** What the legend says of a point; of the last that has a value, while nobody points. */
function legend({ values, band }: Line<Value>, { percent }: Axis, pointed: number | null): string {
  const index = pointed ?? values.findLastIndex((value) => typeof value === 'number');
  const value = values[index];
  if (typeof value !== 'number') return value ?? DASH;
  const deviation = band?.[index];
  const spread = typeof deviation === 'number' && deviation > 0 ? ` ± ${digits(deviation, 2)}` : '';
  return percent ? `${value.toFixed(2)}${spread} %` : shown(value) + spread;
}

function seriesOf({ x, y, lines }: ChartData): { data: AlignedData; series: Series[]; bands: Band[] } {
  const data: (readonly (number | null | undefined)[])[] = [x.values];
  const series: Series[] = [
    {
      label: x.label,
      value: (_plot, value: number | null) => {
        const last = x.values[x.values.length - 1];
        return value === null && typeof last !== 'number' ? DASH : shown(value ?? (last as number));
      },
    },
  ];
  const bands: Band[] = [];
  for (const line of lines) {
    const { label, values, band } = line;
    const stroke = () => colour(line.colour);
    data.push(plottable(values, y));
    series.push({
      label,
      stroke,
      width: 2,
      points: { show: x.values.length <= MOST_POINTS, size: 6, fill: stroke, width: 0 },
      value: (_plot, _value, _series, index) => legend(line, y, index),
    });
    if (!band) continue;
    const at = data.length;
    for (const sign of [1, -1]) {
      const edge = values.map((value, i) =>
        typeof value === 'number' ? value + sign * Number(band[i] ?? 0) : value,
      );
      data.push(plottable(edge, y));
      // Edges are seen by the filling between them only, and are no lines of the legend.
      const points = { show: false };
      series.push({
        label: `${label} ${sign > 0 ? '+' : '-'}`,
        class: EDGE,
        stroke: 'transparent',
        width: 0,
        points,
      });
    }
    bands.push({ series: [at, at + 1], fill: () => `rgb(from ${stroke()} r g b / 0.2)` });
  }
  return { data: data as AlignedData, series, bands };
}

/** Everything that uPlot is told of a chart, and the chart's columns. */
export function plotOf(chart: ChartData, width: number, height: number): [Options, AlignedData] {
  const { x, y } = chart;
  const { data, series, bands } = seriesOf(chart);
  const axis: PlotAxis = {
    stroke: () => colour('--muted'),
    font: FONT,
    labelFont: FONT,
    ticks: { show: false },
  };
  const grid: PlotAxis.Grid = {
    stroke: () => colour('--rule'),
    width: 1,
    // Lines only where there are labels: a log scale has many more.
    filter: (plot, splits, index, space, step) => {
      const { filter } = plot.axes[index];
      return typeof filter === 'function' ? filter(plot, splits, index, space, step) : splits;
    },
  };
  // The padding beside the lines may reach values that there were not.
  const [first, last] = [x.values[0], x.values[x.values.length - 1]];
  const within = (value: number) => x.log || (value >= first && value <= last);
  const scale = ({ log }: Axis) => ({ distr: log ? 3 : 1, ...(log && { log }) }) as const;
  const options: Options = {
    width,
    height,
    padding: [10, 14, 0, 0],
    series,
    bands,
    scales: { x: { time: false, ...scale(x), range: rangeX(x) }, y: { ...scale(y), range: rangeY(y) } },
    axes: [
      {
        ...axis,
        label: x.label,
        labelSize: 20,
        size: 32,
        space: x.log ? 1 : 44,
        grid: { show: false },
        // Where a few settings were tried, the axis names these and no others.
        ...(x.log && { splits: () => [...x.values], filter: (_plot: uPlot, splits: number[]) => splits }),
        ...(x.values.every(Number.isInteger) && { incrs: WHOLE }),
        values: (_plot, splits) =>
          splits.map((value) => (value !== null && within(value) ? tick(value) : '')),
      },
      {
        ...axis,
        label: y.label,
        labelSize: 22,
        size: 52,
        space: 34,
        grid,
        values: (_plot, splits) => splits.map((value) => (value === null ? '' : tick(value))),
      },
    ],
    cursor: {
      y: false,
      // Charts over the same values are read together.
      sync: { key: `${x.label} ${x.values}` },
      drag: { x: x.values.length > 2, y: false },
      points: { size: (plot, i) => (plot.series[i].class === EDGE ? 0 : 9) },
    },
  };
  return [options, data];
}
