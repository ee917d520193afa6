/**
 * CMA-ES: N. Hansen, "The CMA evolution strategy: a tutorial", 2016, with the parameters of its appendix,
 * negative weights among them. A generation of trials is drawn from one normal distribution, whose mean, size and shape follow
 * from the generations before; so a trial depends on all of the generation before it and on none of its own.
 *
 * It is for numbers and whole numbers, each from 0 to 1. What is drawn outside of that is drawn anew some times,
 * and then brought to the edge. Trials that failed are the worst of their generation.
 */
import { OptionError } from '../../base/errors.js';
import { ln } from '../../base/random.js';
import { power } from '../../nn/exact-math.js';
import { Draws } from '../draws.js';
import { exp } from '../math.js';
import { fromUnit, type NumericDimension, type TrialSettings } from '../space.js';
import { ranked, type Trial } from '../trial.js';
import { symmetricEigen } from './eigen.js';
import type { Sampler, SamplerContext } from './sampler.js';

export interface CmaEsOptions {
  /** Trials of a generation; by default 4 + ⌊3 ln d⌋, of d settings. */
  readonly population: number | undefined;
  /** The first deviation, of a range from 0 to 1. */
  readonly deviation: number;
}

/** Times that a point outside of the range is drawn anew. */
const ATTEMPTS = 50;
/** A distribution narrower than this has arrived, and stays as it is. */
const LEAST_DEVIATION = 1e-12;

interface State {
  readonly generation: number;
  readonly mean: readonly number[];
  readonly deviation: number;
  readonly covariance: readonly (readonly number[])[];
  readonly path: readonly number[];
  readonly sizePath: readonly number[];
}

export function cmaEsSampler({ space, seed, directions }: SamplerContext, options: CmaEsOptions): Sampler {
  const dimensions = space.dimensions.map((dimension): NumericDimension => {
    if (dimension.kind !== 'choice' && dimension.when.length === 0) return dimension;
    const what = dimension.kind === 'choice' ? 'a choice' : 'there under a condition only';
    throw new OptionError('sweep', `sampler: cmaEs is for numbers, but ${dimension.name} is ${what}`);
  });
  const n = dimensions.length;
  const population = options.population ?? 4 + Math.floor(3 * ln(n));
  if (directions.length > 1) throw new OptionError('sweep', 'sampler: cmaEs is for one objective');
  const constants = constantsOf(n, population);
  const first: State = {
    generation: 0,
    mean: dimensions.map(() => 0.5),
    deviation: options.deviation,
    covariance: dimensions.map((_, i) => dimensions.map((_, j) => (i === j ? 1 : 0))),
    path: dimensions.map(() => 0),
    sizePath: dimensions.map(() => 0),
  };
  // What each generation begins with; made again from the trials when it is not known.
  const states: State[] = [first];
  const stateOf = (generation: number, ended: readonly Trial[]): State => {
    for (let done = states.length; done <= generation; done++) {
      const from = (done - 1) * population;
      const own = ended.slice(from, from + population);
      const shape = shapeOf(states[done - 1]);
      const drawn = new Map(
        own.map((trial) => [trial.number, drawPoint(states[done - 1], shape, seed, trial.number)]),
      );
      const best = ranked(own, directions).map(({ number }) => drawn.get(number)!);
      const failed = own.filter(({ state }) => state === 'failed').map(({ number }) => drawn.get(number)!);
      states.push(
        best.length === 0 ? states[done - 1] : next(states[done - 1], shape, [...best, ...failed], constants),
      );
    }
    return states[generation];
  };
  return {
    needs: (number) => number - (number % population),
    sample({ number, ended }): TrialSettings {
      const state = stateOf(Math.floor(number / population), ended);
      const point = drawPoint(state, shapeOf(state), seed, number);
      return Object.fromEntries(
        dimensions.map((dimension, i) => [dimension.name, fromUnit(dimension, point[i])]),
      );
    },
  };
}

interface Constants {
  /** Of the generation, the best first: they fall from positive, which add up to 1, to negative ones. */
  readonly weights: readonly number[];
  readonly effective: number;
  readonly pathRate: number;
  readonly sizeRate: number;
  readonly damping: number;
  readonly rankOne: number;
  readonly rankMany: number;
  /** The expected length of a standard normal vector. */
  readonly length: number;
}

