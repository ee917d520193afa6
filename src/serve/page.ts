/** What a server says of itself, as a page for people. */
import { html, markup } from '../report/escape.js';
import type { Description } from './description.js';

const style = `
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
  body { max-width: 44rem; margin: 2rem auto; padding: 0 1rem }
  table { border-collapse: collapse }
  td, th { text-align: left; padding: .2rem 1rem .2rem 0; vertical-align: top }
  pre { overflow-x: auto; padding: .8rem; border: 1px solid #8886; border-radius: .4rem }
  div { overflow-x: auto }
`;

/** Characters of an example that are shown. */
const SHOWN = 2000;

export function descriptionPage(description: Description): string {
  const { model, parameters, multiplyAdds, columns, inputs, outputs, classNames, target, limits } =
    description;
  const example = description.example === undefined ? undefined : JSON.stringify(description.example);
  const taken = columns
    ? columns.map(({ name, kind, values }) => [name, kind, values?.join(', ') ?? ''])
    : (inputs ?? []).map(({ name, shape }) => [name, 'numbers', shape.join(' x ')]);
  const given = outputs.map(({ name, kind, size }) => [
    target ?? name,
    kind,
    kind === 'classes' ? '' : String(size),
  ]);
  const table = (rows: readonly (readonly string[])[]) =>
    html`<div><table>${rows.map((row) => html`<tr>${row.map((cell) => html`<td>${cell}</td>`)}</tr>`)}</table></div>`;
  const facts = [
    ['parameters', parameters.toLocaleString('en-US')],
    ['multiply-adds', multiplyAdds.toLocaleString('en-US')],
    ['most rows', limits.maxRows.toLocaleString('en-US')],
    ['largest body', `${limits.maxBody.toLocaleString('en-US')} bytes`],
  ];
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${model ?? 'A model'}</title>
<style>${markup(style)}</style>
</head>
<body>
<h1>${model ?? 'A model'}</h1>
<p>Answers <code>POST /predict</code> with predictions, and says at <a href="/health">/health</a> whether it can. Bodies are
${description.contentTypes.join(', ')}.</p>
<h2>Takes</h2>
${table(taken)}
<h2>Predicts</h2>
${table(given)}
${classNames && html`<p>Classes: ${classNames.slice(0, 100).join(', ')}${classNames.length > 100 && ', …'}</p>`}
${
  example &&
  html`<h2>An example</h2>
<pre>curl -H 'content-type: application/json' -d '${example.slice(0, SHOWN)}${example.length > SHOWN && ' …'}' http://…/predict</pre>`
}
<h2>Facts</h2>
${table(facts)}
<p>lanegrad ${description.lanegrad}. The same as JSON: <code>curl</code> without an <code>Accept</code> header.</p>
</body>
</html>
`.text;
}
