/**
 * The page around the sections: one HTML file that needs nothing else. Its policy forbids every network request,
 * so a report can be opened from disk, mailed and archived without a second thought.
 */
import { CLIENT_SCRIPT } from './client.js';
import { type Html, html, inlineScript, inlineStyle, markup } from './escape.js';
import { STYLE } from './style.js';
import type { Uplot } from './types.js';

// base-uri and form-action do not fall back to default-src.
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/** A section's anchor and its name in the page's own navigation. */
export interface Link {
  readonly id: string;
  readonly name: string;
}

/** Puts a header and sections into a whole document. `uplot` is left out of a page without charts. */
export function page(
  title: string,
  header: Html,
  links: readonly Link[],
  sections: readonly (Html | undefined)[],
  uplot: Uplot | undefined,
): string {
  const body = html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${markup(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="lanegrad">
<title>${title} – lanegrad training report</title>
<link rel="icon" href="data:,">
${uplot && html`<style>${inlineStyle(uplot.style)}</style>`}
<style>${markup(STYLE)}</style>
</head>
<body>
<main>
${header}
<nav aria-label="Sections"><ul>${links.map(({ id, name }) => html`<li><a href="#${id}">${name}</a></li>`)}</ul></nav>
${sections}
</main>
<footer><p>Written by lanegrad. This file is complete: it loads nothing, and nothing leaves it.</p></footer>
${
  uplot &&
  html`<script>/* uPlot, MIT licence, copyright (c) Leon Sorokin */
${inlineScript(uplot.script)}</script>
<script>${markup(CLIENT_SCRIPT)}</script>`
}
</body>
</html>
`;
  return body.text;
}
