/** Numbers and small charts in characters, and tables that fit into a narrow terminal. */
import { count, table } from './output.js';

const STEPS = '▁▂▃▄▅▆▇█';

/**
 * Heights of a row of values, each a character, from the smallest to the largest; more than `limit` are
 * averaged.
 */
export function sparkline(values: readonly number[], limit = 16): string {
  if (values.length === 0) return '';
  const size = Math.min(limit, values.length);
  const means = Array.from({ length: size }, (_, i) => {
    const own = values.slice(
      Math.floor((i * values.length) / size),
      Math.floor(((i + 1) * values.length) / size),
    );
    return own.reduce((sum, value) => sum + value, 0) / own.length;
  });
  const [low, high] = [Math.min(...means), Math.max(...means)];
  const range = high - low;
  return means
    .map((value) => STEPS[range > 0 ? Math.round(((value - low) / range) * (STEPS.length - 1)) : 0])
    .join('');
}

/** A histogram lying down: a line a bin, with its lower end, its bar and its count. */
export function barChart(
  histogram: readonly number[],
  min: number | null,
  max: number | null,
  width: number,
): string[] {
  if (min === null || max === null) return [];
  const most = Math.max(...histogram);
  const rows = histogram.map((own, bin) => [
    numberText(min + ((max - min) * bin) / histogram.length),
    count(own),
  ]);
  const [edges, counts] = [0, 1].map((column) => Math.max(...rows.map((row) => row[column].length)));
  const room = Math.max(4, Math.min(60, width - edges - counts - 4));
  return rows.map(([edge, own], bin) => {
    const length = Math.ceil((histogram[bin] / most) * room);
    return `${edge.padStart(edges)}  ${'█'.repeat(length)}${' '.repeat(room - length)}  ${own.padStart(counts)}`;
  });
}

/** Four significant digits; a minus for what there is none of. */
export function numberText(value: number | null): string {
  if (value === null) return '-';
  if (value === 0 || Number.isInteger(value))
    return Math.abs(value) < 1e7 ? String(value) : value.toExponential(3);
  const size = Math.abs(value);
  return size >= 1e-3 && size < 1e7 ? String(Number(value.toPrecision(4))) : value.toExponential(2);
}

/**
 * A table; where its lines are longer than `width`, the columns of `dispensable` are left out, one after the
 * other.
 */
export function fitColumns(
  rows: readonly (readonly string[])[],
  left: readonly number[],
  width: number,
  dispensable: readonly number[],
): string[] {
  for (let dropped = 0; ; dropped++) {
    const gone = new Set(dispensable.slice(0, dropped));
    const kept = rows[0].map((_, column) => column).filter((column) => !gone.has(column));
    const lines = table(
      rows.map((row) => kept.map((column) => row[column])),
      left.map((column) => kept.indexOf(column)),
    );
    if (dropped === dispensable.length || lines.every((line) => line.length <= width)) return lines;
  }
}
