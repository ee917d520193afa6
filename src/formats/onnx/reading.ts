/**
 * What has been read of a graph up to one of its values: the layers that make it, and how its numbers stand
 * in the file beside how they stand here. Here is decided what becomes part of a layer that is there already,
 * so that no operator can merge into one that it does not follow directly.
 */
import { elementsOf } from '../../base/arrays.js';
import { LanegradError, show } from '../../base/errors.js';
import * as F from '../../graph/functions.js';
import { pad } from '../../graph/image-functions.js';
import { input } from '../../graph/leaves.js';
import type { Value } from '../../graph/value.js';
import { makeLayer } from '../../nn/layers.js';
import { permuted } from '../axes.js';
import type { Fail } from '../protobuf.js';

/** A parameter's shape and numbers. */
export interface StepValue {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** A layer by its description, as a model file has it, and its parameters; or a function of values. */
export interface Step {
  /** The steps that make what it takes; undefined for the graph's input. */
  readonly inputs: readonly (Step | undefined)[];
  readonly kind: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly parameters: ReadonlyMap<string, StepValue>;
  /** Where it is no layer of ours. */
  readonly compute?: (...values: Value[]) => Value;
  /** What the file calls it. */
  readonly name?: string | undefined;
}

type OwnStep = Omit<Step, 'inputs'>;

/**
 * How the file's values are related to ours, which have their channels last. `rows`, `last`: they are the
 * same. `first`: images with their channels first. `flat`: rows of such images. `pooled`: [channels, 1, 1],
 * rows here. `open`: an input of which it is not known yet, first or last.
 */
export type FileLayout = 'rows' | 'last' | 'first' | 'flat' | 'pooled' | 'open';

/**
 * How often the values that a file holds may be used on average: layers may share constants, a model has its
 * own of each.
 */
const MAX_REUSE = 16;
/** Numbers of one image: what fits in a WebAssembly memory. */
const MAX_SIZE = 2 ** 30;
/** Values that any model may have, however small its file. */
const FREE_VALUES = 2 ** 22;

/** What all values of a graph have in common. */
export class Source {
  /** Version of ONNX's own operators. */
  readonly opset: number;
  /** Of the file, where it says one. */
  readonly batch: number | undefined;
  /** Of the model's input, once known. */
  inputShape: readonly number[] | undefined;
  /** Whether images that come in have their channels first, once known. */
  inputLayout: 'first' | 'last' | undefined;
  scale: { readonly scale: number; readonly offset: number } | undefined;
  #valuesLeft: number;

  constructor(opset: number, batch: number | undefined, fileBytes: number) {
    this.opset = opset;
    this.batch = batch;
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
}

export class Reading {
  readonly source: Source;
  /** What makes these values; undefined for the graph's input. */
  step: Step | undefined;
  /** In the file, without the batch; undefined where it does not say. */
  dims: readonly number[] | undefined;
  /** Axes in the file, that of the batch included; 2 where it does not say. */
  rank: number;
  /** Values of a sample; undefined before a layer has said so. */
  width: number | undefined;
  layout: FileLayout;
  /** Height, width and channels that flat rows had. */
  image: readonly number[] = [];
  /** Whether nothing else reads these values, so that their layer may take in what follows. */
  alone = true;
  softmax = false;
  /** Zeros around the image that the next layer may take: top, left, bottom, right. */
  padding: readonly number[] | undefined;
  /** Whether these values are the result of a product, x·W or x·W + b; or of others without their means. */
  #end: 'product' | 'means' | undefined;

  constructor(
    source: Source,
    { dims, rank, width, layout }: Pick<Reading, 'dims' | 'rank' | 'width' | 'layout'>,
  ) {
    this.source = source;
    this.dims = dims;
    this.rank = rank;
    this.width = width;
    this.layout = layout;
  }

  copy(alone: boolean): Reading {
    const { source, step, image, softmax, padding } = this;
    const copy = new Reading(source, this);
    Object.assign(copy, { step, image, softmax, padding, alone });
    copy.#end = this.#end;
    return copy;
  }

  /** Layers with a number for each feature, and products, need rows: [batch, n]. */
  requireRows(fail: Fail): void {
    if (this.rank !== 2)
      fail(`expected rows of numbers, [batch, n], given values of ${this.rank} axes; Flatten makes rows`);
  }

