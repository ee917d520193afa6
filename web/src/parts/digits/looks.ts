/** What the network looks for, and what its convolutions find: asks the trainer, and draws. */
import type { Trainer } from 'lanegrad/trainer';
import { get, say } from '../../shared/dom.js';
import { Latest } from '../../shared/latest.js';
import { type Drawable, drawableOf, readsDigits } from './network.js';
import { drawTiles } from './pictures.js';

const darkness = matchMedia('(prefers-color-scheme: dark)');

/** Units or filters, and maps, that are drawn. */
const UNITS = 40;
const MAPS = 32;

export class Looks {
  #trainer: Trainer | undefined;
  #drawable: Drawable = { convolutions: [] };
  #canvases: readonly HTMLCanvasElement[] = [];
  readonly #image: () => Float32Array | undefined;
  readonly #maps = new Latest(() => this.#drawMaps());

  /** `image`: what convolutions are shown, if there is anything yet. */
  constructor(image: () => Float32Array | undefined) {
    this.#image = image;
    darkness.addEventListener('change', () => this.update());
  }

  /** Another network. */
  async use(trainer: Trainer): Promise<void> {
    const { model } = trainer;
    this.#trainer = trainer;
    this.#drawable = readsDigits(model) ? drawableOf(model) : { convolutions: [] };
    const { weights, convolutions } = this.#drawable;
    const isConv = convolutions.length > 0;
    get('looks').hidden = !weights && !isConv;
    get('units-lead').hidden = isConv;
    get('filters-lead').hidden = !isConv;
    get('maps').hidden = !isConv;
    say('weights-title', `What the ${isConv ? 'filters' : 'hidden units'} look for`);
    get('weights').hidden = !weights;
    get('weights').ariaLabel = isConv
      ? 'Filters of the first convolution as images'
      : 'Weights of the first hidden units as images';
    const figures = convolutions.map(describeMaps);
    get('maps-list').replaceChildren(...figures);
    this.#canvases = figures.map((figure) => figure.querySelector('canvas')!);
    await this.update();
  }

  /** As of the last step. */
  async update(): Promise<void> {
    const { weights } = this.#drawable;
    this.updateMaps();
    const found = weights && (await this.#trainer?.readWeights([weights.name]))?.get(weights.name);
    // It may be another network's by now.
    if (!found || weights !== this.#drawable.weights) return;
    const columns = weights.side === 28 ? ([10, 8] as const) : ([16, 8] as const);
    const tiles = { values: found, side: weights.side, most: UNITS, columns };
    drawTiles(get('weights'), tiles, darkness.matches);
  }

  updateMaps(): void {
    if (this.#drawable.convolutions.length > 0) void this.#maps.run();
  }

  async #drawMaps(): Promise<void> {
    const { convolutions } = this.#drawable;
    const image = this.#image();
    if (!image || !this.#trainer) return;
    const names = convolutions.map(({ layer }) => layer);
    const maps = await this.#trainer.features(image, names);
    if (convolutions !== this.#drawable.convolutions) return;
    for (const [i, { layer, side }] of convolutions.entries()) {
      const tiles = { values: maps[layer], side, most: MAPS, columns: [16, 8] as const, together: true };
      drawTiles(this.#canvases[i], tiles, darkness.matches);
    }
  }
}

function describeMaps({ side, channels }: Drawable['convolutions'][number], i: number): HTMLElement {
  const figure = document.createElement('figure');
  const caption = document.createElement('figcaption');
  const name = `After convolution ${i + 1}`;
  const size = document.createElement('span');
  size.className = 'size';
  size.textContent = `${Math.min(channels, MAPS)} of ${channels} maps, ${side} × ${side}`.replace(
    `${channels} of ${channels}`,
    String(channels),
  );
  caption.append(name, ' ', size);
  const canvas = document.createElement('canvas');
  canvas.className = 'tiles';
  canvas.setAttribute('role', 'img');
  canvas.ariaLabel = `${name}: what each of its filters finds, as images`;
  figure.append(caption, canvas);
  return figure;
}
