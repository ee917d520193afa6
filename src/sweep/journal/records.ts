/**
 * A study's journal in the format of Optuna's journal storage (optuna.storages.JournalFileStorage of Optuna 3.1): one
 * record a line, of ten kinds. Here is how records are made, and the study that they come to.
 *
 * What lanegrad alone knows stands in attributes: the study's own definition under `lanegrad`, why a trial failed
 * under `reason`. Choices that are lists or objects are written as their JSON, for which Optuna has no other form.
 */
import { isPlainObject } from '../../base/arrays.js';
import { FormatError, show } from '../../base/errors.js';
import {
  type Dimension,
  indexOf,
  type SettingValue,
  type Space,
  type TrialSettings,
  valueAt,
} from '../space.js';
import type { Direction, Trial, TrialReport, TrialState } from '../trial.js';

/** The kinds of records, by Optuna's numbers. */
const codes = {
  createStudy: 0,
  deleteStudy: 1,
  studyAttribute: 2,
  studySystemAttribute: 3,
  createTrial: 4,
  trialSetting: 5,
  trialState: 6,
  report: 7,
  trialAttribute: 8,
  trialSystemAttribute: 9,
} as const;

/** By Optuna's numbers. */
const states: readonly TrialState[] = ['running', 'complete', 'pruned', 'failed', 'waiting'];
const directionNames: readonly (Direction | undefined)[] = [undefined, 'minimize', 'maximize'];

/** The only study of a journal. */
const STUDY = 0;
/** The study's attribute that holds its definition, and the trial's that says why it failed. */
const DEFINITION = 'lanegrad';
const REASON = 'reason';
/** The study's attribute that says how many trials there are to be. */
const TRIALS = 'trials';

/** Those of a study are kept in memory. */
export const MOST_TRIALS = 1_000_000;

/** Makes records; `worker` says which process writes them. */
export class RecordMaker {
  readonly #worker: string;
  readonly #space: Space;

  constructor(worker: string, space: Space) {
    this.#worker = worker;
    this.#space = space;
  }

  study(name: string, directions: readonly Direction[], definition: object): object[] {
    const numbers = directions.map((direction) => directionNames.indexOf(direction));
    return [
      this.#record(codes.createStudy, { study_name: name, directions: numbers }),
      this.#record(codes.studyAttribute, { study_id: STUDY, user_attr: { [DEFINITION]: definition } }),
    ];
  }

  /** How many trials there are to be, which may change. */
  size(trials: number): object {
    return this.#record(codes.studyAttribute, { study_id: STUDY, user_attr: { [TRIALS]: trials } });
  }

  /** The trial's number is how many there were before. Without a time it waits to be begun. */
  trial(
    settings: TrialSettings,
    started: string | undefined,
    attributes: Readonly<Record<string, unknown>> = {},
  ): object {
    const active = this.#space.dimensions.filter(({ name }) => Object.hasOwn(settings, name));
    const entries = active.map((own) => [own.name, toInternal(own, settings[own.name])] as const);
    return this.#record(codes.createTrial, {
      study_id: STUDY,
      datetime_start: started ?? null,
      state: states.indexOf(started === undefined ? 'waiting' : 'running'),
      value: null,
      values: null,
      distributions: Object.fromEntries(active.map((own) => [own.name, JSON.stringify(distributionOf(own))])),
      params: Object.fromEntries(entries),
      user_attrs: attributes,
      system_attrs: {},
      intermediate_values: {},
    });
  }

  /** A trial that waited is begun. */
  start(number: number, started: string): object {
    return this.#record(codes.trialState, {
      trial_id: number,
      state: states.indexOf('running'),
      values: null,
      datetime_start: started,
    });
  }

  report(number: number, { step, value }: TrialReport): object {
    return this.#record(codes.report, { trial_id: number, step, intermediate_value: value });
  }

  /** Attributes come first: a trial that has ended is changed no more. */
  end(
    number: number,
    state: 'complete' | 'pruned' | 'failed',
    ended: string,
    { values, attributes = {}, reason }: Pick<Partial<Trial>, 'values' | 'attributes' | 'reason'>,
  ): object[] {
    const all = { ...attributes, ...(reason !== undefined && { [REASON]: reason }) };
    return [
      ...Object.entries(all).map(([key, value]) =>
        this.#record(codes.trialAttribute, { trial_id: number, user_attr: { [key]: value } }),
      ),
      this.#record(codes.trialState, {
        trial_id: number,
        state: states.indexOf(state),
        values: values ?? null,
        datetime_complete: ended,
      }),
    ];
  }

  #record(code: number, fields: object): object {
    return { op_code: code, worker_id: this.#worker, ...fields };
  }
}

