/** Several models as one, which predicts the mean of what they predict. */
import { elementsOf } from '../base/arrays.js';
import { EngineError, OptionError, ShapeError, show } from '../base/errors.js';
import { OptionReader } from '../base/options.js';
import {
  add,
  concat,
  exp,
  log,
  logSoftmax,
  max,
  mul,
  neg,
  reshape,
  softplus,
  stopGradient,
  sub,
  sum,
} from '../graph/functions.js';
import { literal, type ParameterAttributes } from '../graph/leaves.js';
import {
  apply,
  applyOne,
  type Node,
  nodesOf,
  type Scope,
  type Value,
  within,
  withinAll,
} from '../graph/value.js';
import { namesOf } from '../nn/derived.js';
import { describeLoss, type Loss, type LossOption } from '../nn/losses.js';
import {
  checkModel,
  graphOf,
  type InputScale,
  isSameScale,
  type Network,
  type Parameter,
  type Port,
  remember,
} from '../nn/model.js';
import { networkOf } from '../nn/network.js';
import { valuesOf } from '../nn/values.js';
import { linksOf, requireLoss } from './check.js';
import { inTraining } from './fit.js';

/** What `ensemble` is told. */
export interface EnsembleOptions {
  /** What each model counts, above 0; all the same by default. Only their ratios matter. */
  weights?: readonly number[];
  /**
   * What the ensemble remembers as its loss, where the models do not know theirs or theirs differ in details
   * such as class weights.
   */
  loss?: LossOption;
}

/** Models of one ensemble. */
const MOST = 1000;

/**
 * One model that predicts the mean of what several predict: of their probabilities where they tell classes
 * apart, by softmax or sigmoid as their loss says, else of their outputs. It is saved, loaded, exported and
 * trained as any other. It has copies of the parameters, named `0.…` for the first model, `1.…` for the
 * second: what the models learn later does not change it.
 *
 *     const committee = ensemble([first, second, third]);
 *     const classes = predictClasses(engine, committee, images);
 *
 * Its outputs are such as the loss takes: logarithms of the mean probabilities for a softmax, log-odds for a
 * sigmoid. So evaluating and going on with training mean what they mean for one model.
 *
 * Throws OptionError for something that is no list of models, for other names of inputs or outputs, for
 * losses or scales of bytes that differ, and for models that do not know what their outputs are when `loss`
 * does not say it; ShapeError for inputs or outputs of other shapes; EngineError for a model that a call of
 * `fit` is training.
 */
export function ensemble(models: readonly Network[], options?: EnsembleOptions): Network {
  const where = 'ensemble';
  if (!Array.isArray(models) || models.length === 0 || models.length > MOST) {
    throw new OptionError(where, `models: expected a list of 1 to ${MOST} models, given ${show(models)}`);
  }
  const reader = new OptionReader(where, options);
  const given = reader.optional(
    'weights',
    `${models.length} numbers above 0, one a model, not too far apart`,
    isWeightsOf(models),
  );
  const option = reader.any('loss');
  reader.end();
  const all: readonly Network[] = [...models];
  for (const [i, model] of all.entries()) {
    checkModel(`${where}, models[${i}]`, model);
    if (!inTraining.has(model.parameters)) continue;
    throw new EngineError(where, `models[${i}] is in training by a call of fit; await that one first`);
  }
  for (const i of all.keys()) checkPorts(where, all, i);
  const loss = commonLoss(where, all, option);
  const scales = commonScales(where, all);
  const shares = given ? sharesOf(given) : all.map(() => 1 / all.length);

  const copy = new Copy(where, all[0]);
  const members = all.map((model, i) => copy.outputsOf(model, String(i)));
  const outputs = all[0].outputs.map(({ name }, k): [string, Value] => {
    const { link } = loss.parts ? loss.parts[name].loss : loss;
    return [
      name,
      copy.within('mean', () =>
        meanOf(
          link,
          members.map((values) => values[k]),
          shares,
        ),
      ),
    ];
  });
  const { names, named, inputs } = copy;
  // By their places in the whole, so that no two members drop the same at random.
  const streams = new Map<Node, number>();
  const made = networkOf(where, inputs, new Map(outputs), { seed: all[0].seed, names, named, streams });
  remember(made, { loss, ...scales });
  return made;
}

