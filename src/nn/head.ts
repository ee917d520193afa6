/** What stands at one output of a model in an engine's memory: its answers, its loss, and its predictions. */
import { elementsOf } from '../base/arrays.js';
import { OptionError, ShapeError } from '../base/errors.js';
import type { Arena, Tensor } from '../engine/tensor.js';
import { run } from '../graph/bind.js';
import type { Call } from '../ops/check.js';
import { sum } from '../ops/reduce.js';
import { bindAnswers } from './answers.js';
import type { Loss, TracedLoss } from './losses.js';
import type { Network } from './model.js';
import type { HeadPlan } from './plan.js';

/** An output and its part of what is made small. */
export interface HeadSpec {
  readonly name: string;
  readonly loss: Loss;
  /** Its share: what its mean loss is multiplied by. */
  readonly weight: number;
  /** Numbers in a row of the output. */
  readonly size: number;
  /** Whether its rows lie in memory without gaps, as those of several axes do. */
  readonly dense: boolean;
}

/**
 * The losses of a model's outputs, one each. Throws OptionError where one is missing, or is for an output
 * that there is not.
 */
export function headsOf(where: string, model: Network, loss: Loss): HeadSpec[] {
  const { parts } = loss;
  const layouts = model.outputs.map(({ shape }) => ({
    ...{ size: elementsOf(shape), dense: shape.length !== 1 },
  }));
  const names = model.outputs.map(({ name }) => name);
  if (!parts) {
    if (names.length === 1) return [{ name: names[0], loss, weight: 1, ...layouts[0] }];
    throw new OptionError(
      where,
      `option loss: expected one for each of the outputs ${names.join(', ')}, given ${loss.kind}`,
    );
  }
  const unknown = Object.keys(parts).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new OptionError(where, `option loss: the model has no output ${unknown}, only ${names.join(', ')}`);
  }
  return names.map((name, i) => {
    const part = parts[name];
    if (!part) throw new OptionError(where, `option loss: expected one for the output ${name}, given none`);
    return { name, ...part, ...layouts[i] };
  });
}

/** Throws ShapeError where a loss is for classes, and the output has several axes. */
export function checkClasses(where: string, model: Network, specs: readonly HeadSpec[]): void {
  for (const [i, { name, loss, dense }] of specs.entries()) {
    if (!dense || loss.link !== 'softmax') continue;
    const { shape } = model.outputs[i];
    const expected = `output ${name}: expected one number for each class, as ${loss.kind} takes them`;
    throw new ShapeError(
      where,
      `${expected}, given [${shape.join(', ')}] a row; is a layer flatten missing?`,
    );
  }
}

/** One output's tensors, for the largest batch. */
export class Head {
  readonly spec: HeadSpec;
  readonly labels: Tensor;
  readonly targets: Tensor | undefined;
  readonly #losses: Tensor;
  /** Each row's weight in the loss: for a loss of one's own, what its graph reads. */
  readonly rowWeights: Tensor;
  readonly #classWeights: Tensor | undefined;
  readonly #probabilities: Tensor;
  readonly #predictions: Tensor;

  constructor(where: string, arena: Arena, maxRows: number, spec: HeadSpec) {
    const { loss, size } = spec;
    const { classWeights, answers, targetWidth = size } = loss;
    if (classWeights && classWeights.length !== size) {
      const expected = `expected ${size} class weights, one an output`;
      throw new ShapeError(where, `${expected}, given ${classWeights.length}`);
    }
    this.spec = spec;
    this.labels = arena.tensor('i32', [maxRows]);
    const rowsOf = (width: number) =>
      spec.dense ? arena.tensor('float', [maxRows, width]) : arena.padded('float', [maxRows, width]);
    this.targets = answers === 'targets' ? rowsOf(targetWidth) : undefined;
    this.rowWeights = arena.tensor('float', [maxRows]);
    this.#classWeights = classWeights && arena.tensor('float', [classWeights.length]).write(classWeights);
    this.#losses = arena.tensor('float', [maxRows]);
    this.#probabilities = rowsOf(size);
    this.#predictions = arena.tensor('i32', [maxRows]);
  }

  /**
   * `traced`: the loss as the graph computes it, and where the gradient at it goes, for a loss that is a
   * function of values.
   */
  bind(
    rows: number,
    tensors: {
      readonly outputs: Tensor;
      readonly dOutputs: Tensor | undefined;
      readonly weights: Tensor;
      readonly traced?: TracedLoss | undefined;
      /** The calls of its graph. */
      readonly graph: readonly Call[];
    },
    batch: HeadPlan['batch'],
  ): HeadPlan {
    const { loss, weight: factor, name } = this.spec;
    const { outputs, graph } = tensors;
    const [labels, losses] = [this.labels, this.#losses].map((tensor) => tensor.firstRows(rows));
    const targets = this.targets?.firstRows(rows);
    const probabilities = this.#probabilities.firstRows(rows);
    const predictions = this.#predictions.firstRows(rows);
    const calls = loss.compile({
      ...{ ...tensors, losses, labels, targets, batch, factor },
      rowWeights: this.rowWeights.firstRows(rows),
      classWeights: this.#classWeights,
    });
    const total = sum(losses);
    const last = { loss: Number.NaN };
    return {
      ...{ name, outputs, labels, targets, losses, probabilities, predictions, batch, last },
      loss() {
        calls.prepare?.();
        run(graph);
        calls.run();
        last.loss = total();
        return last.loss;
      },
      weight: () => calls.weight(),
      ...bindAnswers(loss.link, { outputs, labels, probabilities, predictions, batch }),
    };
  }
}
