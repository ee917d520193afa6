/** The beginning of the report: title, the figures one asks for first, and the data. */
import { type Html, html } from '../../report/escape.js';
import { count, percent, plural } from '../../report/format.js';
import { pageHeader } from '../../report/header.js';
import { pngDataUri } from '../../report/png.js';
import type { ExperimentPlan } from '../q7-experiments/types.js';
import { TARGET } from './conclusions-experiments.js';
import type { AssignmentReport, DataSamples } from './types.js';
import { seedsText } from './words.js';

export function head(report: AssignmentReport): Html {
  const { createdAt, quick, version, machine, experiments, speed, forms } = report;
  const { final, choice, runs, rates, batches } = experiments;
  const { mean, deviation, count: tested } = final.accuracy;
  const goal = mean >= TARGET ? 'meets' : 'misses';
  const fastest = speed.rows.reduce((best, row) =>
    row.samplesPerSecond.median > best.samplesPerSecond.median ? row : best,
  );
  return pageHeader({
    kind: 'deep-learning assignment',
    createdAt,
    title: 'Training a network from its derivatives up',
    notices: [
      html`<p class="abstract">Gradients derived and checked by hand, a network of plain loops, the same with vectors and with batches, and what
learning rate, batch size and chance do to it on MNIST.</p>`,
      quick &&
        html`<p class="notice"><strong>This is the quick version.</strong> It shows every part with less of everything: ${quickly(experiments.plan)}.
Its accuracies are not those of the assignment, and single seeds tell little.</p>`,
    ],
    main: {
      name: `Test accuracy, mean of ${plural(final.seeds.length, 'seed')}`,
      value: (100 * mean).toFixed(2),
      unit: '%',
      note: `${tested > 1 ? `± ${percent(deviation)} between seeds` : 'one seed'}; ${goal} the goal of ${percent(TARGET, 1)}`,
    },
    figures: [
      {
        name: 'Chosen settings',
        value: `rate ${choice.learningRate}`,
        note: `batches of ${choice.batchSize}, ${plural(choice.epochs, 'epoch')}`,
      },
      {
        name: 'Experiments',
        value: plural(runs, 'run'),
        note: `${plural(rates.length, 'rate')}, ${plural(batches.length, 'batch size')}`,
      },
      {
        name: 'Fastest form',
        value: `${count(fastest.timesScalar)} ×`,
        note: `the scalar loops; ${count(fastest.samplesPerSecond.median)} samples/s`,
      },
      {
        name: 'Forms of the network',
        value: forms.forms.length,
        note: forms.agree ? 'agree in every step' : 'do not agree',
      },
    ],
    engine: [
      'Made with',
      `lanegrad ${version} · ${experiments.engine.math} · ${machine.runtime} · ${plural(machine.cores, 'core')} · ${machine.processor}`,
    ],
  });
}

/** What the quick version's experiments are made of. */
function quickly(plan: ExperimentPlan): string {
  const seeds = ({ length }: readonly number[]) => seedsText(length);
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
