/**
 * The report's style sheet: system fonts, two hues (one for training and right answers, one for validation
 * and mistakes), light and dark by the reader's preference, and paper. No names or numbers of a run get in
 * here.
 */
import { PRINT_STYLE } from './style-print.js';
import { TABLE_STYLE } from './style-tables.js';

const BASE_STYLE = `
:root {
  color-scheme: light;
  --paper: #fcfcfa; --ink: #1b1d21; --muted: #5d636c; --rule: #e3e3dd; --raised: #f3f3ee;
  --train: #1f5fb4; --validation: #b9540c; --third: #5b7f2b; --hit: 31 95 180; --miss: 214 96 20; --hit-most: 0.42; --miss-most: 0.6;
  --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace;
}
@media screen and (prefers-color-scheme: dark) {
  :root:not(.printing) {
    color-scheme: dark;
    --paper: #15171b; --ink: #e9e8e3; --muted: #a3a8b1; --rule: #2d3138; --raised: #1e2126;
    --train: #7db0f5; --validation: #f0a35c; --third: #a5cd6b; --hit: 94 156 240; --miss: 232 130 58; --hit-most: 0.5; --miss-most: 0.55;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums; overflow-wrap: break-word;
}
main, footer { max-width: 70rem; margin: 0 auto; padding: 0 clamp(1.25rem, 4vw, 3rem); }
h1, h2, h3, p, dl, dd, figure, ol, ul { margin: 0; padding: 0; }
ol, ul { list-style: none; }
h1 { font-size: clamp(1.5rem, 4vw, 2rem); line-height: 1.2; font-weight: 600; letter-spacing: -0.015em; text-wrap: balance; }
h2 { font-size: 1.375rem; line-height: 1.25; font-weight: 600; letter-spacing: -0.01em; }
h3 { font-size: 0.9375rem; font-weight: 600; }
b, strong { font-weight: 600; }
a { color: inherit; text-decoration-color: var(--rule); text-underline-offset: 0.25em; text-decoration-thickness: 1px; }
a:hover { text-decoration-color: currentColor; }
:focus-visible { outline: 2px solid var(--train); outline-offset: 3px; border-radius: 2px; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

header { padding-top: clamp(2rem, 6vw, 4.5rem); }
.eyebrow { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 2rem; margin-bottom: 0.75rem; color: var(--muted); font-size: 0.875rem; }
.eyebrow [aria-hidden] { margin: 0 0.25em; opacity: 0.6; }
.summary {
  display: grid; grid-template-columns: minmax(0, 5fr) minmax(0, 7fr); gap: 2.5rem clamp(2rem, 5vw, 4.5rem);
  align-items: end; margin-top: clamp(2rem, 5vw, 3.5rem);
}
.hero .name, dt { color: var(--muted); font-size: 0.875rem; }
.hero .value { font-size: clamp(3.75rem, 10vw, 6.25rem); line-height: 1; font-weight: 600; letter-spacing: -0.045em; margin: 0.06em 0 0.12em -0.04em; white-space: nowrap; }
.hero .unit { font-size: 0.42em; font-weight: 400; letter-spacing: 0; color: var(--muted); }
.note { color: var(--muted); font-size: 0.8125rem; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); gap: 1.5rem 2rem; }
.figures > div { border-top: 1px solid var(--rule); padding-top: 0.625rem; }
dd { font-size: 1.375rem; line-height: 1.35; font-weight: 600; letter-spacing: -0.01em; }
dd .unit { font-size: 0.875rem; font-weight: 400; letter-spacing: 0; }
dd .note { display: block; font-weight: 400; letter-spacing: 0; }
.engine { margin-top: 2rem; font-size: 0.875rem; }
.engine span { color: var(--muted); margin-right: 0.75em; }
.notice { margin-top: 1.25rem; padding: 0.75rem 1rem; max-width: 46rem; border-left: 3px solid var(--validation); background: var(--raised); font-size: 0.9375rem; }

nav { margin-top: 2rem; padding: 0.875rem 0; border-block: 1px solid var(--rule); font-size: 0.875rem; }
nav ul { display: flex; flex-wrap: wrap; gap: 0.375rem 1.75rem; }
section { padding-top: clamp(3rem, 7vw, 4.5rem); }
.lead { max-width: 44rem; margin: 0.5rem 0 1.75rem; color: var(--muted); font-size: 0.9375rem; }
h2 + .scroll { margin-top: 1.25rem; }
section > h3, .pair h3 { margin: 2.25rem 0 0.75rem; }
footer { padding-block: clamp(3rem, 7vw, 4.5rem) 3rem; color: var(--muted); font-size: 0.8125rem; }

.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 2.5rem 3rem; }
.chart { min-width: 0; max-width: 46rem; }
.chart figcaption { display: flex; justify-content: space-between; align-items: center; min-height: 2rem; margin-bottom: 0.5rem; }
.chart strong { font-size: 0.9375rem; }
.plot { min-height: 312px; overflow: hidden; }
.uplot { font-family: inherit; }
.edge-line { display: none !important; }
.uplot .u-legend { text-align: left; margin: 0.25rem 0 0 4.25rem; font-size: 0.8125rem; font-variant-numeric: tabular-nums; }
.u-legend.u-inline tr { margin-right: 0.75rem; }
.u-legend th { font-weight: 400; color: var(--muted); }
.u-legend .u-marker { width: 0.875rem; height: 0; border-top: 2px solid; margin-right: 0.4rem; }
.u-legend tr:first-child .u-marker { display: none; }
.u-series > * { padding: 2px 0; }
.u-legend .u-value { min-width: 3.6em; padding-left: 0.35em; }
.u-legend tr:first-child .u-value { min-width: 2em; }
.u-hz .u-cursor-x, .u-vt .u-cursor-y { border-right: 1px solid var(--muted); opacity: 0.6; }
.u-select { background: rgb(var(--hit) / 0.12); }
button { font: inherit; font-size: 0.8125rem; color: var(--ink); background: none; border: 1px solid var(--rule); border-radius: 999px; padding: 0.1875rem 0.75rem; cursor: pointer; }
button:hover { border-color: var(--muted); }
button[aria-pressed="true"] { background: var(--ink); border-color: var(--ink); color: var(--paper); }

.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(6.5rem, 1fr)); gap: 1.5rem 1rem; }
.gallery img { display: block; width: 100%; height: auto; border-radius: 3px; image-rendering: pixelated; background: #000; }
.gallery figcaption { margin-top: 0.5rem; font-size: 0.75rem; line-height: 1.45; color: var(--muted); }
.gallery b { color: var(--ink); }
.gallery .sure { display: block; }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(4rem, 1fr)); gap: 0.375rem; max-width: 60rem; }
.tiles img, .seen img { display: block; width: 100%; height: auto; border-radius: 3px; image-rendering: pixelated; }
.tiles.filters { grid-template-columns: repeat(auto-fill, minmax(3.5rem, 1fr)); }
.seen { width: 7rem; }
h4 { margin: 1.5rem 0 0.5rem; font-size: 0.875rem; font-weight: 600; }
h4 span { margin-left: 0.5rem; font-weight: 400; color: var(--muted); }
.pairs { display: grid; grid-template-columns: repeat(auto-fill, minmax(14rem, 1fr)); gap: 0.75rem 1.5rem; font-size: 0.9375rem; }
.pairs span { display: block; color: var(--muted); font-size: 0.8125rem; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 0 3rem; }
.pair > div { min-width: 0; }
.pair h3 { margin-top: 1.25rem; }

.scatter { display: block; width: 100%; max-width: 34rem; height: auto; margin-top: 1.25rem; }
.scatter text { fill: var(--muted); font-size: 11px; }
.scatter .grid { stroke: var(--rule); }
.scatter .right { stroke: var(--validation); stroke-width: 1.5; }
.scatter .points { fill: var(--train); fill-opacity: 0.5; }

@media (max-width: 52rem) {
  .summary { grid-template-columns: minmax(0, 1fr); }
  .pairs { grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); }
  .figures { grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: 1.25rem 1.5rem; }
}
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
`;

/** The page's own style sheet, whole. It comes after uPlot's, of which it overrides some rules. */
export const STYLE = BASE_STYLE + TABLE_STYLE + PRINT_STYLE;