/** This machine's time as Optuna writes it, without a zone. */
export function localTime(now: Date): string {
  const pad = (value: number, digits = 2) => String(value).padStart(digits, '0');
  const day = `${now.getFullYear()}-${pad(now.getMonth() + 1)}-${pad(now.getDate())}`;
  const time = `${pad(now.getHours())}:${pad(now.getMinutes())}:${pad(now.getSeconds())}`;
  return `${day}T${time}.${pad(now.getMilliseconds(), 3)}000`;
}

/** What a journal says. */
export interface Recorded {
  readonly name: string;
  readonly directions: readonly Direction[];
  /** Of lanegrad; undefined of a study that Optuna made. */
  readonly definition: unknown;
  /** How many trials there are to be; undefined of a study that Optuna made. */
  readonly size: number | undefined;
  readonly trials: readonly Trial[];
}

type Json = Readonly<Record<string, unknown>>;
type Growing = { -readonly [Key in keyof Trial]: Trial[Key] };

/**
 * The study that the records come to; undefined of none. Records about a trial that has ended change nothing, as in
 * Optuna.
 *
 * @throws FormatError for what is no record, or a second study.
 */
export function replay(records: readonly unknown[], path: string): Recorded | undefined {
  let study: { name: string; directions: readonly Direction[] } | undefined;
  let definition: unknown;
  let size: number | undefined;
  const trials: Growing[] = [];
  for (const [index, record] of records.entries()) {
    const bad = (what: string) => new FormatError(path, `line ${index + 1}: ${what}`);
    if (!isPlainObject(record)) throw bad(`expected an object, given ${show(record)}`);
    const json = record as Json;
    const code = json.op_code;
    if (code === codes.createStudy) {
      if (study) throw bad('a second study; expected one in a journal');
      study = { name: textOf(json.study_name, bad), directions: readDirections(json.directions, bad) };
      continue;
    }
    if (!study) throw bad('expected the study to be made first');
    if (code === codes.deleteStudy) throw bad('the study was deleted');
    if (code === codes.studySystemAttribute) continue;
    if (code === codes.studyAttribute) {
      const own = objectOf(json.user_attr, bad);
      if (Object.hasOwn(own, DEFINITION)) definition = own[DEFINITION];
      if (Object.hasOwn(own, TRIALS)) size = sizeOf(own[TRIALS], bad);
      continue;
    }
    if (code === codes.createTrial) {
      trials.push(newTrial(trials.length, json, study.directions, bad));
      continue;
    }
    const trial = at(trials, json.trial_id);
    if (!trial) throw bad(`there is no trial ${show(json.trial_id)}`);
    if (trial.state !== 'running' && trial.state !== 'waiting') continue;
    change(trial, json, study.directions, bad);
  }
  return study && { ...study, definition, size, trials };
}

type Bad = (what: string) => FormatError;

function newTrial(number: number, json: Json, directions: readonly Direction[], bad: Bad): Growing {
  const params = objectOf(json.params ?? {}, bad);
  const distributions = objectOf(json.distributions ?? {}, bad);
  const settings = Object.entries(params).map(([name, value]) => {
    return [name, toExternal(distributions[name], value, bad)] as const;
  });
  const reports = Object.entries(objectOf(json.intermediate_values ?? {}, bad));
  const state = stateOf(json.state ?? 0, bad);
  const values = valuesOf(json.values ?? (json.value == null ? null : [json.value]), state, directions, bad);
  return {
    number,
    state,
    settings: Object.fromEntries(settings),
    reports: reports.map(([step, value]) => ({
      step: numberOf(Number(step), bad),
      value: numberOf(value, bad),
    })),
    attributes: objectOf(json.user_attrs ?? {}, bad),
    ...(values && { values }),
    ...(typeof json.datetime_start === 'string' && { started: json.datetime_start }),
    ...(typeof json.datetime_complete === 'string' && { ended: json.datetime_complete }),
  };
}

/** Of a trial that has not ended. */
function change(trial: Growing, json: Json, directions: readonly Direction[], bad: Bad): void {
  switch (json.op_code) {
    case codes.trialSetting: {
      const value = toExternal(json.distribution, json.param_value_internal, bad);
      trial.settings = { ...trial.settings, [textOf(json.param_name, bad)]: value };
      return;
    }
    case codes.trialState: {
      const state = stateOf(json.state, bad);
      const values = valuesOf(json.values ?? null, state, directions, bad);
      trial.state = state;
      if (values) trial.values = values;
      if (typeof json.datetime_start === 'string') trial.started = json.datetime_start;
      if (typeof json.datetime_complete === 'string') trial.ended = json.datetime_complete;
      return;
    }
    case codes.report: {
      const own = { step: numberOf(json.step, bad), value: numberOf(json.intermediate_value, bad) };
      // In the order of their steps, each once.
      const others = trial.reports.filter(({ step }) => step !== own.step);
      trial.reports = [...others, own].sort((a, b) => a.step - b.step);
      return;
    }
    case codes.trialAttribute: {
      const { [REASON]: reason, ...attributes } = objectOf(json.user_attr, bad);
      if (reason !== undefined) trial.reason = textOf(reason, bad);
      trial.attributes = { ...trial.attributes, ...attributes };
      return;
    }
    case codes.trialSystemAttribute:
      return;
    default:
      throw bad(`unknown kind of record ${show(json.op_code)}`);
  }
}

