/** How the network of the visitor's images is made and trained, and its form in the address. */

export interface Settings {
  /** Of the first convolution; the next ones have twice and four times as many. */
  readonly filters: number;
  readonly epochs: number;
  readonly rate: number;
  readonly batch: number;
  readonly dropout: number;
  readonly seed: number;
  readonly mirror: boolean;
  readonly shift: boolean;
  readonly turn: boolean;
  readonly light: boolean;
}

export const defaults: Settings = {
  ...{ filters: 16, epochs: 60, rate: 0.003, batch: 16, dropout: 0.3, seed: 1 },
  ...{ mirror: true, shift: true, turn: true, light: true },
};

const ranges: Readonly<Partial<Record<keyof Settings, readonly [min: number, max: number]>>> = {
  filters: [4, 32],
  epochs: [1, 1000],
  rate: [0.00001, 1],
  batch: [1, 256],
  dropout: [0, 0.9],
  seed: [0, 999_999],
};

export interface Link extends Settings {
  readonly example: boolean;
  readonly classes: readonly string[];
}

export function readLink(query: URLSearchParams): Link {
  const settings: Record<string, number | boolean> = { ...defaults };
  for (const key of Object.keys(defaults) as (keyof Settings)[]) {
    const text = query.get(key);
    if (text === null) continue;
    const range = ranges[key];
    if (!range) settings[key] = text === 'true';
    else if (text !== '' && Number(text) >= range[0] && Number(text) <= range[1])
      settings[key] = Number(text);
  }
  const classes = query.getAll('class').filter((name) => name !== '');
  return { ...(settings as unknown as Settings), example: query.get('example') === 'shapes', classes };
}

export function writeLink({ example, classes, ...settings }: Link): URLSearchParams {
  const query = new URLSearchParams();
  if (example) query.set('example', 'shapes');
  else for (const name of classes) query.append('class', name);
  for (const key of Object.keys(defaults) as (keyof Settings)[]) {
    if (settings[key] !== defaults[key]) query.set(key, String(settings[key]));
  }
  return query;
}

/** Fills the form, or reads it; undefined while a field is out of its range, and the browser says which. */
export function writeForm(form: HTMLFormElement, settings: Settings): void {
  for (const key of Object.keys(defaults) as (keyof Settings)[]) {
    const field = form.elements.namedItem(key) as HTMLInputElement;
    if (typeof defaults[key] === 'boolean') field.checked = settings[key] as boolean;
    else field.value = String(settings[key]);
  }
}

export function readForm(form: HTMLFormElement): Settings | undefined {
  if (!form.reportValidity()) return undefined;
  const entries = (Object.keys(defaults) as (keyof Settings)[]).map((key) => {
    const field = form.elements.namedItem(key) as HTMLInputElement;
    return [key, typeof defaults[key] === 'boolean' ? field.checked : Number(field.value)];
  });
  return Object.fromEntries(entries) as Settings;
}
