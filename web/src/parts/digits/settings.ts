/** What can be chosen: read from the address, shown in the form, written back to the address. */
import type { Activation } from 'lanegrad';

export interface Settings {
  network: 'dense' | 'conv';
  /** Of the first convolution; the second has twice as many. */
  filters: number;
  hidden: number;
  /** Of a dense network; 0 for none. */
  second: number;
  activation: Activation;
  optimizer: string;
  rate: number;
  batch: number;
  epochs: number;
  data: 'small' | 'full';
}

export const defaults: Settings = {
  network: 'dense',
  filters: 8,
  hidden: 256,
  second: 0,
  activation: 'relu',
  optimizer: 'sgd',
  rate: 0.2,
  batch: 32,
  epochs: 10,
  data: 'small',
};

type Choices = readonly (readonly [value: string, label: string])[];

const numbers = (...values: number[]): Choices => values.map((value) => [String(value), String(value)]);

const choices: Partial<Record<keyof Settings, Choices>> = {
  network: [
    ['dense', 'dense layers'],
    ['conv', 'convolutions'],
  ],
  filters: numbers(4, 8, 16, 24, 32),
  hidden: numbers(16, 32, 64, 128, 256, 512),
  second: [['0', 'none'], ...numbers(32, 64, 128)],
  activation: [
    ['relu', 'ReLU'],
    ['sigmoid', 'sigmoid'],
    ['tanh', 'tanh'],
    ['gelu', 'GELU'],
    ['silu', 'SiLU'],
  ],
  optimizer: [
    ['sgd', 'SGD'],
    ['momentum', 'SGD, momentum'],
    ['adam', 'Adam'],
    ['rmsprop', 'RMSprop'],
  ],
  batch: numbers(16, 32, 64, 128, 256),
  data: [
    ['small', '10,000 × 5'],
    ['full', '60,000'],
  ],
};

const ranges: Partial<Record<keyof Settings, readonly [min: number, max: number]>> = {
  rate: [0.0001, 10],
  epochs: [1, 1000],
};

/** A rate that suits each optimizer: they differ by a factor of hundred. */
const usualRates: Readonly<Record<string, number>> = {
  sgd: 0.2,
  momentum: 0.02,
  adam: 0.001,
  rmsprop: 0.001,
};

/** What suits a network: convolutions leave less to the hidden units, and want smaller steps. */
const suited: Readonly<Record<Settings['network'], { hidden: number; slower: number }>> = {
  dense: { hidden: 256, slower: 1 },
  conv: { hidden: 64, slower: 2 },
};

/** Settings from an address: what is missing or makes no sense there is as usual. */
export function readSettings(query: URLSearchParams): Settings {
  const settings: Record<string, string | number> = { ...defaults };
  for (const [key, usual] of Object.entries(defaults) as [keyof Settings, string | number][]) {
    const text = query.get(key);
    if (text === null || !isAllowed(key, text)) continue;
    settings[key] = typeof usual === 'number' ? Number(text) : text;
  }
  return settings as unknown as Settings;
}

function isAllowed(key: keyof Settings, text: string): boolean {
  const list = choices[key];
  if (list) return list.some(([value]) => value === text);
  const [min, max] = ranges[key]!;
  const value = Number(text);
  return text.trim() !== '' && value >= min && value <= max && (key !== 'epochs' || Number.isInteger(value));
}

/** What of an address makes these settings; what is as usual is left out. */
export function writeSettings(settings: Settings): URLSearchParams {
  const query = new URLSearchParams();
  for (const key of Object.keys(defaults) as (keyof Settings)[]) {
    if (settings[key] !== defaults[key]) query.set(key, String(settings[key]));
  }
  return query;
}

type Field = HTMLSelectElement | HTMLInputElement;

/** The form and its settings. */
export class SettingsForm {
  readonly #form: HTMLFormElement;

  constructor(form: HTMLFormElement, settings: Settings) {
    this.#form = form;
    for (const [key, list] of Object.entries(choices)) {
      const select = this.#field(key as keyof Settings) as HTMLSelectElement;
      select.append(...list.map(([value, label]) => new Option(label, value)));
    }
    this.write(settings);
    form.addEventListener('change', ({ target }) => this.#suggest((target as Field).name));
  }

  write(settings: Settings): void {
    for (const [key, value] of Object.entries(settings)) {
      this.#field(key as keyof Settings).value = String(value);
    }
    this.#showFields();
  }

  /** Another network or optimizer brings along what suits it. */
  #suggest(changed: string): void {
    if (changed !== 'network' && changed !== 'optimizer') return;
    const network = this.#field('network').value as Settings['network'];
    const { hidden, slower } = suited[network];
    if (changed === 'network') this.#field('hidden').value = String(hidden);
    this.#field('rate').value = String(usualRates[this.#field('optimizer').value] / slower);
    this.#showFields();
  }

  /** Fields that only one kind of network has. */
  #showFields(): void {
    const isConv = this.#field('network').value === 'conv';
    this.#field('filters').closest('label')!.hidden = !isConv;
    this.#field('second').closest('label')!.hidden = isConv;
  }

  /** Undefined while a field is out of its range; the browser says which. */
  read(): Settings | undefined {
    if (!this.#form.reportValidity()) return undefined;
    const query = new URLSearchParams();
    for (const key of Object.keys(defaults) as (keyof Settings)[]) query.set(key, this.#field(key).value);
    return readSettings(query);
  }

  #field(key: keyof Settings): Field {
    return this.#form.elements.namedItem(key) as Field;
  }
}
