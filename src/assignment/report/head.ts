/** The beginning of the report: title, the figures one asks for first, and the data. */
import { type Html, html } from '../../report/escape.js';
import { count, date, percent, plural } from '../../report/format.js';
import { pngDataUri } from '../../report/png.js';
import type { ExperimentPlan } from '../q7-experiments/types.js';
import { TARGET } from './conclusions-experiments.js';
import type { AssignmentReport, DataSamples } from './types.js';

export function head({
  createdAt,
  quick,
  version,
  machine,
  experiments,
  speed,
  forms,
}: AssignmentReport): Html {
  const { final, choice, runs, rates, batches } = experiments;
  const { mean, deviation, count: tested } = final.accuracy;
  const goal = mean >= TARGET ? 'meets' : 'misses';
  const fastest = speed.rows.reduce((best, row) =>
    row.samplesPerSecond.median > best.samplesPerSecond.median ? row : best,
  );
  const figures: [string, string, string][] = [
    [
      'Chosen settings',
      `rate ${choice.learningRate}`,
      `batches of ${choice.batchSize}, ${plural(choice.epochs, 'epoch')}`,
    ],
    [
      'Experiments',
      plural(runs, 'run'),
      `${plural(rates.length, 'rate')}, ${plural(batches.length, 'batch size')}`,
    ],
    [
      'Fastest form',
      `${count(fastest.timesScalar)} ×`,
      `the scalar loops; ${count(fastest.samplesPerSecond.median)} samples/s`,
    ],
    [
      'Forms of the network',
      String(forms.forms.length),
      forms.agree ? 'agree in every step' : 'do not agree',
    ],
  ];
  return html`<header>
<p class="eyebrow"><span>lanegrad <span aria-hidden="true">/</span> deep-learning assignment</span> <time datetime="${createdAt}">${date(createdAt)}</time></p>
<h1>Training a network from its derivatives up</h1>
<p class="abstract">Gradients derived and checked by hand, a network of plain loops, the same with vectors and with batches, and what
learning rate, batch size and chance do to it on MNIST.</p>
${
  quick &&
  html`<p class="notice"><strong>This is the quick version.</strong> It shows every part with less of everything: ${quickly(experiments.plan)}.
Its accuracies are not those of the assignment, and single seeds tell little.</p>`
}
<div class="summary"><div class="hero"><p class="name">Test accuracy, mean of ${plural(final.seeds.length, 'seed')}</p>
<p class="value">${(100 * mean).toFixed(2)}<span class="unit">\u00a0%</span></p>
<p class="note">${tested > 1 ? `± ${percent(deviation)} between seeds` : 'one seed'}; ${goal} the goal of ${percent(TARGET, 1)}</p></div>
<dl class="figures">${figures.map(
    ([name, value, note]) =>
      html`<div><dt>${name}</dt><dd>${value}<span class="note">${note}</span></dd></div>\n`,
  )}</dl></div>
<p class="engine"><span>Made with</span> lanegrad ${version} · ${experiments.engine.math} · ${machine.runtime} · ${plural(machine.cores, 'core')} · ${machine.processor}</p>
</header>`;
}

/** What the quick version's experiments are made of. */
function quickly(plan: ExperimentPlan): string {
  const seeds = ({ length }: readonly number[]) => (length === 1 ? 'one seed' : plural(length, 'seed'));
  return [
    `${count(plan.trainSize)} training images (${count(plan.fullSize)} for the final network)`,
    `${plural(plan.learningRates.length, 'rate')} and ${plural(plan.batchSizes.length, 'batch size')} with ${seeds(plan.compareSeeds)} and ${plural(plan.compareEpochs, 'epoch')} each`,
    `at most ${plural(plan.curveEpochs, 'epoch')} in the long runs, with ${seeds(plan.curveSeeds)}, and ${seeds(plan.finalSeeds)} of the final network`,
  ].join('; ');
}

export function dataSection({ name, height, width, classNames, images, counts }: DataSamples): Html {
  const total = counts.reduce((sum, value) => sum + value, 0);
  return html`<section id="data"><h2>The data</h2>
<p class="lead">The training file of ${name === 'mnist' ? 'MNIST' : name} has ${count(total)} images of ${height} × ${width} pixels in ${classNames.length} classes: the first of each, and how many there are.</p>
<ol class="digits">${images.map(
    (own, label) =>
      html`<li><h4>${classNames[label]}</h4>${own.map(
        (pixels) =>
          html`<img src="${pngDataUri(pixels, height, width)}" width="${width}" height="${height}" alt="">`,
      )}<span>${count(counts[label])}</span></li>\n`,
  )}</ol></section>`;
}
