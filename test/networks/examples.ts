/** The networks of this folder with weights and data: the same that fixtures.py computes with, by the same formula. */
import type { Network } from 'lanegrad';
import type { Loss } from '../../src/nn/losses.js';
import { resolveLoss } from '../../src/nn/losses.js';
import { transformer } from './attention.js';
import { distillation } from './distillation.js';
import { factorisation } from './factorisation.js';
import { focal } from './focal.js';
import { frozen } from './frozen.js';
import { quantile } from './quantile.js';
import { residual } from './residual.js';
import { several } from './several.js';
import { siamese } from './siamese.js';
import { swish } from './swish.js';
import { tied } from './tied.js';

export const ROWS = 6;
export const STEPS = 10;
export const RATE = 0.2;

/** Of each input or output: rows of numbers, or class labels. */
export type Rows =
  | { readonly values: Float32Array; readonly width: number }
  | { readonly labels: Int32Array };

export interface Example {
  readonly make: () => { model: Network; loss: Loss };
  /** In the order of the model's. */
  readonly inputs: readonly Rows[];
  readonly answers: readonly Rows[];
}

/** In ±½, by Park and Miller's generator: whole numbers that both languages have exactly. */
function numbers(count: number, seed: number): Float32Array {
  let state = seed * 7919 + 1;
  const next = () => {
    state = (state * 16807) % 2147483647;
    return state / 2147483647 - 0.5;
  };
  for (let i = 0; i < 3; i++) next();
  return Float32Array.from({ length: count }, next);
}

function floats(width: number, seed: number, scale = 2): Rows {
  return { values: numbers(ROWS * STEPS * width, seed).map((value) => value * scale), width };
}

function whole(below: number, seed: number): Int32Array {
  return Int32Array.from(numbers(ROWS * STEPS, seed), (value) =>
    Math.min(below - 1, Math.floor((value + 0.5) * below)),
  );
}

const column = (values: Int32Array): Rows => ({ values: Float32Array.from(values), width: 1 });
const labels = (classes: number): Rows => ({ labels: whole(classes, 50) });

function oneHot(classes: number): Rows {
  const values = new Float32Array(ROWS * STEPS * classes);
  for (const [row, label] of whole(classes, 50).entries()) values[row * classes + label] = 1;
  return { values, width: classes };
}

/** With the weights of fixtures.py in place of its first ones. */
function example(
  make: () => { model: Network; loss: unknown },
  inputs: readonly Rows[],
  answers: readonly Rows[],
): Example {
  return {
    make() {
      const { model, loss } = make();
      for (const [i, { shape, values }] of model.parameters.entries()) {
        const scale = shape.length === 2 ? 2 / Math.sqrt(shape[0]) : 0.5;
        values.set(numbers(values.length, 100 + i).map((value) => value * scale));
      }
      for (const [i, { values }] of model.buffers.entries()) {
        values.set(numbers(values.length, 200 + i).map((value) => value * 0.5));
      }
      return { model, loss: resolveLoss('example', loss) };
    },
    inputs,
    answers,
  };
}

export const examples = {
  residual: example(residual, [floats(4, 1)], [labels(3)]),
  several: example(several, [floats(16, 1), floats(3, 2)], [labels(3), floats(1, 51)]),
  transformer: example(transformer, [floats(40, 1)], [labels(3)]),
  siamese: example(siamese, [floats(6, 1), floats(6, 2)], [column(whole(2, 50))]),
  tied: example(tied, [floats(6, 1)], [floats(6, 1)]),
  factorisation: example(factorisation, [column(whole(7, 1)), column(whole(5, 2))], [floats(1, 50)]),
  focal: example(focal, [floats(5, 1)], [oneHot(3)]),
  quantile: example(quantile, [floats(5, 1)], [floats(1, 50)]),
  distillation: example(distillation, [floats(5, 1)], [floats(4, 50, 4)]),
  frozen: example(frozen, [floats(5, 1)], [labels(3)]),
  swish: example(swish, [floats(5, 1)], [labels(3)]),
};
