/** The playground: two-dimensional points, a network that one builds, and its learning as pictures. */
import './playground.css';
import { Curve } from '../../shared/charts.js';
import { onThemeChange } from '../../shared/colours.js';
import { count, fill, get, percent, say } from '../../shared/dom.js';
import { describeEngine, sayEngine } from '../../shared/engine.js';
import { copyLink, type Part, writeRoute } from '../../shared/route.js';
import { Diagram, type UnitPlace } from './diagram.js';
import { drawSets, field, fillFields, markup } from './markup.js';
import { drawPlane, drawPoints } from './plane.js';
import { Player } from './player.js';
import { isRegression, makePoints } from './points.js';
import { type Snapshot, UNIT_SIDE } from './protocol.js';
import {
  choices,
  MAX_LAYERS,
  type OptimizerName,
  ranges,
  readSettings,
  type Settings,
  suitedRates,
  writeSettings,
} from './settings.js';

/** Milliseconds between two points of the curves, and between two sentences for those who hear the page. */
const CURVE_INTERVAL = 60;
const SAY_INTERVAL = 5000;

export function open(root: HTMLElement): Part {
  fill(root, markup);
  fillFields(root);
  return new Playground(root);
}

class Playground implements Part {
  readonly #root: HTMLElement;
  readonly #player = new Player(
    (snapshot) => this.#show(snapshot),
    (message) => this.#fail(message),
  );
  readonly #diagram: Diagram;
  readonly #curve: Curve;
  #settings!: Settings;
  #points!: ReturnType<typeof makePoints>;
  #snapshot: Snapshot | undefined;
  #looked: UnitPlace | undefined;
  #curved = 0;
  #said = 0;
  #resume = false;
  #used: string | undefined;

  constructor(root: HTMLElement) {
    this.#root = root;
    this.#diagram = new Diagram(get('pg-diagram'), {
      change: (change) => this.#change({ ...this.#settings, ...change }),
      look: (place) => {
        this.#looked = place;
        this.#drawPlane();
      },
    });
    const range = (_: number, max: number): [number, number] => [
      0,
      Math.min(Math.max(max, 0.02), 1.2) * 1.05,
    ];
    this.#curve = new Curve(get('pg-chart'), range, (value) => String(Number(value.toFixed(3))), false);
    this.#listen();
    onThemeChange(() => {
      drawSets(root);
      this.#diagram.restyle();
      this.#drawPlane();
    });
    drawSets(root);
  }

  show(query: URLSearchParams): void {
    // The first time, or by another link.
    if (query.toString() !== this.#used) this.#change(readSettings(query));
    else if (this.#resume) this.#play();
    this.#resume = false;
  }

  hide(): void {
    this.#resume = this.#player.playing;
    this.#pause();
  }

  #listen(): void {
    const on = (id: string, run: () => void) => get(id).addEventListener('click', run);
    on('pg-play', () => (this.#player.playing ? this.#pause() : this.#play()));
    on('pg-step', () => {
      this.#pause();
      this.#player.step();
    });
    on('pg-reset', () => this.#change({ ...this.#settings }));
    on('pg-again', () => this.#change({ ...this.#settings, seed: (this.#settings.seed + 1) % 1e6 }));
    on('pg-deeper', () => this.#change({ ...this.#settings, layers: [...this.#settings.layers, 4] }));
    on('pg-flatter', () => this.#change({ ...this.#settings, layers: this.#settings.layers.slice(0, -1) }));
    on('pg-share', async () => {
      say(
        'pg-share-status',
        await copyLink('playground', writeSettings(this.#settings), '; points and weights follow from them'),
      );
    });
    for (const id of ['pg-test', 'pg-discrete']) get(id).addEventListener('change', () => this.#drawPlane());
    for (const form of this.#root.querySelectorAll('form')) {
      form.addEventListener('submit', (event) => event.preventDefault());
    }
    this.#root.addEventListener('change', ({ target }) => {
      const { name, value } = target as HTMLInputElement;
      if (name) this.#choose(name as keyof Settings, value);
    });
    this.#root.addEventListener('input', ({ target }) => {
      const { name } = target as HTMLInputElement;
      if (name === 'noise' || name === 'share') this.#sayRanges();
    });
  }

  /** A field was changed. */
  #choose(name: keyof Settings, value: string): void {
    const query = writeSettings(this.#settings);
    query.set(name, value);
    if (name === 'optimizer') query.set('rate', String(suitedRates[value as OptimizerName]));
    const settings = readSettings(query);
    if (name === 'speed' || name === 'rate') {
      // Neither needs another network.
      this.#settings = settings;
      this.#player.speed = settings.speed;
      this.#player.rate = settings.rate;
      this.#remember();
    } else {
      this.#change(settings);
    }
  }

  /** Begins anew with these settings. */
  #change(settings: Settings): void {
    this.#settings = settings;
    this.#points = makePoints(settings.data, settings);
    this.#snapshot = undefined;
    this.#looked = undefined;
    this.#curve.clear();
    this.#fill();
    this.#diagram.build(settings);
    this.#player.speed = settings.speed;
    this.#player.begin({ settings, ...this.#points, regression: isRegression(settings.data) });
    this.#remember();
    say('pg-plane-title', 'What it predicts');
  }

  #remember(): void {
    const query = writeSettings(this.#settings);
    this.#used = query.toString();
    writeRoute('playground', query);
  }

  /** The fields as the settings are. */
  #fill(): void {
    const { layers, data } = this.#settings;
    const names = [...Object.keys(ranges), ...Object.keys(choices), 'seed'] as (keyof Settings)[];
    for (const name of names) {
      field(this.#root, name).value = String(this.#settings[name]);
    }
    this.#root.querySelector<HTMLInputElement>(`[name=data][value=${data}]`)!.checked = true;
    this.#sayRanges();
    say('pg-depth', layers.length === 1 ? '1 hidden layer' : `${layers.length || 'No'} hidden layers`);
    get<HTMLButtonElement>('pg-deeper').disabled = layers.length >= MAX_LAYERS;
    get<HTMLButtonElement>('pg-flatter').disabled = layers.length === 0;
    const regression = isRegression(data);
    say('pg-low', regression ? '■ −1' : '■ 0');
    say('pg-right-name', regression ? 'Root of the test loss' : 'Test points right');
  }

  #sayRanges(): void {
    for (const name of ['noise', 'share'] as const) {
      say(`pg-${name}-shown`, percent(Number(field(this.#root, name).value), 0));
    }
  }

  #play(): void {
    this.#player.play();
    say('pg-play', 'Pause');
    say('pg-status', 'It learns.');
    this.#said = performance.now();
  }

  #pause(): void {
    if (!this.#player.playing) return;
    this.#player.pause();
    say('pg-play', 'Play');
    this.#sayState('Paused. ');
  }

  #fail(message: string): void {
    say('pg-play', 'Play');
    say('pg-status', `It stopped: ${message}`);
    if (!this.#snapshot) sayEngine('playground', 'not available');
  }

  #sayState(before = ''): void {
    if (!this.#snapshot) return;
    const { step, testLoss, testAccuracy } = this.#snapshot;
    const right = Number.isNaN(testAccuracy) ? '' : `, ${percent(testAccuracy)} of the test points right`;
    say('pg-status', `${before}Step ${count(step)}: test loss ${testLoss.toFixed(3)}${right}.`);
    this.#said = performance.now();
  }

  #show(snapshot: Snapshot): void {
    const first = !this.#snapshot;
    this.#snapshot = snapshot;
    if (first) {
      for (const id of ['pg-play', 'pg-step', 'pg-reset']) get<HTMLButtonElement>(id).disabled = false;
      sayEngine('playground', describeEngine(snapshot.info));
      say('pg-status', this.#player.playing ? 'It learns.' : 'Ready.');
    }
    const { step, epoch, trainLoss, testLoss, testAccuracy } = snapshot;
    say('pg-steps', count(step));
    say('pg-epochs', count(epoch));
    say('pg-test-loss', testLoss.toFixed(4));
    say('pg-train-loss', trainLoss.toFixed(4));
    say('pg-right', Number.isNaN(testAccuracy) ? Math.sqrt(testLoss).toFixed(4) : percent(testAccuracy));
    const { pace } = this.#player;
    if (step === 0) for (const id of ['pg-speed', 'pg-time']) say(id, '–');
    if (pace && this.#player.playing) {
      say('pg-speed', count(pace.stepsPerSecond));
      say('pg-time', `${pace.microseconds.toFixed(1)} µs`);
    }
    const now = performance.now();
    if (now - this.#curved >= CURVE_INTERVAL || !this.#player.playing) {
      this.#curved = now;
      this.#curve.add(step, trainLoss, testLoss);
      this.#curve.thin(600);
    }
    if (this.#player.playing ? now - this.#said > SAY_INTERVAL : !first) {
      // What was asked for before a pause comes after it.
      this.#sayState(this.#player.playing ? '' : 'Paused. ');
    }
    this.#diagram.draw(snapshot);
    this.#drawPlane();
  }

  /** The large picture: the output, or the unit that one looks at. */
  #drawPlane(): void {
    if (!this.#snapshot) return;
    const regression = isRegression(this.#settings.data);
    const checked = (id: string) => get<HTMLInputElement>(id).checked;
    const fields = UNIT_SIDE ** 2;
    const place = this.#looked;
    const map = place && this.#snapshot.maps[place.layer];
    const values = map ? map.subarray(place.unit * fields, (place.unit + 1) * fields) : this.#snapshot.output;
    say('pg-plane-title', place ? `Unit ${place.unit + 1} of layer ${place.layer + 1}` : 'What it predicts');
    drawPlane(get('pg-plane'), values, map ? 127 : 1, {
      discrete: checked('pg-discrete'),
      points: (context) => {
        const radius = context.canvas.width / 90;
        if (checked('pg-test')) drawPoints(context, this.#points.test, { radius, regression, hollow: true });
        drawPoints(context, this.#points.train, { radius, regression });
      },
    });
  }
}