function constantsOf(n: number, population: number): Constants {
  const raw = Array.from({ length: population }, (_, i) => ln((population + 1) / 2) - ln(i + 1));
  const parents = Math.floor(population / 2);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const effectiveOf = (values: readonly number[]) =>
    sum(values) ** 2 / sum(values.map((value) => value * value));
  const effective = effectiveOf(raw.slice(0, parents));
  const rankOne = 2 / ((n + 1.3) ** 2 + effective);
  const rankMany = Math.min(1 - rankOne, (2 * (effective - 2 + 1 / effective)) / ((n + 2) ** 2 + effective));
  const positive = sum(raw.filter((weight) => weight >= 0));
  const negative = -sum(raw.filter((weight) => weight < 0));
  const most = Math.min(
    1 + rankOne / rankMany,
    1 + (2 * effectiveOf(raw.slice(parents))) / (effective + 2),
    (1 - rankOne - rankMany) / (n * rankMany),
  );
  const sizeRate = (effective + 2) / (n + effective + 5);
  return {
    weights: raw.map((weight) => (weight >= 0 ? weight / positive : (most * weight) / negative)),
    effective,
    pathRate: (4 + effective / n) / (n + 4 + (2 * effective) / n),
    sizeRate,
    damping: 1 + 2 * Math.max(0, Math.sqrt((effective - 1) / (n + 1)) - 1) + sizeRate,
    rankOne,
    rankMany,
    length: Math.sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n * n)),
  };
}

interface Shape {
  readonly vectors: readonly (readonly number[])[];
  /** Along them. */
  readonly deviations: readonly number[];
}

function shapeOf({ covariance }: State): Shape {
  const { values, vectors } = symmetricEigen(covariance);
  return { vectors, deviations: values.map((value) => Math.sqrt(Math.max(value, 1e-20))) };
}

/** Depends on the generation's state and the trial's number alone. */
function drawPoint({ mean, deviation }: State, shape: Shape, seed: number, number: number): number[] {
  const draws = new Draws(seed, number, 'settings');
  let point: number[] = [];
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const normals = mean.map(() => draws.normal());
    point = mean.map((centre, i) => {
      let sum = 0;
      for (let k = 0; k < normals.length; k++) sum += shape.vectors[k][i] * shape.deviations[k] * normals[k];
      return centre + deviation * sum;
    });
    if (point.every((place) => place >= 0 && place <= 1)) return point;
  }
  return point.map((place) => Math.min(1, Math.max(0, place)));
}

/** @param points those of the generation, the best first. */
function next(state: State, shape: Shape, points: readonly number[][], constants: Constants): State {
  const { weights, effective, pathRate, sizeRate, damping, rankOne, rankMany, length } = constants;
  const n = state.mean.length;
  const steps = points.map((point) => point.map((x, i) => (x - state.mean[i]) / state.deviation));
  const step = state.mean.map((_, i) =>
    steps.reduce((sum, own, k) => sum + Math.max(0, weights[k]) * own[i], 0),
  );
  const mean = state.mean.map((x, i) => x + state.deviation * step[i]);
  const along = whiten(shape, step);
  const sizeFactor = Math.sqrt(sizeRate * (2 - sizeRate) * effective);
  const sizePath = state.sizePath.map((x, i) => (1 - sizeRate) * x + sizeFactor * along[i]);
  const size = Math.sqrt(sizePath.reduce((sum, x) => sum + x * x, 0));
  // The path begins at 0 and is too short at first.
  const grownSoFar = Math.sqrt(1 - power(1 - sizeRate, 2 * (state.generation + 1)));
  const still = size / grownSoFar < (1.4 + 2 / (n + 1)) * length;
  const pathFactor = still ? Math.sqrt(pathRate * (2 - pathRate) * effective) : 0;
  const path = state.path.map((x, i) => (1 - pathRate) * x + pathFactor * step[i]);
  const lost = still ? 0 : rankOne * pathRate * (2 - pathRate);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  // What a negative weight takes away is bounded by the shape that there is.
  const scaled = steps.map((own, k) => {
    if (weights[k] >= 0) return weights[k];
    const square = whiten(shape, own).reduce((sum, x) => sum + x * x, 0);
    return square > 0 ? (weights[k] * n) / square : 0;
  });
  const covariance = state.covariance.map((row, i) =>
    row.map((value, j) => {
      const many = steps.reduce((sum, own, k) => sum + scaled[k] * own[i] * own[j], 0);
      return (1 + lost - rankOne - rankMany * total) * value + rankOne * path[i] * path[j] + rankMany * many;
    }),
  );
  const grown = state.deviation * exp(Math.min(1, (sizeRate / damping) * (size / length - 1)));
  const generation = state.generation + 1;
  return { generation, mean, deviation: Math.max(LEAST_DEVIATION, grown), covariance, path, sizePath };
}

/** C^(-½) times a vector. */
function whiten({ vectors, deviations }: Shape, vector: readonly number[]): number[] {
  const along = vectors.map((own, k) => own.reduce((sum, x, i) => sum + x * vector[i], 0) / deviations[k]);
  return vector.map((_, i) => vectors.reduce((sum, own, k) => sum + own[i] * along[k], 0));
}