  /** Images with their channels first; returns channels, height and width. */
  requireImages(fail: Fail): readonly [channels: number, height: number, width: number] {
    const { dims, rank } = this;
    if (rank !== 4 || !dims)
      return fail(
        `expected images [batch, channels, height, width] of a known size, given ${dims ? show(dims) : `values of ${rank} axes`}`,
      );
    if (this.layout === 'open') this.decide('first', fail);
    if (this.layout === 'pooled') {
      this.addFunction('reshape', { shape: [1, 1, dims[0]] });
      this.layout = 'first';
    }
    if (this.layout !== 'first') fail('expected images with their channels as the second axis');
    return dims as readonly number[] as [number, number, number];
  }

  /** Of an input that is images: how these lie in the file. */
  decide(layout: 'first' | 'last', fail: Fail): void {
    const { source } = this;
    const dims = this.dims!;
    if ((source.inputLayout ?? layout) !== layout)
      fail('the input of the graph is read as images of two orders of axes');
    source.inputLayout = layout;
    source.inputShape = layout === 'first' ? [dims[1], dims[2], dims[0]] : dims;
    this.layout = layout;
  }

  /** What the file's values are here, without the batch. */
  get ownDims(): readonly number[] {
    const { layout, dims, width } = this;
    if (layout === 'first' && dims) return [...dims.slice(1), dims[0]];
    if (layout === 'pooled' && dims) return [dims[0]];
    if (layout === 'last' && dims) return dims;
    return [width ?? 0];
  }

  /** A layer that takes rows of `width` values and makes rows of `outputWidth`. */
  add(step: OwnStep, width: number, outputWidth: number = width): void {
    this.source.inputShape ??= [width];
    this.#push(step);
    this.width = outputWidth;
    this.dims = [outputWidth];
  }

  /** A layer of images that makes images; it says what of. */
  addImages(step: OwnStep, fail: Fail, isProduct = false): void {
    const [height, width, channels] = ownShape(step, this.ownDims, fail);
    this.#push(step);
    this.layout = 'first';
    this.setImages([channels, height, width], fail);
    if (isProduct) this.#end = 'product';
  }

  /** Images of this size in the file from here on. */
  setImages(dims: readonly number[], fail: Fail): void {
    const size = elementsOf(dims);
    if (!(size <= MAX_SIZE)) fail(`images of ${show(dims)} have more than ${MAX_SIZE} numbers`);
    this.dims = dims;
    this.width = size;
  }

  /** A layer without parameters; what its result is in the file, the caller knows. */
  addFunction(kind: string, config: Step['config'] = {}): void {
    this.#push({ kind, config, parameters: NONE });
  }

  /** A function of these values, and perhaps of others, that is no layer. */
  compute(kind: string, compute: (...values: Value[]) => Value, others: readonly Reading[] = []): void {
    this.#push({ kind, config: {}, parameters: NONE, compute }, others);
  }

  /**
   * x·W, or with a bias x·W + b: a dense layer, which a bias and an activation that follow at once become
   * part of.
   */
  addProduct(
    weight: { readonly rows: number; readonly columns: number; readonly values: Float32Array },
    bias: Float32Array | undefined,
    name: string | undefined,
  ): void {
    const { rows, columns, values } = weight;
    const own = this.layout === 'flat' ? this.#reordered(values, columns) : values;
    const parameters = new Map([['weight', { shape: [rows, columns], values: own }]]);
    if (bias) parameters.set('bias', { shape: [columns], values: bias });
    const config = { units: columns, activation: 'identity', bias: bias !== undefined };
    this.add({ kind: 'dense', config, parameters, name }, rows, columns);
    this.layout = 'rows';
    this.#end = 'product';
  }

  /** Numbers for each feature of these rows, in our order. */
  ofFeatures(values: Float32Array): Float32Array {
    return this.layout === 'flat' ? this.#reordered(values, 1) : values;
  }

  /**
   * Width of the product without a bias whose result the values at this point are; undefined where they are
   * something else.
   */
  get biasWidth(): number | undefined {
    const { step } = this;
    if (this.#end !== 'product' || !this.alone || step?.config.bias !== false) return undefined;
    return this.layout === 'first' ? this.dims?.[0] : this.width;
  }

  /** Only where `biasWidth` says of which width. */
  addBias(values: Float32Array): void {
    this.#replaceLast(({ config, parameters }) => ({
      config: { ...config, bias: true },
      parameters: new Map([...parameters, ['bias', { shape: [values.length], values }]]),
    }));
  }

  /**
   * Means that are subtracted, one a channel or one a number of a row: a normalization whose deviations, 1 each,
   * may follow at once.
   */
  addMeans(mean: Float32Array): void {
    const shape = [mean.length];
    const parameters = new Map([
      ['mean', { shape, values: mean }],
      ['deviation', { shape, values: new Float32Array(mean.length).fill(1) }],
    ]);
    const step = { kind: 'normalization', config: { channels: mean.length }, parameters };
    if (this.rank === 2) this.add(step, mean.length);
    else this.#push(step);
    this.#end = 'means';
  }

