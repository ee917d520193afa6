/** Whether an engine, a model and a data set are what they should be, and fit each other. */
import { isUint8Array } from '../base/arrays.js';
import { OptionError, ShapeError, show } from '../base/errors.js';
import type { ImageShape } from '../base/image-shape.js';
import { didYouMean } from '../base/options.js';
import { type Answers, answersOf, checkDataset, type Dataset, imageShapeOf, inputsOf } from '../data/set.js';
import { checkEngine } from '../engine/engine.js';
import { type HeadSpec, headsOf } from '../nn/head.js';
import { checkInputs, finalActivation } from '../nn/inputs.js';
import { describeLoss, type Loss, lossWords, resolveLoss } from '../nn/losses.js';
import { checkModel, isSameScale, type Memory, type Network, type Port } from '../nn/model.js';
import { sizeOf } from '../ops/operation.js';

export { checkDataset, checkEngine, checkModel };

/**
 * The loss that says what a model's outputs are: that of its training, or for a model that does not know it
 * the one given. One of the same link will do as well, such as plain cross-entropy for one with label
 * smoothing. undefined when there is neither.
 *
 * Throws OptionError for something that is no loss, and for one by which the outputs would mean something
 * else.
 */
export function lossFor(where: string, model: Network, given: unknown): Loss | undefined {
  const loss = given === undefined ? model.loss : resolveLoss(where, given);
  if (loss === undefined) return undefined;
  if (model.loss && linksOf(model.loss) !== linksOf(loss)) {
    throw new OptionError(
      where,
      `option loss: the model was trained with ${describeLoss(model.loss)}, given ${describeLoss(loss)}`,
    );
  }
  checkLink(where, model, loss);
  return loss;
}

/** What is made of the outputs, of each where there are several. */
export function linksOf({ link, parts }: Loss): string {
  if (!parts) return link;
  return Object.keys(parts)
    .sort()
    .map((name) => `${name} ${parts[name].loss.link}`)
    .join();
}

/** The same, where nothing can be said without. Throws OptionError also when there is neither. */
export function requireLoss(where: string, model: Network, given: unknown): Loss {
  const loss = lossFor(where, model, given);
  if (loss) return loss;
  throw new OptionError(
    where,
    `option loss is required: the model has not been trained, and does not know what its outputs are; expected ${lossWords()}`,
  );
}

/** Throws OptionError for a model that ends with the function which the loss applies to its outputs. */
function checkLink(where: string, model: Network, loss: Loss): void {
  const heads = loss.parts ? headsOf(where, model, loss) : [{ name: undefined, loss }];
  for (const [i, { name, loss: own }] of heads.entries()) {
    const { kind, link } = own;
    if (link === 'identity' || finalActivation(model, i) !== link) continue;
    throw new OptionError(
      where,
      `${name === undefined ? 'the model' : `output ${name}`} ends with ${link}, and ${show(kind)} applies ${link} ` +
        'to its outputs: it would come twice; leave the activation of the last layer out',
    );
  }
}

/** How the bytes of a set are scaled, as a model remembers it. */
export function scalesOf(set: Dataset): Pick<Memory, 'input' | 'inputScales'> {
  const scales = inputsOf(set).flatMap(([name, { inputs, scale, offset }]) =>
    isUint8Array(inputs) ? [[name, { scale, offset }] as const] : [],
  );
  if (scales.length === 0) return {};
  if (inputsOf(set).length === 1) return { input: scales[0][1] };
  return { inputScales: Object.fromEntries(scales) };
}

/** Throws OptionError for bytes that are scaled otherwise than those that the model was trained on. */
export function checkScale(
  where: string,
  name: string,
  { input, inputScales }: Pick<Memory, 'input' | 'inputScales'>,
  set: Dataset,
): void {
  for (const [port, own] of inputsOf(set)) {
    const known = inputScales && port !== undefined ? inputScales[port] : input;
    if (!known || !isUint8Array(own.inputs) || isSameScale(known, own)) continue;
    throw new OptionError(
      where,
      `${name}: the model was trained on bytes * ${known.scale} + ${known.offset}, ` +
        `given ${titleOf(set, port)} with bytes * ${own.scale} + ${own.offset}`,
    );
  }
}

/**
 * The loss for the answers of a set: one of the caller's own is told how many numbers a target has, labels
 * one.
 */
export function lossOn(set: Dataset, loss: Loss): Loss {
  const answers = answersOf(set);
  const on = (own: Loss, output?: string): Loss => {
    const found = answers.find(([name]) => output === undefined || name === undefined || name === output);
    if (!own.compute || !found) return own;
    return { ...own, targetWidth: found[1].targets ? (found[1].targetWidth ?? 1) : 1 };
  };
  if (!loss.parts) return on(loss);
  const parts = Object.entries(loss.parts).map(
    ([name, part]) => [name, { ...part, loss: on(part.loss, name) }] as const,
  );
  return { ...loss, parts: Object.fromEntries(parts) };
}

