/**
 * Losses of one's own: functions of values, which the graph computes. Loaded with the first: a function that
 * `fit` or `evaluate` is given becomes a loss by `resolveLoss`, and can be compiled once it went through
 * `traceable`. And what the losses of several outputs are together.
 */
import { LanegradError, OptionError, ShapeError, show } from '../base/errors.js';
import { OptionReader } from '../base/options.js';
import { bufferLeaf, inputLeaf, parameterLeaf } from '../graph/leaves.js';
import { applyOne, dropPromise, isValue, nodesOf, within } from '../graph/value.js';
import { lineOf } from '../ops/line.js';
import { rowWeights } from '../ops/losses.js';
import { showShape, sizeOf } from '../ops/operation.js';
import { sum } from '../ops/reduce.js';
import { addScaled, multiply } from '../ops/update.js';
import {
  type Loss,
  type LossCalls,
  type LossContext,
  type LossFunction,
  type Tracer,
  untraced,
} from './losses.js';
import type { HeadPlan, Plan } from './plan.js';

/** What a loss of one's own says of the outputs, and what it is called. */
export interface OwnLossOptions {
  /** What turns outputs into predictions; `identity` by default: they are numbers, taken as they are. */
  link?: Loss['link'];
  /** For messages and records; `own` by default. */
  name?: string;
}

/**
 * A loss of one's own, of a function of values. A function alone will do where a loss is expected; this says
 * what its outputs are.
 *
 * @throws OptionError for something that is no function, and for unknown options.
 */
export function ownLoss(compute: LossFunction, options?: OwnLossOptions): Loss {
  const where = 'ownLoss';
  if (typeof compute !== 'function') {
    throw new OptionError(where, `expected a function of output, target and weights, given ${show(compute)}`);
  }
  const reader = new OptionReader(where, options);
  const link = reader.oneOf('link', ['softmax', 'sigmoid', 'identity'] as const, 'identity');
  const kind = reader.optional('name', 'a name', (name): name is string => typeof name === 'string') ?? 'own';
  reader.end();
  return traceable(untraced(compute, kind, link));
}

/** The loss with what compiles it, where it is one's own or has such parts: all others as they are. */
export function traceable(loss: Loss): Loss {
  if (loss.parts) {
    const parts = Object.entries(loss.parts).map(
      ([name, part]) => [name, { ...part, loss: traceable(part.loss) }] as const,
    );
    return { ...loss, parts: Object.fromEntries(parts) };
  }
  return loss.compute ? { ...loss, trace: traceLoss, compile: compileOwn } : loss;
}

/** The graph of a loss of one's own. Throws ShapeError unless it is one number a row, or one. */
const traceLoss: Tracer = (where, graph, { loss, name, size }, output) => {
  const place = `${where}, the loss ${loss.kind} of ${name}`;
  const leaf = (dims: readonly number[]) => applyOne(inputLeaf, [], { shape: { rows: true, dims } });
  const [target, weights] = [leaf([loss.targetWidth ?? size]), leaf([])];
  const { length } = loss.compute!;
  const form =
    length > 1
      ? `; expected a function of one object, ({ output, target }) => …, given one of ${length}`
      : '';
  let given: unknown;
  try {
    given = within({ name: loss.kind, owner: loss }, () => loss.compute!({ output, target, weights }));
  } catch (cause) {
    // Other libraries give outputs and targets one by one.
    if (form === '' || !(cause instanceof LanegradError || cause instanceof TypeError)) throw cause;
    throw new OptionError(place, `${cause.message}${form}`, { cause });
  }
  if (!isValue(given)) {
    dropPromise(given);
    const isNumber = typeof given === 'number' || typeof given === 'string';
    const hint = isNumber ? '; operators of JavaScript do not compute with values: sub, mul, maximum do' : '';
    throw new OptionError(place, `expected its function to give a value, given ${show(given)}${hint}${form}`);
  }
  if (sizeOf(given.shape) !== 1) {
    throw new ShapeError(place, `expected one number a row, or one number, given ${showShape(given.shape)}`);
  }
  const known = new Set(
    [...graph.inputs, ...graph.parameters, ...graph.buffers, target, weights].map(({ node }) => node),
  );
  for (const node of nodesOf([given])) {
    const operation: unknown = node.operation;
    const isLeaf = operation === inputLeaf || operation === parameterLeaf || operation === bufferLeaf;
    if (isLeaf && !known.has(node)) {
      throw new OptionError(
        place,
        `depends on ${node.operation.name} ${showShape(node.outputs[0].shape)}, which is not the model's`,
      );
    }
  }
  const { dims, rows } = given.shape;
  if (dims.length > Number(rows)) {
    throw new ShapeError(
      place,
      `expected [rows], [rows, 1] or one number, given ${showShape(given.shape)}; reshape it`,
    );
  }
  const value = dims.length === 0 ? given : applyOne(lineOf, [given], {});
  return { target, weights, value };
};

/**
 * The graph computes the rows' losses, or their total; here they are weighted, and the gradient at them is
 * written.
 */
function compileOwn({
  losses,
  labels,
  weights,
  rowWeights: own,
  traced,
  batch,
  factor,
}: LossContext): LossCalls {
  if (!traced) throw new OptionError('own', 'compiled without its values');
  const { value, gradient, perRow } = traced;
  const gather = rowWeights({ y: own, labels, weights });
  const [weightOf, totalOf] = [sum(own), sum(value)];
  const weigh = perRow ? multiply({ y: losses, a: value, b: own }) : undefined;
  const scaled = addScaled(losses, own);
  const begin = gradient && perRow ? addScaled(gradient, own) : undefined;
  if (gradient && !perRow) gradient.fill(factor);
  let weight = 0;
  return {
    prepare: () => gather(batch.weighted),
    run() {
      weight = weightOf();
      if (weigh) weigh();
      else scaled(totalOf(), false);
      begin?.(weight > 0 ? factor / weight : 0, false);
    },
    weight: () => weight,
  };
}

/**
 * The loss of all outputs: the sum of their means, each times its share, as if it were of as many rows as the
 * first. Of several none can count what is right.
 */
export function totalOf(
  outputs: readonly HeadPlan[],
  heads: readonly { readonly spec: { readonly weight: number } }[],
): Pick<Plan, 'loss'> & Partial<Pick<Plan, 'countCorrect'>> {
  return {
    ...(outputs.length > 1 && { countCorrect: () => Number.NaN }),
    loss() {
      let mean = 0;
      for (let i = 0; i < outputs.length; i++) {
        const sum = outputs[i].loss();
        const weight = outputs[i].weight();
        if (weight > 0) mean += (heads[i].spec.weight * sum) / weight;
      }
      return mean * outputs[0].weight();
    },
  };
}
