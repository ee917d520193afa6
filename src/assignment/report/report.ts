/**
 * The assignment as one HTML page: it composes the sections, each of which has a module of its own. Nothing
 * here touches a file: loading uPlot's text and writing the page is the caller's.
 */
import { type Html, html } from '../../report/escape.js';
import { type Link, page } from '../../report/page.js';
import { settingsTable } from '../../report/table.js';
import type { Uplot } from '../../report/types.js';
import { conclude } from './conclusions.js';
import { derivationSection } from './derivations.js';
import { experimentCharts, experimentsSection } from './experiments.js';
import { finalSection } from './final.js';
import { batchedChart, batchedSection, tensorChart, tensorSection } from './forms.js';
import { dataSection, head } from './head.js';
import { originalSection } from './original.js';
import { speedSection } from './speed.js';
import { ASSIGNMENT_STYLE } from './style.js';
import { syntheticCharts, syntheticSection } from './synthetic.js';
import { tableSection } from './table.js';
import type { AssignmentReport, Conclusion } from './types.js';

const LINKS: readonly Link[] = [
  { id: 'data', name: 'The data' },
  { id: 'q1', name: 'Question 1: the gradients' },
  { id: 'q2', name: 'Question 2: vectors and batches' },
  { id: 'q3', name: 'Question 3: one pass by hand' },
  { id: 'q4', name: 'Question 4: synthetic data' },
  { id: 'q5', name: 'Question 5: the tensor network' },
  { id: 'q6', name: 'Question 6: the batched network' },
  { id: 'q7', name: 'Question 7: experiments' },
  { id: 'final', name: 'The final network' },
  { id: 'speed', name: 'Speed of each form' },
  { id: 'original', name: 'What the original got wrong' },
  { id: 'conclusions', name: 'Conclusions' },
  { id: 'reproducibility', name: 'Reproducibility' },
];

/** The whole page as one string. `uplot` is the source text of uPlot's script and style sheet. */
export function renderAssignment(report: AssignmentReport, uplot: Uplot): string {
  const { derivations, table, synthetic, tensor, batched, forms, experiments, speed, samples } = report;
  const [one = [], two = []] = derivations;
  const ofSynthetic = syntheticCharts(synthetic);
  const ofTensor = tensorChart(tensor);
  const ofBatched = batchedChart(batched);
  const ofExperiments = experimentCharts(experiments);
  const all = [...ofSynthetic, ofTensor, ofBatched, ...Object.values(ofExperiments).flat()];
  return page({
    title: 'Training a network from its derivatives up – lanegrad',
    header: head(report),
    links: LINKS,
    sections: [
      html`<noscript><p class="notice">The charts need JavaScript. Their numbers are in the tables.</p></noscript>`,
      dataSection(samples),
      derivationSection(
        'q1',
        'Question 1: the gradients',
        'What one number does to the loss, for every kind of operation in the network. The last formula of each derivation is its result.',
        one,
      ),
      derivationSection(
        'q2',
        'Question 2: vectors and batches',
        'The same for whole layers, for one sample and for many, with the shapes of everything.',
        two,
      ),
      tableSection(table),
      syntheticSection(synthetic, ofSynthetic),
      tensorSection(tensor, ofTensor),
      batchedSection(batched, ofBatched, forms),
      experimentsSection(experiments, ofExperiments),
      finalSection(experiments, samples.classNames),
      speedSection(speed),
      originalSection(report),
      conclusionsSection(conclude(report)),
      reproducibility(report),
    ],
    style: ASSIGNMENT_STYLE,
    charts: all,
    uplot,
  });
}

function conclusionsSection(conclusions: readonly Conclusion[]): Html {
  return html`<section id="conclusions"><h2>Conclusions</h2>
<p class="lead">Computed from the results above: other results would make other sentences.</p>
<dl class="conclusions">${conclusions.map(
    ({ subject, sentences }) => html`<div><dt>${subject}</dt><dd>${sentences.join(' ')}</dd></div>\n`,
  )}</dl></section>`;
}

function reproducibility({ identity, machine, version, experiments }: AssignmentReport): Html {
  const rows: [string, string][] = [
    ['lanegrad', version],
    ['WebAssembly, SHA-256', identity.wasmSha256],
    ['Data, SHA-256', identity.dataSha256],
    ['Weights of the final network, SHA-256', experiments.final.weightsSha256],
    ['Seeds', experiments.plan.curveSeeds.join(', ')],
    ['Machine', `${machine.processor}, ${machine.cores} cores, ${machine.runtime}`],
  ];
  return html`<section id="reproducibility"><h2>Reproducibility</h2>
<p class="lead">All runs of question 7 used strict arithmetic: the same WebAssembly, data and seeds give the same weights, bit for bit, on
every machine. Only the speeds are this machine’s own.</p>
${settingsTable(rows)}</section>`;
}
