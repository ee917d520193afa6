/**
 * The network as it is drawn: a column of features, one for each hidden layer, the output; a picture for each
 * unit, and lines as wide as the weights between them.
 */
import { NEGATIVE, POSITIVE } from '../../shared/colours.js';
import { make } from '../../shared/dom.js';
import { type FeatureName, featureNames, features, gridOf } from './features.js';
import { paint } from './plane.js';
import { EXTENT } from './points.js';
import { type Snapshot, UNIT_SIDE } from './protocol.js';
import { MAX_UNITS, type Settings } from './settings.js';

/** A unit by layer and place; of the features the layer is -1. */
export interface UnitPlace {
  readonly layer: number;
  readonly unit: number;
}

export interface DiagramEvents {
  readonly change: (change: Partial<Pick<Settings, 'features' | 'layers'>>) => void;
  /** A unit's picture is wanted large; undefined for the output again. */
  readonly look: (place: UnitPlace | undefined) => void;
}

type Shape = Pick<Settings, 'features' | 'layers'>;

interface Node {
  readonly button: HTMLElement;
  readonly canvas: HTMLCanvasElement;
}

/** Pixels that a weight of 1 is wide, and the most that any is. */
const WIDTH = 1.3;
const WIDEST = 5;

export class Diagram {
  readonly #root: HTMLElement;
  readonly #links = make('canvas', { class: 'links', 'aria-hidden': 'true' });
  readonly #columns = make('div', { class: 'columns' });
  readonly #events: DiagramEvents;
  #shape: Shape = { features: [], layers: [] };
  #features = new Map<FeatureName, Node>();
  #layers: Node[][] = [];
  #output: Node | undefined;
  #looked: HTMLElement | undefined;
  #last: Snapshot | undefined;