function isWeightsOf(models: readonly unknown[]) {
  return (value: unknown): value is readonly number[] =>
    Array.isArray(value) &&
    value.length === models.length &&
    Array.from(value as unknown[]).every(
      (own) => typeof own === 'number' && own > 0 && Number.isFinite(own),
    ) &&
    sharesOf(value as number[]).every((share) => share > 0);
}

/** Their parts of the whole, however large they are. */
function sharesOf(weights: readonly number[]): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  // Of as many as there may be the sum is then finite.
  if (total === Number.POSITIVE_INFINITY) return sharesOf(weights.map((weight) => weight / 2048));
  return weights.map((weight) => weight / total);
}

function checkPorts(where: string, models: readonly Network[], i: number): void {
  for (const key of ['inputs', 'outputs'] as const) {
    const [expected, given] = [models[0][key], models[i][key]];
    const namesIn = (ports: readonly Port[]) => ports.map(({ name }) => name).join(', ');
    if (namesIn(given) !== namesIn(expected)) {
      throw new OptionError(
        where,
        `models[${i}]: expected the ${key} ${namesIn(expected)}, as models[0] has, given ${namesIn(given)}`,
      );
    }
    for (const [k, { name, shape }] of expected.entries()) {
      const own = given[k].shape;
      if (own.join() === shape.join()) continue;
      const wanted = `expected [${shape.join(', ')}], as models[0] has`;
      throw new ShapeError(where, `models[${i}], ${key} ${name}: ${wanted}, given [${own.join(', ')}]`);
    }
  }
}

/** What they were all trained with, or what is to be said in place of it. */
function commonLoss(where: string, models: readonly Network[], option: unknown): Loss {
  const losses = models.map((model, i) => requireLoss(`${where}, models[${i}]`, model, option));
  const other = losses.findIndex((own) => linksOf(own) !== linksOf(losses[0]) || !isSame(own, losses[0]));
  if (other < 0) return losses[0];
  const words = [0, other].map((i) => `models[${i}] with ${describeLoss(losses[i])} ${textOf(losses[i])}`);
  throw new OptionError(where, `the losses differ: ${words.join(', ')}; expected the same, or option loss`);
}

function isSame(a: Loss, b: Loss): boolean {
  const functions = (loss: Loss) =>
    [loss, ...Object.values(loss.parts ?? {}).map((part) => part.loss)].map((own) => own.compute);
  const others = functions(b);
  return textOf(a) === textOf(b) && functions(a).every((own, i) => own === others[i]);
}

function textOf({ config }: Loss): string {
  return JSON.stringify(config);
}

/** How bytes become inputs, which is the same for all. */
function commonScales(where: string, models: readonly Network[]): Pick<Network, 'input' | 'inputScales'> {
  const [{ input, inputScales, inputs }] = models;
  for (const [i, model] of models.entries()) {
    const isOther = (a: InputScale | undefined, b: InputScale | undefined) =>
      a && b ? !isSameScale(a, b) : a !== b;
    const own = inputs.find(({ name }) => isOther(model.inputScales?.[name], inputScales?.[name]));
    if (!own && !isOther(model.input, input)) continue;
    const wordsOf = ({ input: one, inputScales: several }: Network) => {
      const scale = own ? several?.[own.name] : one;
      return scale ? `bytes * ${scale.scale} + ${scale.offset}` : 'no bytes';
    };
    const wanted = `expected one that was trained on ${wordsOf(models[0])}, as models[0] was`;
    throw new OptionError(where, `models[${i}]: ${wanted}, given ${wordsOf(model)}`);
  }
  return { ...(input && { input }), ...(inputScales && { inputScales }) };
}

/** Models' graphs once more, on inputs that they share: parameters of their own with the same values. */
class Copy {
  /** Those of the first model, made anew. */
  readonly inputs: ReadonlyMap<string, Value>;
  /** Of layers, by their owners. */
  readonly names = new Map<object, string>();
  readonly #where: string;
  readonly #parameters = new Map<Node, string>();
  /** What stands for a value of a model. Models may have parts in common, which are copied once. */
  readonly #known = new Map<Value, Value>();

