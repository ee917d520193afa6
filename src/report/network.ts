/**
 * The section on the network: its layers with shapes and work, and of a convolutional one what its first
 * filters look like and what its convolutions find in one image.
 */
import type { LayerSummary } from '../nn/summary-graph.js';
import { type Html, html } from './escape.js';
import { count, plural } from './format.js';
import { dataTable } from './table.js';
import { type Picture, strongestChannels, tile } from './tiles.js';

/** Filters of the first layer that are shown. */
const FILTERS = 64;
/** Channels of each convolution, and convolutions. */
const MAPS = 12;
const LAYERS = 8;

/** What is known of a network when a run has ended. */
export interface NetworkReport {
  readonly layers: readonly LayerSummary[];
  /** Of a prediction of one row. */
  readonly multiplyAdds: number;
  readonly filters?: Filters;
  readonly features?: FeatureMaps;
}

/** Kernels of the first convolution. */
export interface Filters {
  readonly layer: string;
  readonly kind: string;
  /** [height, width, in, out] */
  readonly shape: readonly number[];
  /** Row-major. */
  readonly values: Float32Array;
}

/** What convolutions make of one image. */
export interface FeatureMaps {
  /** Which one it is: 'the first test image'. */
  readonly name: string;
  /** Of bytes, or of numbers of any range. */
  readonly image: Picture;
  readonly layers: readonly {
    readonly layer: string;
    readonly kind: string;
    /** [height, width, channels] */
    readonly shape: readonly number[];
    /** Row-major. */
    readonly values: Float32Array;
  }[];
}

export function networkSection({ layers, multiplyAdds, filters, features }: NetworkReport): Html {
  return html`<section id="network"><h2>Network</h2>
<p class="lead">What each layer gives for one sample, the numbers that it learns, and the multiply-adds that a prediction takes:
${count(multiplyAdds)} in all. A step of training takes about three times as many for each sample.</p>
${dataTable('Layers', layers, [
  ['Layer', ({ name }) => name],
  ['Kind', ({ name, kind }) => (kind === name ? '' : kind), 'text'],
  layers.some(({ options }) => options !== '') && ['Options', ({ options }) => options, 'text'],
  ['Output', ({ shape }) => shape.join(' × ') || '1'],
  ['Parameters', ({ parameters }) => some(parameters)],
  ['Multiply-adds', (layer) => some(layer.multiplyAdds)],
])}
${filters && filterPictures(filters)}
${features && featurePictures(features)}</section>`;
}

function some(amount: number): string {
  return amount === 0 ? '–' : count(amount);
}

function filterPictures(filters: Filters): Html {
  const { layer, kind, shape } = filters;
  const [height, width, depth, outputs] = shape;
  const shown = Math.min(outputs, FILTERS);
  const amount = shown < outputs ? `The first ${shown} of ${outputs} filters` : plural(outputs, 'filter');
  const meaning =
    depth === 3
      ? 'The three channels of a filter are shown as red, green and blue'
      : `Light pixels speak for what is bright there, dark ones against it${depth > 1 ? `; of ${depth} channels each pixel is the mean` : ''}`;
  const tiles = Array.from(
    { length: shown },
    (_, filter) => html`<li>${tile(pictureOf(filters, filter), `Filter ${filter}`, 'signed')}</li>`,
  );
  return html`<h3>Filters of layer ${layer}, ${kind}</h3>
<p class="lead">${amount} of ${height} × ${width} pixels. ${meaning}; grey is 0. Each has a scale of its own.</p>
<ol class="tiles filters">${tiles}</ol>`;
}

/** One filter: as it is with one input channel or three, else the means over them. */
function pictureOf({ shape, values }: Filters, filter: number): Picture {
  const [height, width, depth, outputs] = shape;
  const channels = depth === 3 ? 3 : 1;
  const pixels = new Float64Array(height * width * channels);
  for (let i = 0; i < height * width * depth; i++) {
    const to = channels === 3 ? i : Math.floor(i / depth);
    pixels[to] += values[i * outputs + filter] / (channels === 3 ? 1 : depth);
  }
  return { height, width, channels, values: pixels };
}

function featurePictures({ name, image, layers }: FeatureMaps): Html {
  const kept = evenly(layers, LAYERS);
  const which = kept.length < layers.length && `, ${kept.length} of ${layers.length} convolutions`;
  const blocks = kept.map(({ layer, kind, shape, values }) => {
    const [height, width, channels] = shape;
    const maps = strongestChannels(values, channels).slice(0, MAPS);
    const tiles = maps.map((channel) => {
      const own = values.filter((_, i) => i % channels === channel);
      const words = `Channel ${channel} of layer ${layer}`;
      return html`<li>${tile({ height, width, channels: 1, values: own }, words)}</li>`;
    });
    const of = maps.length < channels && `${maps.length} of `;
    return html`<h4>Layer ${layer}, ${kind} <span>${of}${plural(channels, 'channel')}, ${height} × ${width}</span></h4>
<ol class="tiles">${tiles}</ol>`;
  });
  return html`<h3>What the convolutions find</h3>
<p class="lead">In ${name}${which}: after each the channels that answer most, the strongest first, each over its own range.</p>
<p class="seen">${tile(image, `The image: ${name}`, image.values instanceof Uint8Array ? 'bytes' : 'own')}</p>
${blocks}`;
}

/** At most so many, the first and the last among them. */
function evenly<T>(list: readonly T[], most: number): readonly T[] {
  if (list.length <= most) return list;
  return Array.from({ length: most }, (_, i) => list[Math.round((i * (list.length - 1)) / (most - 1))]);
}
