/** The settings of a training as the command line that trains so. */
import { flagOf, type Setting } from '../base/settings.js';
import { shellWord } from '../base/shell.js';
import { runOptions } from '../run/options.js';
import { tableOptions } from '../tables/options.js';
import type { DefinitionJson } from './definition.js';
import type { TrainingObjective } from './objective/train.js';
import { lineageOf } from './population.js';
import type { TrialSettings } from './space.js';
import type { Trial } from './trial.js';

const table: Readonly<Record<string, Setting>> = { ...runOptions, ...tableOptions };

/** `lanegrad train mnist --hidden 64 --learning-rate 0.1 --math strict`, for a shell: the trial's bits again. */
export function commandOf({ data, settings = {} }: TrainingObjective, trial: TrialSettings): string {
  const all = Object.entries({ ...settings, ...trial }).flatMap(([key, value]) => flagsOf(key, value));
  return ['lanegrad', 'train', data, ...all, '--math', 'strict'].map(shellWord).join(' ');
}

/** What a study trains; undefined where it tries something else. */
export function trainingOf({ objective }: Pick<DefinitionJson, 'objective'>): TrainingObjective | undefined {
  return typeof (objective as { data?: unknown } | undefined)?.data === 'string'
    ? (objective as TrainingObjective)
    : undefined;
}

/** The command that comes to a trial's weights again; undefined where no single training does. */
export function commandOfTrial(
  definition: Pick<DefinitionJson, 'objective'>,
  trial: Trial,
): string | undefined {
  // What led to a member of a population is no single training, and the first generation ends early.
  const training = lineageOf(trial) ? undefined : trainingOf(definition);
  return training && commandOf(training, trial.settings);
}

function flagsOf(key: string, value: unknown): string[] {
  const flag = flagOf(key);
  if (key === 'earlyStopping') return earlyStoppingFlags(flag, value);
  if (value === true) return table[key]?.fallback === true ? [] : [flag];
  if (value === false) {
    const { fallback, negated } = table[key] ?? {};
    return fallback === true || negated !== undefined ? [flag.replace(/^--/, '--no-')] : [];
  }
  return [flag, wordOf(key, value)];
}

function earlyStoppingFlags(flag: string, value: unknown): string[] {
  const { patience, monitor } = (value ?? {}) as { patience?: number; monitor?: string };
  const words = patience === undefined ? [flag] : [flag, plain(patience)];
  return monitor === undefined ? words : [...words, '--monitor', plain(monitor)];
}

/** As the command line's own readers take it. */
function wordOf(key: string, value: unknown): string {
  if (key === 'imageSize' && Array.isArray(value)) return value.map(plain).join('x');
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(plain).join(',');
  if (typeof value !== 'object' || value === null) return String(value);
  if (key === 'augment') {
    const parts = Object.entries(value).filter(([, own]) => own !== false);
    return parts
      .map(([name, own]) => (own === true ? name : `${name} ${[own].flat().map(plain).join(' ')}`))
      .join(', ');
  }
  const { kind, ...options } = value as Record<string, unknown>;
  const pairs = Object.entries(options).map(([name, own]) => `${name}=${[own].flat().map(plain).join('/')}`);
  return pairs.length === 0 ? plain(kind) : `${plain(kind)}:${pairs.join(',')}`;
}

/** An object that stands in a journal where none should may have no text of its own. */
function plain(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
