/**
 * Every operation that a model's graph may be made of, by its name in files. Only who reads graphs loads it:
 * what trains has the operations that its layers are made of, and no others.
 */
import { activation } from './activations.js';
import * as arithmetic from './arithmetic.js';
import { convolution, convolutionTranspose } from './conv.js';
import { dropoutOperation as dropout } from './dropout.js';
import { embedding } from './embedding.js';
import { product } from './matmul.js';
import { batchNormOperation as batchNorm, layerNormOperation as layerNorm } from './norm.js';
import type { Operation } from './operation.js';
import { pad } from './pad.js';
import { avgPool2d, maxPool2d } from './pool.js';
import { reduction } from './reduction.js';
import { concat, reshape, slice, transpose } from './shapes.js';
import { softmaxOperation as softmax } from './softmax.js';
import { take } from './take.js';
import { upsample2d } from './upsample.js';

/** An operation, and how many inputs it has. */
interface Entry<A> {
  readonly operation: Operation<A>;
  readonly takes: (count: number, attributes: A) => boolean;
}

const exactly = (expected: number) => (count: number) => count === expected;

function entry<A>(operation: Operation<A>, takes: Entry<A>['takes']): Entry<A> {
  return { operation, takes };
}

const { unaries, select3, stopGradient } = arithmetic;
const { add, sub, mul, div, pow, maximum, minimum } = arithmetic;
const { less, lessEqual, greater, greaterEqual, equal, notEqual } = arithmetic;
const binaries = [
  ...[add, sub, mul, div, pow, maximum, minimum],
  ...[less, lessEqual, greater, greaterEqual, equal, notEqual],
];

const entries = [
  entry(product, (count, { form }) => count === 2 || (count === 3 && form === 'nn')),
  entry(activation, exactly(1)),
  entry(dropout, exactly(1)),
  entry(batchNorm, (count, { affine }) => count === (affine ? 5 : 3)),
  entry(layerNorm, (count, { affine }) => count === (affine ? 3 : 1)),
  entry(embedding, (count, { columns }) => count === 1 + columns.length),
  entry(convolution, (count) => count === 2 || count === 3),
  entry(convolutionTranspose, (count) => count === 2 || count === 3),
  entry(take, exactly(2)),
  ...binaries.map((operation) => entry(operation, exactly(2))),
  entry(select3, exactly(3)),
  ...[...Object.values(unaries), stopGradient, softmax].map((operation) => entry(operation, exactly(1))),
  ...[reduction, reshape, transpose, slice].map((operation) => entry(operation as Operation, exactly(1))),
  ...[maxPool2d, avgPool2d, upsample2d, pad].map((operation) => entry(operation as Operation, exactly(1))),
  entry(concat, (count) => count >= 1),
];

/** By name. */
export const operations: ReadonlyMap<string, Entry<unknown>> = new Map(
  entries.map((own) => [own.operation.name, own as Entry<unknown>]),
);
