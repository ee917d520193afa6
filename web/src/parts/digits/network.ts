/** Models and optimizers of the settings, and what of a model can be shown. */
import {
  adam,
  conv2d,
  dense,
  flatten,
  isSequential,
  maxPool2d,
  type Network,
  type Optimizer,
  rmsprop,
  type Sequential,
  sequential,
  sgd,
} from 'lanegrad';
import type { Settings } from './settings.js';

export function buildModel(settings: Settings, seed = 1): Sequential {
  const { network, hidden, second, activation } = settings;
  if (network === 'conv') return buildConvolutional(settings, seed);
  const units = second > 0 ? [hidden, second] : [hidden];
  return sequential(784, [...units.map((each) => dense(each, { activation })), dense(10)], { seed });
}

function buildConvolutional({ filters, hidden, activation }: Settings, seed: number): Sequential {
  const options = { padding: 'same', activation } as const;
  const layers = [
    ...[conv2d(filters, 5, options), maxPool2d(2)],
    ...[conv2d(2 * filters, 3, options), maxPool2d(2)],
    ...[flatten(), dense(hidden, { activation }), dense(10)],
  ];
  return sequential([28, 28, 1], layers, { seed });
}

/** Of settings that have the same: training goes on with the model at hand. */
export function shapeOf({ network, filters, hidden, second, activation }: Settings): string {
  return network === 'conv' ? `conv ${filters} ${hidden} ${activation}` : `${hidden} ${second} ${activation}`;
}

/** Whether it reads images of 28 by 28 pixels and tells ten classes apart. */
export function readsDigits(model: Network): model is Sequential {
  return isSequential(model) && model.inputSize === 784 && model.outputSize === 10;
}

/** Widths of the layers that learn: `784-256-10`, of convolutions their channels. */
export function titleOf(model: Network): string {
  if (!isSequential(model)) return 'another form';
  const learns = model.layers.flatMap(({ kind }, i) => (/^dense$|conv/i.test(kind) ? [i + 1] : []));
  return [model.inputSize, ...learns.map((i) => model.shapes[i].at(-1))].join('-');
}

/** What of a model is drawn: the first weights, pixels over units, and what convolutions give. */
export interface Drawable {
  /** The parameter, and the pixels a side of one unit or filter. */
  readonly weights?: { readonly name: string; readonly side: number };
  readonly convolutions: readonly {
    readonly layer: string;
    readonly side: number;
    readonly channels: number;
  }[];
}

export function drawableOf({ layers, shapes, parameters }: Sequential): Drawable {
  const convolutions = layers.flatMap(({ kind }, i) => {
    const [height, width, channels] = shapes[i + 1];
    const isSquare = kind === 'conv2d' && height === width;
    return isSquare ? [{ layer: String(i), side: height, channels }] : [];
  });
  const first = parameters.find(({ name }) => name.endsWith('.weight'));
  const sides = first && sideOf(first.shape);
  return { convolutions, ...(first && sides && { weights: { name: first.name, side: sides } }) };
}

/** Of a weight that looks at a square of grey pixels. */
function sideOf(shape: readonly number[]): number | undefined {
  if (shape.length === 2) return shape[0] === 784 ? 28 : undefined;
  const [height, width, channels] = shape;
  return shape.length === 4 && height === width && channels === 1 ? height : undefined;
}

const optimizers: Record<string, (rate: number) => Optimizer> = {
  sgd: (learningRate) => sgd({ learningRate }),
  momentum: (learningRate) => sgd({ learningRate, momentum: 0.9 }),
  adam: (learningRate) => adam({ learningRate }),
  rmsprop: (learningRate) => rmsprop({ learningRate }),
};

export function buildOptimizer({ optimizer, rate }: Settings): Optimizer {
  return optimizers[optimizer](rate);
}
