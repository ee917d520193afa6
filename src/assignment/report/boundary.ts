/**
 * A decision boundary as an SVG: probability as colour, points by class, the learnt boundary and the true
 * one.
 */
import { type Html, html } from '../../report/escape.js';
import type { DecisionGrid, SyntheticResult } from '../types.js';
import { divergingPng } from './images.js';

/** Units of the drawing's side. */
const SIDE = 300;

type Point = readonly [x: number, y: number];

export function boundarySvg(grid: DecisionGrid, result: SyntheticResult, title: string): Html {
  const { from, to, points } = grid;
  const scale = SIDE / (to - from);
  const place = ([x, y]: Point): Point => [(x - from) * scale, (to - y) * scale];
  // A pixel of the image stands for a grid point, so the image reaches half a cell beyond the outer ones.
  const cell = SIDE / (points - 1);
  const extent = SIDE + cell;
  const inside = ([x, y]: Point) => Math.abs(x) <= to && Math.abs(y) <= to;
  const dots = (label: number) =>
    result.points
      .filter(([x, y, own]) => own === label && inside([x, y]))
      .map(([x, y]) => `M${text(place([x, y]))}h0`)
      .join('');
  const ticks = [-2, -1, 0, 1, 2].filter((value) => value > from && value < to);
  return html`<svg class="boundary" viewBox="-22 -6 ${SIDE + 30} ${SIDE + 30}" role="img" aria-label="${title}">
<defs><clipPath id="frame-${idOf(title)}"><rect width="${SIDE}" height="${SIDE}"/></clipPath></defs>
<g clip-path="url(#frame-${idOf(title)})"><image href="${probabilities(grid)}" x="${fixed(-cell / 2)}" y="${fixed(-cell / 2)}" width="${fixed(extent)}" height="${fixed(extent)}" preserveAspectRatio="none"/>
<path class="dots zero" d="${dots(0)}"/><path class="dots one" d="${dots(1)}"/>
<path class="true" d="${conic(result, to)
    .map((line) => path(line.map(place)))
    .join('')}"/>
<path class="learnt" d="${contour(grid)
    .map((line) => path(line.map(place)))
    .join('')}"/></g>
<rect class="frame" width="${SIDE}" height="${SIDE}"/>
${ticks.map((value) => html`<text x="${fixed((value - from) * scale)}" y="${SIDE + 14}" text-anchor="middle">${sign(value)}</text><text x="-6" y="${fixed((to - value) * scale + 3.5)}" text-anchor="end">${sign(value)}</text>`)}
</svg>`;
}

function probabilities({ points, probabilities: values }: DecisionGrid): string {
  // The grid begins at the lowest row, an image at the highest.
  const signed = new Float32Array(values.length);
  for (let row = 0; row < points; row++) {
    for (let column = 0; column < points; column++) {
      signed[(points - 1 - row) * points + column] = 2 * values[row * points + column] - 1;
    }
  }
  return divergingPng(signed, points, points, { most: 0.34 });
}

/** Where xᵀQx is the threshold: a point for each direction in which it is reached within sight. */
function conic({ Q, threshold }: SyntheticResult, reach: number): Point[][] {
  const lines: Point[][] = [[]];
  for (let degree = 0; degree <= 360; degree += 2) {
    const [u, v] = [Math.cos((degree * Math.PI) / 180), Math.sin((degree * Math.PI) / 180)];
    const form = u * (Q[0][0] * u + Q[0][1] * v) + v * (Q[1][0] * u + Q[1][1] * v);
    const radius = Math.sqrt(threshold / form);
    // NaN where the form is negative: the curve is no ellipse, and is not met in this direction.
    if (radius < 2 * reach) lines[lines.length - 1].push([radius * u, radius * v]);
    else lines.push([]);
  }
  return lines.filter((line) => line.length > 1);
}

/**
 * Segments where the probability crosses one half: marching squares, with straight lines between the grid's
 * points.
 */
export function contour({ from, to, points, probabilities: p }: DecisionGrid): Point[][] {
  const step = (to - from) / (points - 1);
  const lines: Point[][] = [];
  for (let row = 0; row + 1 < points; row++) {
    for (let column = 0; column + 1 < points; column++) {
      // Counter-clockwise from the lower left.
      const corners = (
        [
          [0, 0],
          [1, 0],
          [1, 1],
          [0, 1],
        ] as const
      ).map(([dx, dy]) => ({
        x: from + (column + dx) * step,
        y: from + (row + dy) * step,
        value: p[(row + dy) * points + column + dx] - 0.5,
      }));
      const crossings: Point[] = [];
      for (const [i, a] of corners.entries()) {
        const b = corners[(i + 1) % 4];
        if (a.value < 0 === b.value < 0) continue;
        const share = a.value / (a.value - b.value);
        crossings.push([a.x + share * (b.x - a.x), a.y + share * (b.y - a.y)]);
      }
      for (let i = 0; i + 1 < crossings.length; i += 2) lines.push([crossings[i], crossings[i + 1]]);
    }
  }
  return lines;
}

function path(line: readonly Point[]): string {
  return line.map((point, i) => `${i === 0 ? 'M' : 'L'}${text(point)}`).join('');
}

function text([x, y]: Point): string {
  return `${fixed(x)} ${fixed(y)}`;
}

function fixed(value: number): string {
  return String(Number(value.toFixed(1)));
}

function sign(value: number): string {
  return value < 0 ? `−${-value}` : String(value);
}

function idOf(title: string): string {
  return title.toLowerCase().replace(/[^a-z0-9]+/g, '-');
}