/**
 * Throws OptionError for something that is no model or data set, for inputs or answers that are missing or
 * that the model does not have, or a model that applies the loss's link itself; ShapeError when widths,
 * classes or targets do not fit the model and its loss, DataError for inputs that the first layer cannot take.
 * Whether the loss can take the values of targets is `check-targets.ts`'s to say.
 */
export function checkFits(where: string, name: string, model: Network, set: Dataset, loss: Loss): void {
  checkModel(where, model);
  checkDataset(where, name, set);
  checkLink(where, model, loss);
  const heads = headsOf(where, model, loss);
  const inputs = matched(where, `${name}: ${show(set.name)}`, 'input', model.inputs, inputsOf(set));
  const answers = matched(where, `${name}: ${show(set.name)}`, 'output', model.outputs, answersOf(set));
  const fail = (message: string): never => {
    throw new ShapeError(where, `${name}: ${message}`);
  };
  for (const [i, [port, { width, imageShape }]] of inputs.entries()) {
    const { shape } = model.inputs[i];
    const size = sizeOf({ rows: true, dims: shape });
    // What takes rows of numbers takes images of as many, too.
    if (
      imageShape &&
      shape.length === 3 &&
      imageShapeOf(imageShape).join() !== imageShapeOf(shape as unknown as ImageShape).join()
    ) {
      const [height, across, channels = 1] = imageShape;
      const given = `images of ${height}x${across}x${channels}`;
      fail(`${titleOf(set, port)} has ${given}, but the model takes ${shape.join('x')}`);
    }
    if (width !== size) {
      fail(`${titleOf(set, port)} has ${width} numbers a sample, but the model takes ${size}`);
    }
  }
  for (const [i, [port, own]] of answers.entries()) {
    const { size } = heads[i];
    const has = answers.length > 1 ? `the output has ${size} numbers` : `the model has ${size} outputs`;
    const problem = answerProblem(heads[i], own, has);
    if (problem) fail(`${titleOf(set, port)} ${problem}`);
  }
  for (const [i, [port, own]] of inputs.entries()) {
    const place = port === undefined ? `${where}, ${name}` : `${where}, ${name}, ${port}`;
    checkInputs(place, model, own.inputs, own.width, own.scale, own.offset, i);
  }
}

/** What does not fit between the answers of a set and the loss of an output. */
function answerProblem(
  { loss, size }: HeadSpec,
  { targets, targetWidth, classes }: Answers,
  /** What there is, in words. */
  has: string,
): string | undefined {
  const expected = loss.targetWidth ?? size;
  if (loss.compute) {
    const width = targets ? targetWidth : 1;
    if (width !== expected) {
      return `has ${width} numbers a target, but ${show(loss.kind)} compares with ${expected}`;
    }
    if (targets || loss.link === 'identity' || classes <= Math.max(size, 2)) return undefined;
    return `has ${classes} classes, but ${has}`;
  }
  if (loss.answers === 'labels') {
    if (targets) return `has targets, but ${loss.kind} compares with class labels`;
    return classes > size ? `has ${classes} classes, but ${has}` : undefined;
  }
  if (targets) {
    if (targetWidth === size) return undefined;
    return `has ${targetWidth} numbers a target, but ${has}`;
  }
  if (loss.link === 'sigmoid' && classes === 2 && size === 1) return undefined;
  return (
    `has labels of ${classes} classes, but ${loss.kind} with ${size} outputs compares with ` +
    `targets${loss.link === 'sigmoid' ? ', or with one output the labels of 2 classes' : ''}`
  );
}

/**
 * What a set or a caller gives for each of a model's inputs, or outputs, in the model's order; what has no
 * name is for the only one. Throws OptionError for one that is missing, or that there is not.
 */
export function matched<T>(
  where: string,
  title: string,
  what: 'input' | 'output',
  ports: readonly Port[],
  given: readonly (readonly [name: string | undefined, T])[],
): (readonly [name: string | undefined, T])[] {
  const names = ports.map(({ name }) => name);
  if (given[0][0] === undefined) {
    if (ports.length === 1) return [...given];
    throw new OptionError(
      where,
      `${title} has one ${what} without a name, but the model has the ${what}s ${names.join(', ')}`,
    );
  }
  const unknown = given.find(([name]) => !names.includes(name!));
  if (unknown) {
    const [name = ''] = unknown;
    const known = `expected ${names.join(', ')}`;
    throw new OptionError(
      where,
      `${title}: the model has no ${what} ${show(name)}; ${known}${didYouMean(name, names)}`,
    );
  }
  return names.map((name) => {
    const found = given.find(([own]) => own === name);
    if (found) return found;
    throw new OptionError(where, `${title} has nothing for the model's ${what} ${show(name)}`);
  });
}

/** A set in messages, and which of its inputs or answers. */
function titleOf(set: Dataset, port: string | undefined): string {
  return port === undefined ? show(set.name) : `${show(set.name)}, ${port},`;
}