function objectOf(value: unknown, bad: Bad): Json {
  if (!isPlainObject(value)) throw bad(`expected an object, given ${show(value)}`);
  return value as Json;
}

/** A place in a list is a number: an object in its place may not even have a text. */
function at<T>(list: readonly T[], place: unknown): T | undefined {
  return typeof place === 'number' ? list[place] : undefined;
}

function textOf(value: unknown, bad: Bad): string {
  if (typeof value !== 'string') throw bad(`expected a text, given ${show(value)}`);
  return value;
}

/** JSON has no NaN, but numbers that are too large for one. */
function numberOf(value: unknown, bad: Bad): number {
  if (typeof value !== 'number' || !Number.isFinite(value))
    throw bad(`expected a finite number, given ${show(value)}`);
  return value;
}

function sizeOf(value: unknown, bad: Bad): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= MOST_TRIALS)
    return value as number;
  throw bad(`expected a number of trials, at most ${MOST_TRIALS}, given ${show(value)}`);
}

/** Of a trial that is complete there is one for each objective. */
function valuesOf(
  value: unknown,
  state: TrialState,
  directions: readonly Direction[],
  bad: Bad,
): number[] | undefined {
  if (value === null && state !== 'complete') return undefined;
  if (!Array.isArray(value)) throw bad(`expected a list of values, given ${show(value)}`);
  if (state === 'complete' && value.length !== directions.length)
    throw bad(`expected ${directions.length} values of a trial that is complete, given ${value.length}`);
  return value.map((own) => numberOf(own, bad));
}

function stateOf(value: unknown, bad: Bad): TrialState {
  const state = at(states, value);
  if (state === undefined) throw bad(`unknown state of a trial ${show(value)}`);
  return state;
}

function readDirections(value: unknown, bad: Bad): Direction[] {
  const list = Array.isArray(value) ? value : [];
  const named = list.map((number) => at(directionNames, number));
  if (named.length === 0 || named.includes(undefined)) throw bad(`unknown directions ${show(value)}`);
  return named as Direction[];
}

/** A dimension as Optuna's distributions have it. */
function distributionOf(dimension: Dimension): object {
  if (dimension.kind === 'choice') {
    return { name: 'CategoricalDistribution', attributes: { choices: dimension.values.map(toChoice) } };
  }
  const { kind, low, high, log, step } = dimension;
  return {
    name: kind === 'integer' ? 'IntDistribution' : 'FloatDistribution',
    attributes: { log, step: step ?? null, low, high },
  };
}

/** Optuna's choices are texts, numbers, truths and nothing. */
function toChoice(value: SettingValue): SettingValue {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
}

/** A number as it is; of a choice, which one it is. */
function toInternal(dimension: Dimension, value: SettingValue): number {
  return dimension.kind === 'choice' ? indexOf(dimension, value) : (value as number);
}

/** By Optuna's own distribution, so that a journal can be read without its definition. */
function toExternal(distribution: unknown, value: unknown, bad: Bad): SettingValue {
  let parsed: unknown;
  try {
    parsed = JSON.parse(textOf(distribution, bad));
  } catch {
    throw bad(`expected a distribution as JSON, given ${show(distribution)}`);
  }
  if (typeof value !== 'number') throw bad(`expected a number for a setting, given ${show(value)}`);
  const { name, attributes } = objectOf(parsed, bad);
  if (name !== 'CategoricalDistribution') return value;
  const { choices } = objectOf(attributes, bad);
  if (!Array.isArray(choices) || !(value in choices)) throw bad(`there is no choice ${value}`);
  return choices[value] as SettingValue;
}

/** The settings with choices as the space has them: lists and objects, which the journal has as texts. */
export function inSpace(space: Space, settings: TrialSettings): TrialSettings {
  const entries = Object.entries(settings).map(([name, value]) => {
    const dimension = space.dimensions.find((own) => own.name === name);
    if (dimension?.kind !== 'choice' || typeof value !== 'string') return [name, value] as const;
    const index = dimension.values.map(toChoice).indexOf(value);
    return [name, index < 0 ? value : valueAt(dimension, index)] as const;
  });
  return Object.fromEntries(entries);
}