  constructor(root: HTMLElement, events: DiagramEvents) {
    this.#root = root;
    this.#events = events;
    root.append(this.#links, this.#columns);
    new ResizeObserver(() => this.#drawLinks()).observe(this.#columns);
  }

  build(shape: Shape): void {
    const focused = (document.activeElement as HTMLElement | null)?.dataset.key;
    this.#shape = shape;
    this.#last = undefined;
    this.#looked = undefined;
    this.#features = new Map(featureNames.map((name) => [name, this.#featureNode(name)]));
    const inputs = make('div', { class: 'column inputs' }, make('p', { class: 'over' }, 'Features'));
    for (const { button } of this.#features.values()) inputs.append(button);
    this.#layers = shape.layers.map((units, layer) =>
      Array.from({ length: units }, (_, unit) => this.#unitNode({ layer, unit })),
    );
    const layers = this.#layers.map((nodes, layer) =>
      make(
        'div',
        { class: 'column', role: 'group', 'aria-label': `Hidden layer ${layer + 1}` },
        this.#unitButtons(layer, nodes.length),
        ...nodes.map(({ button }) => button),
      ),
    );
    const canvas = make('canvas', {});
    this.#output = { button: make('span', { class: 'unit' }, canvas), canvas };
    const end = make(
      'div',
      { class: 'column end' },
      make('p', { class: 'over' }, 'Output'),
      this.#output.button,
    );
    this.#columns.replaceChildren(inputs, ...layers, end);
    this.restyle();
    if (focused) this.#root.querySelector<HTMLElement>(`[data-key="${focused}"]`)?.focus();
  }

  /** In the colours of now. */
  restyle(): void {
    const grid = gridOf(UNIT_SIDE, EXTENT);
    for (const [name, { canvas }] of this.#features) {
      const values = Array.from({ length: UNIT_SIDE ** 2 }, (_, i) =>
        features[name].of(grid[2 * i], grid[2 * i + 1]),
      );
      paint(canvas, values, Math.max(...values.map(Math.abs)));
    }
    if (this.#last) this.draw(this.#last);
  }

  draw(snapshot: Snapshot): void {
    this.#last = snapshot;
    const fields = UNIT_SIDE ** 2;
    for (const [layer, nodes] of this.#layers.entries()) {
      for (const [unit, { canvas }] of nodes.entries()) {
        paint(canvas, snapshot.maps[layer].subarray(unit * fields, (unit + 1) * fields), 127);
      }
    }
    if (this.#output) paint(this.#output.canvas, snapshot.output);
    this.#drawLinks();
  }

  #featureNode(name: FeatureName): Node {
    const canvas = make('canvas', {});
    const pressed = this.#shape.features.includes(name);
    const { label, spoken } = features[name];
    const button = make(
      'button',
      {
        type: 'button',
        class: 'unit feature',
        'aria-pressed': String(pressed),
        'aria-label': `${label}: feature ${spoken}`,
        'data-key': name,
      },
      make('span', { 'aria-hidden': 'true' }, label),
      canvas,
    );
    button.addEventListener('click', () => {
      const { features: chosen } = this.#shape;
      const others = featureNames.filter((one) => (one === name ? !pressed : chosen.includes(one)));
      // A network without any input learns nothing.
      if (others.length > 0) this.#events.change({ features: others });
    });
    return { button, canvas };
  }

  #unitNode(place: UnitPlace): Node {
    const canvas = make('canvas', {});
    const label = `Unit ${place.unit + 1} of layer ${place.layer + 1}: show it large`;
    const button = make(
      'button',
      { type: 'button', class: 'unit', 'aria-label': label, 'aria-pressed': 'false' },
      canvas,
    );
    button.addEventListener('click', () => this.#look(this.#looked === button ? undefined : button, place));
    return { button, canvas };
  }

  #look(button: HTMLElement | undefined, place: UnitPlace): void {
    this.#looked?.setAttribute('aria-pressed', 'false');
    this.#looked = button;
    button?.setAttribute('aria-pressed', 'true');
    this.#events.look(button && place);
  }

  #unitButtons(layer: number, units: number): HTMLElement {
    const change = (by: number) => () => {
      const layers = [...this.#shape.layers];
      layers[layer] += by;
      this.#events.change({ layers });
    };
    const sign = (text: string, label: string, by: number, disabled: boolean) => {
      const button = make(
        'button',
        { type: 'button', class: 'small', 'aria-label': label, disabled, 'data-key': `${layer}${text}` },
        text,
      );
      button.addEventListener('click', change(by));
      return button;
    };
    const of = `unit in layer ${layer + 1}`;
    return make(
      'div',
      { class: 'over count' },
      sign('+', `One more ${of}`, 1, units >= MAX_UNITS),
      make('span', {}, String(units)),
      sign('−', `One less ${of}`, -1, units <= 1),
    );
  }

  /** Lines from unit to unit; drawn anew whenever weights or places change. */
  #drawLinks(): void {
    const box = this.#columns.getBoundingClientRect();
    const zoom = Math.min(2, devicePixelRatio);
    const [width, height] = [Math.round(box.width * zoom), Math.round(box.height * zoom)];
    if (width === 0) return;
    if (this.#links.width !== width || this.#links.height !== height)
      Object.assign(this.#links, { width, height });
    const context = this.#links.getContext('2d')!;
    context.setTransform(zoom, 0, 0, zoom, 0, 0);
    context.clearRect(0, 0, box.width, box.height);
    const { features: chosen } = this.#shape;
    const columns = [
      chosen.map((name) => this.#features.get(name)!),
      ...this.#layers,
      this.#output ? [this.#output] : [],
    ];
    const places = columns.map((nodes) =>
      nodes.map(({ canvas }) => {
        const { left, right, top, bottom } = canvas.getBoundingClientRect();
        return { left: left - box.left, right: right - box.left, y: (top + bottom) / 2 - box.top };
      }),
    );
    for (let to = 1; to < places.length; to++) {
      const weights = this.#last?.weights[to - 1];
      const units = places[to].length;
      for (const [i, start] of places[to - 1].entries()) {
        for (const [j, end] of places[to].entries()) {
          const weight = weights?.[i * units + j] ?? 0;
          const [red, green, blue] = weight > 0 ? POSITIVE : NEGATIVE;
          const size = Math.abs(weight);
          context.strokeStyle = `rgb(${red} ${green} ${blue} / ${Math.min(0.85, 0.12 + size / 2.5)})`;
          context.lineWidth = Math.min(WIDEST, 0.4 + WIDTH * size);
          const middle = (start.right + end.left) / 2;
          context.beginPath();
          context.moveTo(start.right, start.y);
          context.bezierCurveTo(middle, start.y, middle, end.y, end.left, end.y);
          context.stroke();
        }
      }
    }
  }
}
