/**
 * What a study is: all that its trials follow from, as JSON. Two sweeps with the same definition have the same
 * trials, however many run at a time and wherever.
 */
import { isPlainObject } from '../base/arrays.js';
import { OptionError, show } from '../base/errors.js';
import { canonicalJson } from '../base/json.js';
import { isText, OptionReader } from '../base/options.js';
import { type Pruner, type PrunerOptions, readPruner } from './pruners/named.js';
import { readSampler, type SamplerOptions } from './samplers/named.js';
import type { Sampler } from './samplers/sampler.js';
import { Space, type SpaceOptions } from './space.js';
import type { Direction } from './trial.js';

/** What of a sweep decides on its trials. */
export interface DefinitionOptions {
  /** What each setting may be, by its name. */
  readonly space: SpaceOptions;
  /** `minimize` by default; of a training as its metric says. One for each objective where there are several. */
  readonly direction?: Direction | readonly Direction[];
  /** How settings are chosen; `tpe` by default. */
  readonly sampler?: SamplerOptions;
  /** By what trials are stopped early; `none` by default. */
  readonly pruner?: PrunerOptions;
  /** 1 by default. */
  readonly seed?: number;
  /**
   * Trials that may be under way at a time, where one follows from the results of others; 4 by default. Trial n knows
   * the results of the first n + 1 - lag, whoever else has ended: so more workers change nothing, and of more than
   * this some wait.
   */
  readonly lag?: number;
}

/** As it stands in the journal. */
export interface DefinitionJson {
  readonly space: SpaceOptions;
  readonly directions: readonly Direction[];
  readonly sampler: object;
  readonly pruner: object;
  readonly seed: number;
  readonly lag: number;
  /** What the objective is, as far as that can be written down. */
  readonly objective?: object;
  /** A digest of what is trained on. */
  readonly data?: string;
}

export interface Definition {
  readonly json: DefinitionJson;
  readonly space: Space;
  readonly directions: readonly Direction[];
  readonly sampler: Sampler;
  readonly pruner: Pruner;
  readonly seed: number;
}

export const DEFAULT_LAG = 4;
const MOST_OBJECTIVES = 16;

/** What the objective contributes. */
export interface ObjectiveFacts {
  readonly objective?: object;
  readonly data?: string;
  /** Which way is better when nothing is said. */
  readonly direction?: Direction;
  /** The last step that a trial reports, where it is known. */
  readonly most?: number;
}

/** Throws OptionError for what contradicts itself. */
export function readDefinition(where: string, reader: OptionReader, facts: ObjectiveFacts = {}): Definition {
  const given = reader.required('space', 'an object with settings by name');
  const space = Space.read(where, given);
  const directions = readDirections(where, reader.any('direction') ?? facts.direction ?? 'minimize');
  const { config: sampler, make: makeSampler } = readSampler(where, reader.any('sampler') ?? 'tpe');
  const { config: pruner, make: makePruner } = readPruner(where, reader.any('pruner') ?? 'none');
  const seed = reader.integer('seed', { min: 0 }, 1);
  const lag = reader.integer('lag', { min: 1, max: 10_000 }, DEFAULT_LAG);
  if (directions.length > 1 && pruner.kind !== 'none') {
    throw new OptionError(where, 'pruner: expected none where there are several objectives');
  }
  if (sampler.kind === 'pbt' && (directions.length > 1 || pruner.kind !== 'none')) {
    throw new OptionError(
      where,
      'sampler: pbt stops the worst itself; expected one objective, and no pruner besides',
    );
  }
  const [direction] = directions;
  return {
    json: {
      space: JSON.parse(JSON.stringify(given)) as SpaceOptions,
      ...{ directions, sampler, pruner, seed, lag },
      ...(facts.objective && { objective: facts.objective }),
      ...(facts.data !== undefined && { data: facts.data }),
    },
    ...{ space, directions, seed },
    sampler: makeSampler({ space, seed, directions, lag, most: facts.most }),
    pruner: makePruner({ direction, lag, most: facts.most }),
  };
}

/** As it was written by `readDefinition`. Throws OptionError for what it never writes. */
export function readDefinitionJson(where: string, given: unknown): DefinitionJson {
  const reader = new OptionReader(where, given);
  Space.read(where, reader.required('space', 'an object with settings by name'));
  readDirections(where, reader.any('directions'));
  readSampler(where, reader.any('sampler'));
  readPruner(where, reader.any('pruner'));
  reader.integer('seed', { min: 0 }, 1);
  reader.integer('lag', { min: 1, max: 10_000 }, DEFAULT_LAG);
  reader.optional('objective', 'an object', isPlainObject);
  reader.optional('data', 'a digest', isText);
  return given as DefinitionJson;
}

function readDirections(where: string, given: unknown): readonly Direction[] {
  const all: unknown[] = Array.isArray(given) ? given : [given];
  const isDirection = (value: unknown): value is Direction => value === 'minimize' || value === 'maximize';
  if (all.length === 0 || all.length > MOST_OBJECTIVES || !all.every(isDirection)) {
    throw new OptionError(
      where,
      `direction: expected minimize or maximize, or a list of them, given ${show(given)}`,
    );
  }
  return all;
}

/** Throws OptionError that names what differs from the study that is there. */
export function checkSame(path: string, kept: unknown, now: DefinitionJson): void {
  const before = (kept ?? {}) as Readonly<Record<string, unknown>>;
  const here = JSON.parse(JSON.stringify(now)) as Readonly<Record<string, unknown>>;
  const keys = new Set([...Object.keys(before), ...Object.keys(here)]);
  const different = [...keys].filter(
    (key) => canonicalJson(before[key] ?? null) !== canonicalJson(here[key] ?? null),
  );
  if (different.length === 0) return;
  throw new OptionError(
    path,
    `the study there has another ${different.join(', ')}; expected the same, or another folder`,
  );
}
