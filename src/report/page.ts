/**
 * The page around the sections: one HTML file that needs nothing else. Its policy forbids every network
 * request, so a report can be opened from disk, mailed and archived without a second thought. A page that is
 * served while it is made may ask its own server, and nobody else.
 */
import { clientScript, languageScript } from '../../build/report.js';
import { type Chart, chartData } from './charts.js';
import { type Html, html, inlineScript, inlineStyle, markup } from './escape.js';
import type { Uplot } from './types.js';

// base-uri and form-action do not fall back to default-src.
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

const COMPLETE = 'Written by lanegrad. This file is complete: it loads nothing, and nothing leaves it.';
const SERVED =
  'Served by lanegrad on this machine. It asks nobody else for anything, and nothing leaves the machine.';

/** A section's anchor and its name in the page's own navigation. */
export interface Link {
  readonly id: string;
  readonly name: string;
}

export interface PageParts {
  /** As the document's title has it, data and all. */
  readonly title: string;
  readonly header: Html;
  readonly links: readonly Link[];
  readonly sections: readonly (Html | undefined)[];
  /** A style sheet of this package, after uPlot's. */
  readonly style: string;
  /** Those that stand in the sections. Without any the page has no script. */
  readonly charts: readonly Chart[];
  readonly uplot: Uplot;
  /** Of a page that is served: the script that follows what its server says. */
  readonly live?: string | undefined;
}

/** The page's own navigation. */
export function navigation(links: readonly Link[]): Html {
  return html`<nav aria-label="Sections"><ul>${links.map(({ id, name }) => html`<li><a href="#${id}">${name}</a></li>`)}</ul></nav>`;
}

/** Puts a header and sections into a whole document. */
export function page(parts: PageParts): string {
  const { title, header, links, sections, style, charts, uplot, live } = parts;
  const drawn = charts.length > 0;
  const body = html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${markup(live ? `${POLICY}; connect-src 'self'` : POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="lanegrad">
<title>${title}</title>
<link rel="icon" href="data:,">
${drawn && html`<style>${inlineStyle(uplot.style)}</style>`}
<style>${markup(style)}</style>
</head>
<body>
<main>
${header}
${navigation(links)}
${sections}
</main>
<footer><p>${live ? SERVED : COMPLETE}</p></footer>
${
  drawn &&
  html`${chartData(charts)}
<script>${inlineScript(languageScript)}</script>
<script>/* uPlot, MIT licence, copyright (c) Leon Sorokin */
${inlineScript(uplot.script)}</script>
<script>${inlineScript(clientScript)}</script>`
}
${live && html`<script>${inlineScript(live)}</script>`}
</body>
</html>
`;
  return body.text;
}