  constructor(where: string, model: Network) {
    this.#where = where;
    const leaves = graphOf(where, model).inputs.map(({ node }) =>
      applyOne(node.operation, [], node.attributes),
    );
    this.inputs = new Map(model.inputs.map(({ name }, i) => [name, leaves[i]]));
  }

  /** The name of a parameter or buffer. */
  readonly named = (node: Node): string => this.#parameters.get(node)!;

  /** Runs as a layer of this name. */
  within<T>(name: string, run: () => T): T {
    return within(this.#scope(name), run);
  }

  outputsOf(model: Network, prefix: string): readonly Value[] {
    const graph = graphOf(this.#where, model);
    for (const [i, { name }] of model.inputs.entries())
      this.#known.set(graph.inputs[i], this.inputs.get(name)!);
    const outside = this.#scope(prefix, 'model');
    const scopes = new Map<object, Scope>();
    const inside = ({ name, owner, kind = name }: Scope): Scope => {
      const scope = scopes.get(owner) ?? this.#scope(graph.names.get(owner) ?? name, kind);
      scopes.set(owner, scope);
      return scope;
    };
    const values = new Map(
      [...graph.parameters, ...graph.buffers].map(({ node }, i) => [
        node,
        [...model.parameters, ...model.buffers][i],
      ]),
    );
    const names = namesOf(this.#where, model);
    for (const node of nodesOf(graph.outputs)) {
      if (node.outputs.some((value) => this.#known.has(value))) continue;
      const outputs = withinAll([outside, ...node.scopes.map(inside)], () => {
        const own = values.get(node);
        if (own) return [filled(node, own)];
        return apply(
          node.operation,
          node.inputs.map((value) => this.#known.get(value)!),
          node.attributes,
        );
      });
      const name = names.get(node);
      if (name !== undefined) this.#parameters.set(outputs[0].node, `${prefix}.${name}`);
      for (const [i, value] of node.outputs.entries()) this.#known.set(value, outputs[i]);
    }
    return graph.outputs.map((value) => this.#known.get(value)!);
  }

  #scope(name: string, kind?: string): Scope {
    const owner = {};
    this.names.set(owner, name);
    return { name, owner, ...(kind !== undefined && kind !== name && { kind }) };
  }
}

/** A parameter or buffer that begins with the values of another. */
function filled({ operation, attributes }: Node, parameter: Parameter): Value {
  const values = valuesOf(parameter).slice();
  const initializer = { name: 'copied', fill: (own: Float32Array) => own.set(values) };
  const trainable = parameter.trainable !== false;
  return applyOne(operation, [], { ...(attributes as ParameterAttributes), initializer, trainable });
}

/** Of outputs that all have one shape; `shares` add up to 1. */
function meanOf(link: Loss['link'], outputs: readonly Value[], shares: readonly number[]): Value {
  const { dims } = outputs[0].shape;
  const size = elementsOf(dims);
  const over = (values: readonly Value[]) =>
    concat(
      values.map((value) => reshape(value, [1, size])),
      1,
    );
  const count = shares.length;
  /** ln of the mean of exp. */
  const logMean = (logs: readonly Value[]) => {
    const shifted = add(over(logs), literal(shares.map(Math.log), [count, 1]));
    const most = stopGradient(max(shifted, { axis: 1, keepAxes: true }));
    return add(most, log(sum(exp(sub(shifted, most)), { axis: 1, keepAxes: true })));
  };
  const flat = outputs.map((value) => reshape(value, [size]));
  if (link === 'identity') {
    const mean = sum(mul(over(outputs), literal(shares, [count, 1])), { axis: 1 });
    return reshape(mean, dims);
  }
  if (link === 'softmax') return reshape(logMean(flat.map((value) => logSoftmax(value))), dims);
  // ln p = -softplus(-z) and ln (1 - p) = -softplus(z), whatever z is.
  const yes = logMean(flat.map((value) => neg(softplus(neg(value)))));
  const no = logMean(flat.map((value) => neg(softplus(value))));
  return reshape(sub(yes, no), dims);
}
