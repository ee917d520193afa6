/**
 * `--config`: what a file says of a training, beneath what the command line says. The file is the `config.json`
 * of a run, or has options under their names: `{ "data": "iris.csv", "target": "species", "epochs": 50 }`.
 */
import { join } from 'node:path';
import type { Command } from 'commander';
import { FormatError, OptionError } from '../base/errors.js';
import { readFileBytes } from '../base/files/atomic.js';
import { isFolder } from '../base/files/folders.js';
import { type Kind, readSettingValues, type Setting, type SettingsTable } from '../base/settings.js';
import type { EngineInfo } from '../engine/engine.js';
import { runOptions } from '../run/options.js';
import type { Preset } from '../run/presets.js';
import { readSettings } from '../run/settings.js';
import { engineTable } from './arguments.js';
import { type TrainOptions, trainTable } from './train-options.js';

/** What a file says. */
interface Configuration {
  readonly source: string | undefined;
  /** Of the run: what is said on the command line, and a preset that is, count with and against it. */
  readonly configured: Preset;
  /** Whether that is all there is to say, and no preset is beneath it. */
  readonly isResolved: boolean;
  /** All else, as the command line would give it. */
  readonly options: Readonly<Record<string, unknown>>;
}

const { resume: _, config: __, ...trainKeys } = trainTable;

/** All that a file may say under the names of options. */
const fileTable: SettingsTable = Object.fromEntries(
  Object.entries<Setting>({ ...trainKeys, ...engineTable }).map(([key, setting]) => [
    key,
    { ...setting, kind: withWords(setting) },
  ]),
);

/** The data and the options of a training, completed by those of the file that `--config` names. */
export async function withConfig(
  given: string | undefined,
  options: TrainOptions,
  command: Command,
): Promise<[data: string | undefined, options: TrainOptions]> {
  const { config: path, resume } = options;
  // A run that goes on has settings of its own, and says so.
  if (path === undefined || resume !== undefined) return [given, options];
  const { source, configured, isResolved, options: others } = await read(path);
  const isSaid = (key: string) => command.getOptionValueSource(key) === 'cli';
  if (isResolved && isSaid('preset')) {
    throw new OptionError('--preset', `${path} is of a run, and holds all settings; expected none besides`);
  }
  // By these the rows are read and dealt out, before there are settings.
  const { seed, full, memory, spillFolder } = configured;
  const unsaid = Object.fromEntries(
    Object.entries({ ...others, seed, full, memory, spillFolder }).filter(
      ([key, value]) => value !== undefined && !isSaid(key),
    ),
  );
  // What is true unless said otherwise would count as said.
  const defaults = Object.keys(configured).filter((key) => !isSaid(key));
  const said = Object.fromEntries(Object.entries(options).filter(([key]) => !defaults.includes(key)));
  return [
    given ?? source,
    { ...said, ...unsaid, configured: { settings: configured, isResolved } } as TrainOptions,
  ];
}

async function read(given: string): Promise<Configuration> {
  const path = (await isFolder(given)) ? join(given, 'config.json') : given;
  const bytes = await readFileBytes(path);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new FormatError(path, `not JSON: ${(cause as Error).message}`, { cause });
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new FormatError(path, 'expected an object of options, or the config.json of a run');
  }
  return Object.hasOwn(json, 'settings')
    ? ofRun(json as Record<string, unknown>, path)
    : ofOptions(json, path);
}

function ofOptions(json: object, path: string): Configuration {
  const { data } = json as { data?: unknown };
  if (data !== undefined && (typeof data !== 'string' || data === '')) {
    throw new OptionError(path, 'option data: expected a text such as iris.csv');
  }
  const values: Record<string, unknown> = readSettingValues(path, fileTable, json, ['data']);
  // One that is to be found is none yet, and what a preset says of the others is not affected.
  const isOfRun = (key: string) => Object.hasOwn(runOptions, key) && values[key] !== 'find';
  const entries = Object.entries(values);
  return {
    source: data,
    configured: Object.fromEntries(entries.filter(([key]) => isOfRun(key))),
    isResolved: false,
    options: Object.fromEntries(entries.filter(([key]) => !isOfRun(key))),
  };
}

function ofRun(json: Readonly<Record<string, unknown>>, path: string): Configuration {
  const { source, table, checkpoint, ...configured } = readSettings(json, path);
  const { keepLast, keepBest, monitor, ...every } = checkpoint ?? {};
  const { backend, math } = (json.engine ?? {}) as Partial<EngineInfo>;
  return {
    source,
    configured,
    isResolved: true,
    options: {
      ...table,
      checkpointEvery: checkpoint ? every : 'never',
      ...(keepLast !== undefined && { keepLast }),
      ...(keepBest !== undefined && { keepBest }),
      ...(monitor !== undefined && { monitor }),
      // What computed: the same settings give the same bits by that only.
      ...(backend !== undefined && { backend }),
      ...(math !== undefined && { math: backend === 'reference' ? 'auto' : math }),
    },
  };
}

/**
 * A kind that reads the words too which an option takes besides values, and true for one that needs no
 * value.
 */
function withWords({ kind, words = [] }: Setting): Kind<unknown> {
  const isOptional = kind.placeholder?.startsWith('[') === true;
  const read = (json: unknown) =>
    words.includes(json as string) || (isOptional && json === true) ? json : kind.read(json);
  return { ...kind, read };
}
