/** What can be chosen in the playground, and its form in the address. */
import type { Activation } from 'lanegrad';
import { type FeatureName, featureNames } from './features.js';
import { type SetName, setNames } from './points.js';

export interface Settings {
  readonly data: SetName;
  /** Shares from 0 to 1. */
  readonly noise: number;
  readonly share: number;
  readonly features: readonly FeatureName[];
  /** Units of the hidden layers. */
  readonly layers: readonly number[];
  readonly activation: Activation | 'none';
  readonly optimizer: OptimizerName;
  readonly rate: number;
  readonly batch: number;
  readonly l1: number;
  readonly l2: number;
  readonly dropout: number;
  readonly seed: number;
  /** Steps for each picture; 0 for as many as there is time for. */
  readonly speed: number;
}

export type OptimizerName = 'sgd' | 'momentum' | 'adam' | 'rmsprop';

export const MAX_LAYERS = 5;
export const MAX_UNITS = 8;

export const defaults: Settings = {
  data: 'spiral',
  noise: 0,
  share: 0.5,
  features: ['x', 'y'],
  layers: [8, 8, 6],
  activation: 'tanh',
  optimizer: 'adam',
  rate: 0.003,
  batch: 10,
  l1: 0,
  l2: 0,
  dropout: 0,
  seed: 1,
  speed: 100,
};

/** What the fields offer, as they are written. */
export const choices = {
  activation: [
    ['tanh', 'tanh'],
    ['relu', 'ReLU'],
    ['sigmoid', 'sigmoid'],
    ['gelu', 'GELU'],
    ['silu', 'SiLU'],
    ['none', 'none (linear)'],
  ],
  optimizer: [
    ['sgd', 'SGD'],
    ['momentum', 'SGD, momentum'],
    ['adam', 'Adam'],
    ['rmsprop', 'RMSprop'],
  ],
  rate: numbers(0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1),
  batch: numbers(1, 5, 10, 20, 50, 100),
  l1: numbers(0, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1),
  l2: numbers(0, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1),
  dropout: numbers(0, 0.1, 0.2, 0.3, 0.5),
  speed: [
    ['1', '1 step a picture'],
    ['5', '5 steps a picture'],
    ['25', '25 steps a picture'],
    ['100', '100 steps a picture'],
    ['500', '500 steps a picture'],
    ['0', 'as fast as it goes'],
  ],
} as const satisfies Partial<Record<keyof Settings, readonly (readonly [string, string])[]>>;

export type ChoiceName = keyof typeof choices;

/** Noise and share are sliders. */
export const ranges = {
  noise: { min: 0, max: 0.5, step: 0.05 },
  share: { min: 0.1, max: 0.9, step: 0.1 },
} as const;

/** A rate that suits each optimizer, when another one is chosen. */
export const suitedRates: Readonly<Record<OptimizerName, number>> = {
  sgd: 0.1,
  momentum: 0.03,
  adam: 0.003,
  rmsprop: 0.001,
};

function numbers(...values: readonly number[]): (readonly [string, string])[] {
  return values.map((value) => [String(value), String(value)]);
}

/** What an address makes no sense of is as usual. */
export function readSettings(query: URLSearchParams): Settings {
  const choose = <T extends string>(key: string, among: readonly T[], usual: T): T =>
    among.find((one) => one === query.get(key)) ?? usual;
  const chosen = (key: ChoiceName) =>
    choose(
      key,
      choices[key].map(([value]) => value),
      String(defaults[key]),
    );
  const within = (key: keyof typeof ranges) => {
    const { min, max } = ranges[key];
    const text = query.get(key);
    const value = Number(text);
    return text !== null && value >= min && value <= max ? value : defaults[key];
  };
  const seed = Number(query.get('seed') ?? defaults.seed);
  const named = (query.get('features') ?? '').split(',');
  const features = featureNames.filter((name) => named.includes(name));
  return {
    data: choose('data', setNames, defaults.data),
    noise: within('noise'),
    share: within('share'),
    features: features.length > 0 ? features : defaults.features,
    layers: readLayers(query.get('layers')) ?? defaults.layers,
    activation: chosen('activation') as Settings['activation'],
    optimizer: chosen('optimizer') as OptimizerName,
    rate: Number(chosen('rate')),
    batch: Number(chosen('batch')),
    l1: Number(chosen('l1')),
    l2: Number(chosen('l2')),
    dropout: Number(chosen('dropout')),
    seed: Number.isInteger(seed) && seed >= 0 && seed < 1e6 ? seed : defaults.seed,
    speed: Number(chosen('speed')),
  };
}

/** `8-8-4`; `none` for a network without hidden layers. */
function readLayers(text: string | null): number[] | undefined {
  if (text === 'none') return [];
  const units = (text ?? '').split('-').map(Number);
  const fits =
    units.length <= MAX_LAYERS && units.every((n) => Number.isInteger(n) && n >= 1 && n <= MAX_UNITS);
  return fits ? units : undefined;
}

/** What is as usual is left out. */
export function writeSettings(settings: Settings): URLSearchParams {
  const query = new URLSearchParams();
  for (const key of Object.keys(defaults) as (keyof Settings)[]) {
    const [text, usual] = [textOf(settings, key), textOf(defaults, key)];
    if (text !== usual) query.set(key, text);
  }
  return query;
}

function textOf(settings: Settings, key: keyof Settings): string {
  if (key === 'layers') return settings.layers.join('-') || 'none';
  const value = settings[key];
  return typeof value === 'object' ? value.join(',') : String(value);
}
