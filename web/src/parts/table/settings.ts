/** What of a table's training is in a link: no data, but the example if it is one, and what was chosen. */
import type { ColumnType, Task } from 'lanegrad/tables';
import type { TrainSettings } from './protocol.js';

export interface TableLink {
  readonly example: string | undefined;
  readonly target: string | undefined;
  readonly task: Task | undefined;
  readonly types: Readonly<Record<string, ColumnType>>;
  /** Those that are not as they suit the table. */
  readonly train: Partial<TrainSettings>;
}

const TYPES: readonly ColumnType[] = ['number', 'category', 'boolean', 'date', 'drop'];
const NUMBERS = ['dropout', 'rate', 'batch', 'epochs', 'seed'] as const;

export function readLink(query: URLSearchParams): TableLink {
  const task = query.get('task');
  const types: Record<string, ColumnType> = {};
  for (const text of query.getAll('type')) {
    const cut = text.lastIndexOf('=');
    const type = TYPES.find((one) => one === text.slice(cut + 1));
    if (cut > 0 && type) types[text.slice(0, cut)] = type;
  }
  const train: { -readonly [K in keyof TrainSettings]?: TrainSettings[K] } = {};
  const hidden = readHidden(query.get('hidden') ?? '');
  if (hidden) train.hidden = hidden;
  for (const key of NUMBERS) {
    const value = Number(query.get(key) ?? Number.NaN);
    if (Number.isFinite(value)) train[key] = value;
  }
  return {
    example: query.get('example') ?? undefined,
    target: query.get('target') ?? undefined,
    task: task === 'classification' || task === 'regression' ? task : undefined,
    types,
    train,
  };
}

export function writeLink({ example, target, task, types, train }: TableLink): URLSearchParams {
  const query = new URLSearchParams();
  if (example) query.set('example', example);
  if (target) query.set('target', target);
  if (task) query.set('task', task);
  for (const [name, type] of Object.entries(types)) query.append('type', `${name}=${type}`);
  if (train.hidden) query.set('hidden', train.hidden.join('-') || 'none');
  for (const key of NUMBERS) if (train[key] !== undefined) query.set(key, String(train[key]));
  return query;
}

/** `128-64`; undefined for what is no such text. */
export function readHidden(text: string): number[] | undefined {
  if (text === 'none') return [];
  const widths = text.split('-').map(Number);
  return widths.length <= 5 && widths.every((width) => Number.isInteger(width) && width > 0 && width < 10_000)
    ? widths
    : undefined;
}
