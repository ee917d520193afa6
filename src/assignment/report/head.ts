/** The beginning of the report: title, the figures one asks for first, and the data. */
import { type Html, html } from '../../report/escape.js';
import { count, date, duration, percent, plural } from '../../report/format.js';
import { pngDataUri } from '../../report/png.js';
import { TARGET } from '../conclusions-experiments.js';
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
  const { final, choice, runs, trainingSeconds } = experiments;
  const { mean, deviation } = final.accuracy;
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
    ['Experiments', plural(runs, 'run'), `${duration(trainingSeconds)} of training`],
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
  html`<p class="notice"><strong>This is the quick version.</strong> It was made with fewer images, settings and epochs, to show every part;
its accuracies are not those of the assignment.</p>`
}
<div class="summary"><div class="hero"><p class="name">Test accuracy, mean of ${plural(final.seeds.length, 'seed')}</p>
<p class="value">${(100 * mean).toFixed(2)}<span class="unit">\u00a0%</span></p>
<p class="note">± ${percent(deviation)} between seeds; ${goal} the goal of ${percent(TARGET, 1)}</p></div>
<dl class="figures">${figures.map(
    ([name, value, note]) =>
      html`<div><dt>${name}</dt><dd>${value}<span class="note">${note}</span></dd></div>\n`,
  )}</dl></div>
<p class="engine"><span>Made with</span> lanegrad ${version} · ${experiments.engine.math} · ${machine.runtime} · ${plural(machine.cores, 'core')} · ${machine.processor}</p>
</header>`;
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
