/** The speed of each form in the report: a table, and bars on a logarithmic scale. */
import { type Html, html } from '../../report/escape.js';
import { count, plural } from '../../report/format.js';
import { dataTable } from '../../report/table.js';
import type { SpeedResult } from '../types.js';

export function speedSection(result: SpeedResult): Html {
  const { rows, layers, batchSize, rounds, secondsPerForm, runtime } = result;
  const medians = rows.map(({ samplesPerSecond }) => samplesPerSecond.median);
  // Whole powers of ten around all values.
  const low = Math.floor(Math.log10(Math.min(...medians)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...medians))));
  const share = (value: number) => (Math.log10(value) - low) / (high - low);
  const ticks = Array.from({ length: high - low + 1 }, (_, i) => low + i);
  return html`<section id="speed"><h2>Speed of each form</h2>
<p class="lead">Training steps (forward, backward, update) of the network ${layers.join('-')} with ${plural(batchSize, 'sample')} a step, ${runtime}. Nothing else of the assignment ran meanwhile. Each form was measured
for ${secondsPerForm} s in ${plural(rounds, 'round')}, taken in turns; the median counts. The scale is logarithmic.</p>
<div class="bars" role="img" aria-label="Samples a second of each form; the numbers are in the table below.">
${rows.map(
  ({ label, form, samplesPerSecond }) =>
    html`<div class="bar ${form}"><span class="name">${label}</span><span class="track"><i style="width:${(100 * share(samplesPerSecond.median)).toFixed(2)}%"></i></span><span class="amount">${count(samplesPerSecond.median)}</span></div>\n`,
)}<div class="bar scale"><span class="name">samples/s</span><span class="track">${ticks.map(
    (exponent) =>
      html`<b style="left:${((100 * (exponent - low)) / (high - low)).toFixed(2)}%">${count(10 ** exponent)}</b>`,
  )}</span><span class="amount"></span></div></div>
${dataTable('Speed', rows, [
  ['Form', ({ label }) => label],
  ['Threads', ({ threads }) => threads],
  ['Samples/s, median', ({ samplesPerSecond: { median } }) => count(median)],
  ['Slowest round', ({ samplesPerSecond: { min } }) => count(min)],
  ['Fastest round', ({ samplesPerSecond: { max } }) => count(max)],
  ['Times scalar', ({ timesScalar }) => timesScalar.toFixed(timesScalar < 10 ? 2 : 0)],
])}</section>`;
}
