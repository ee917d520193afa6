/**
 * What has been read of a chain so far: layers, and what is known of the values at this point. Here is
 * decided what becomes part of a layer that is there already, so that no operator can merge into one that it
 * does not follow directly.
 */
import type { Fail } from '../protobuf.js';

/** A layer by its description, as a model file has it, and its parameters. */
export interface Step {
  readonly kind: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly parameters: ReadonlyMap<
    string,
    { readonly shape: readonly number[]; readonly values: Float32Array }
  >;
}

/**
 * How often the values that a file holds may be used on average: layers may share constants, a model has its
 * own of each.
 */
const MAX_REUSE = 16;
/** Values that any model may have, however small its file. */
const FREE_VALUES = 2 ** 22;

export class Reading {
  readonly steps: Step[] = [];
  /** Version of ONNX's own operators. */
  readonly opset: number;
  /** Axes of the values at this point, that of the batch included; 2 where the file does not say. */
  rank: number;
  /** Values of a sample at this point; undefined before a layer has said so. */
  width: number | undefined;
  /** Of the model's input, once known. */
  inputSize?: number;
  scale: { readonly scale: number; readonly offset: number } | undefined;
  softmax = false;
  /** Whether the last layer is a product, x·W or x·W + b, and its result the values at this point. */
  #endsWithProduct = false;
  #endsWithMeans = false;
  #valuesLeft: number;

  constructor(opset: number, rank: number, width: number | undefined, fileBytes: number) {
    this.opset = opset;
    this.rank = rank;
    this.width = width;
    this.#valuesLeft = FREE_VALUES + (MAX_REUSE * fileBytes) / 4;
  }

  /**
   * Call for each parameter as soon as it has values: a small file can have many layers share one large
   * constant.
   */
  claim(count: number, fail: Fail): void {
    this.#valuesLeft -= count;
    if (this.#valuesLeft < 0)
      fail(`its layers would have more than ${MAX_REUSE} times the values that the file holds`);
  }

  /** Layers with a number for each feature, and products, need rows: [batch, n]. */
  requireRows(fail: Fail): void {
    if (this.rank !== 2)
      fail(`expected rows of numbers, [batch, n], given values of ${this.rank} axes; Flatten makes rows`);
  }

  /** A layer that takes rows of `width` values and makes rows of `outputWidth`. */
  add(step: Step, width: number, outputWidth: number = width): void {
    this.inputSize ??= width;
    this.width = outputWidth;
    this.steps.push(step);
    this.#endsWithProduct = false;
    this.#endsWithMeans = false;
  }

  /**
   * x·W, or with a bias x·W + b: a dense layer, which a bias and an activation that follow at once become
   * part of.
   */
  addProduct(
    weight: { readonly rows: number; readonly columns: number; readonly values: Float32Array },
    bias: Float32Array | undefined,
  ): void {
    const { rows, columns, values } = weight;
    const parameters = new Map([['weight', { shape: [rows, columns], values }]]);
    if (bias) parameters.set('bias', { shape: [columns], values: bias });
    const config = { units: columns, activation: 'identity', bias: bias !== undefined };
    this.add({ kind: 'dense', config, parameters }, rows, columns);
    this.#endsWithProduct = true;
  }

  /**
   * Width of the product without a bias whose result the values at this point are; undefined where they are
   * something else.
   */
  get biasWidth(): number | undefined {
    const last = this.steps.at(-1);
    return this.#endsWithProduct && last?.config.bias === false ? this.width : undefined;
  }

  /** Only where `biasWidth` says of which width. */
  addBias(values: Float32Array): void {
    this.#replaceLast(({ kind, config, parameters }) => ({
      kind,
      config: { ...config, bias: true },
      parameters: new Map([...parameters, ['bias', { shape: [values.length], values }]]),
    }));
  }

  /** Rows of means that are subtracted: a normalization whose deviations, 1 each, may follow at once. */
  addMeans(mean: Float32Array): void {
    const shape = [mean.length];
    const parameters = new Map([
      ['mean', { shape, values: mean }],
      ['deviation', { shape, values: new Float32Array(mean.length).fill(1) }],
    ]);
    this.add({ kind: 'normalization', config: { channels: mean.length }, parameters }, mean.length);
    this.#endsWithMeans = true;
  }

  /** Whether the values at this point are what is left of others without their means. */
  get endsWithMeans(): boolean {
    return this.#endsWithMeans;
  }

  /** Only where `endsWithMeans`. */
  addDeviations(values: Float32Array): void {
    this.#replaceLast(({ parameters, ...step }) => ({
      ...step,
      parameters: new Map([...parameters, ['deviation', { shape: [values.length], values }]]),
    }));
    this.#endsWithMeans = false;
  }

  /** Part of the product that it follows at once, where that takes it as it is; else a layer of its own. */
  addActivation(name: string, options: Readonly<Record<string, number>> = {}): void {
    if (this.#endsWithProduct && Object.keys(options).length === 0) {
      this.#replaceLast((step) => ({ ...step, config: { ...step.config, activation: name } }));
    } else {
      this.steps.push({ kind: 'activation', config: { name, ...options }, parameters: new Map() });
    }
    this.#endsWithProduct = false;
    this.#endsWithMeans = false;
  }

  /** Whether the last layer is, or ends with, a sigmoid; one that stands alone would leave no layer. */
  get endsWithSigmoid(): boolean {
    const { kind, config } = this.steps.at(-1) ?? {};
    if (kind === 'activation') return config?.name === 'sigmoid' && this.steps.length > 1;
    return kind === 'dense' && config?.activation === 'sigmoid';
  }

  /** Only where `endsWithSigmoid`. */
  dropSigmoid(): void {
    const last = this.steps.pop() as Step;
    if (last.kind === 'dense')
      this.steps.push({ ...last, config: { ...last.config, activation: 'identity' } });
  }

  #replaceLast(change: (step: Step) => Step): void {
    this.steps.push(change(this.steps.pop() as Step));
  }
}