  /** Whether the values at this point are what is left of others without their means. */
  get endsWithMeans(): boolean {
    return this.#end === 'means' && this.alone;
  }

  /** Only where `endsWithMeans`. */
  addDeviations(values: Float32Array): void {
    this.#replaceLast(({ parameters }) => ({
      parameters: new Map([...parameters, ['deviation', { shape: [values.length], values }]]),
    }));
    this.#end = undefined;
  }

  /** Part of the product that it follows at once, where that takes it as it is; else a layer of its own. */
  addActivation(name: string, options: Readonly<Record<string, number>> = {}): void {
    if (this.#end === 'product' && this.alone && Object.keys(options).length === 0) {
      this.#replaceLast(({ config }) => ({ config: { ...config, activation: name } }));
      this.#end = undefined;
    } else this.addFunction('activation', { name, ...options });
  }

  /** Images in a row: rows of numbers, in the file with their channels first. */
  flatten(fail: Fail): void {
    if (this.layout === 'open') this.decide('first', fail);
    const { layout } = this;
    if (layout === 'first' || layout === 'last') {
      const own = this.ownDims;
      const [height, width, channels] = own;
      const isSame = layout === 'last' || channels === 1 || height * width === 1;
      this.addFunction('flatten');
      this.layout = isSame ? 'rows' : 'flat';
      this.image = own;
    } else if (layout === 'pooled') this.layout = 'rows';
    this.rank = 2;
    this.dims = this.width === undefined ? undefined : [this.width];
  }

  /** Rows as the file has them, where they stand in another order here. */
  restoreOrder(): void {
    if (this.layout !== 'flat') return;
    const { image } = this;
    this.compute('restore', (x) => F.flatten(F.transpose(F.reshape(x, image), [0, 3, 1, 2])));
    this.layout = 'rows';
  }

  /** Puts zeros around the image that no layer has taken. */
  settlePadding(): void {
    if (!this.padding) return;
    const [top, left, bottom, right] = this.padding;
    this.padding = undefined;
    this.compute('pad', (x) =>
      pad(x, [
        [top, bottom],
        [left, right],
        [0, 0],
      ]),
    );
  }

  /** Whether the last layer is, or ends with, a sigmoid; one that stands alone would leave no layer. */
  get endsWithSigmoid(): boolean {
    const { kind, config, inputs = [] } = this.step ?? {};
    if (kind === 'activation') return config?.name === 'sigmoid' && inputs[0] !== undefined;
    return config?.activation === 'sigmoid';
  }

  /** Only where `endsWithSigmoid`. */
  dropSigmoid(): void {
    const { step } = this;
    if (step?.kind === 'activation') [this.step] = step.inputs;
    else this.#replaceLast(({ config }) => ({ config: { ...config, activation: 'identity' } }));
  }

  /** Whether these values are the sigmoid of those, and nothing but. */
  isSigmoidOf({ step }: Reading): boolean {
    const { kind, config, inputs } = this.step ?? {};
    return kind === 'activation' && config?.name === 'sigmoid' && inputs?.[0] === step;
  }

  #push(step: OwnStep, others: readonly Reading[] = []): void {
    this.#knowInput();
    this.step = { ...step, inputs: [this.step, ...others.map((own) => own.step)] };
    this.#end = undefined;
  }

  /** Of rows whose width the file does not say, the first layer that has weights does; of images `decide`. */
  #knowInput(): void {
    if (!this.step && this.width !== undefined && this.layout !== 'open')
      this.source.inputShape ??= this.ownDims;
  }

  #replaceLast(change: (step: Step) => Partial<Step>): void {
    const step = this.step as Step;
    this.step = { ...step, ...change(step) };
  }

  /** Rows of a matrix for values of a flat image, in our order. */
  #reordered(values: Float32Array, columns: number): Float32Array {
    const [height, width, channels] = this.image;
    return permuted(values, [channels, height, width, columns], [1, 2, 0, 3]);
  }
}

const NONE: Step['parameters'] = new Map();

/** The shape of what a layer makes of a row of this one. */
function ownShape(step: OwnStep, dims: readonly number[], fail: Fail): readonly number[] {
  try {
    return makeLayer({ kind: step.kind, ...step.config }, 0)(input(dims)).shape.dims;
  } catch (error) {
    if (!(error instanceof LanegradError)) throw error;
    return fail(error.message, error);
  }
}
