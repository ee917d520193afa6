/**
 * The text form of a network's layers, as `lanegrad train --layers` and config.json have it: layers with
 * commas between them, each a name, its numbers, and words in any order.
 *
 *     conv 32 3 same batchnorm, pool, conv 64 3, pool, flatten, dropout 0.3, dense 128
 *
 * The layer of the outputs is not among them: the data say how many there are.
 */
import { OptionError, ShapeError, show } from '../base/errors.js';
import { didYouMean } from '../base/options.js';
import type { Activation } from '../engine/kernels.js';
import type { PairOption } from '../graph/windows.js';
import { activation as activate, activations } from '../nn/activations.js';
import type { AffineOptions } from '../nn/affine.js';
import { conv2d, depthwiseConv2d, separableConv2d } from '../nn/conv.js';
import { convTranspose2d } from '../nn/conv-transpose.js';
import { dense } from '../nn/dense.js';
import { dropout } from '../nn/dropout.js';
import type { InitializerName } from '../nn/initializers.js';
import type { Layer } from '../nn/layer.js';
import { batchNorm, layerNorm } from '../nn/normalization.js';
import { avgPool2d, globalAvgPool, globalMaxPool, maxPool2d, upsample } from '../nn/pool.js';
import { flatten } from '../nn/reshape.js';
import { parametersOf } from '../nn/sequential.js';

/** What all layers of weights have that do not say otherwise. */
export interface LayerDefaults {
  readonly activation: Activation;
  readonly initializer?: InitializerName | undefined;
}

/** What is for each row: an image, or numbers in a line. */
type Form = 'images' | 'rows';

interface Kind {
  /** What it takes, and what it gives if that is another; any where it is not said. */
  readonly takes?: Form;
  readonly gives?: Form;
  /** The numbers behind its name, `3` or `3x5`, and what those are that may be left out. */
  readonly numbers?: Readonly<Record<string, PairOption | undefined>>;
  /** The words behind these. */
  readonly words?: Readonly<Record<string, Word>>;
  make(given: Given, defaults: LayerDefaults): readonly Layer[];
}

/** Options that a word is for; or the option whose number stands behind it. */
type Word = { readonly sets: Readonly<Record<string, unknown>> } | { readonly number: string };

/** Numbers and options by their names, which the layers check. */
interface Given {
  // biome-ignore lint/suspicious/noExplicitAny: what it is, is checked where it goes
  readonly numbers: Readonly<Record<string, any>>;
  readonly options: Readonly<Record<string, unknown>>;
}

const optionsBy = (...names: string[]): Kind['words'] =>
  Object.fromEntries(names.map((name) => [name, { number: name }]));
const same = { same: { sets: { padding: 'same' } } };
const pooling = { ...same, ...optionsBy('padding', 'stride') };
const weights: Kind['words'] = {
  batchnorm: { sets: { normalised: true } },
  ...Object.fromEntries(activations.map((name) => [name, { sets: { activation: name } }])),
};
const moving = { ...pooling, ...optionsBy('dilation'), ...weights };

/** A convolution of so many channels. */
function convolution(
  make: (channels: number, size: PairOption, options: AffineOptions) => Layer,
  own: string,
): Kind {
  return {
    takes: 'images',
    numbers: { channels: undefined, size: 3 },
    words: { ...moving, ...optionsBy(own) },
    make: (given, defaults) =>
      weighted((options) => make(given.numbers.channels, given.numbers.size, options), given, defaults),
  };
}

function pool(make: typeof maxPool2d): Kind {
  return {
    takes: 'images',
    numbers: { size: 2 },
    words: pooling,
    make: ({ numbers, options }) => [make(numbers.size, options)],
  };
}

/** A layer of weights. Batch norm stands before its activation, and in place of its bias. */
function weighted(
  make: (options: AffineOptions) => Layer,
  { options }: Given,
  defaults: LayerDefaults,
): Layer[] {
  const { initializer, activation: usual } = defaults;
  const { normalised, activation = usual, ...rest } = options as { normalised?: true } & AffineOptions;
  const own = { ...rest, ...(initializer && { weightInitializer: initializer }) };
  if (!normalised) return [make({ ...own, activation })];
  return [
    make({ ...own, bias: false }),
    batchNorm(),
    ...(activation === 'identity' ? [] : [activate(activation)]),
  ];
}

const kinds: Readonly<Record<string, Kind>> = {
  conv: convolution(conv2d, 'groups'),
  depthwise: {
    takes: 'images',
    numbers: { size: 3 },
    words: { ...moving, ...optionsBy('multiplier') },
    make: (given, defaults) => weighted((own) => depthwiseConv2d(given.numbers.size, own), given, defaults),
  },
  separable: convolution(separableConv2d, 'multiplier'),
  convtranspose: convolution(convTranspose2d, 'groups'),
  pool: pool(maxPool2d),
  avgpool: pool(avgPool2d),
  globalpool: { takes: 'images', gives: 'rows', make: () => [globalAvgPool()] },
  globalmaxpool: { takes: 'images', gives: 'rows', make: () => [globalMaxPool()] },
  upsample: {
    takes: 'images',
    numbers: { scale: 2 },
    words: { bilinear: { sets: { mode: 'bilinear' } } },
    make: ({ numbers, options }) => [upsample({ scale: numbers.scale, ...options })],
  },
  flatten: { gives: 'rows', make: () => [flatten()] },
  dense: {
    takes: 'rows',
    numbers: { units: undefined },
    words: weights,
    make: (given, defaults) => weighted((own) => dense(given.numbers.units, own), given, defaults),
  },
  dropout: {
    numbers: { rate: undefined },
    words: { channels: { sets: { channels: true } } },
    make: ({ numbers, options }) => [dropout(numbers.rate, options)],
  },
  batchnorm: { make: () => [batchNorm()] },
  layernorm: { make: () => [layerNorm()] },
  ...Object.fromEntries(activations.map((name) => [name, { make: () => [activate(name)] }])),
};

/** For help: `conv <channels> <size 3>`, and what words there are. */
export function describeKinds(): string {
  return Object.entries(kinds)
    .filter(([name]) => !activations.includes(name as Activation))
    .map(([name, { numbers = {} }]) => {
      const own = Object.entries(numbers).map(
        ([key, usual]) => ` <${key}${usual === undefined ? '' : ` ${usual}`}>`,
      );
      return `${name}${own.join('')}`;
    })
    .join(', ');
}

/** One layer as it was read. */
interface Part extends Given {
  readonly where: string;
  readonly kind: Kind;
}

/**
 * Reads the text. Throws OptionError that says which layer and which word of it is none; what numbers the
 * layers can have is known when they are made.
 */
export function readLayerText(text: string): readonly Part[] {
  return text.split(',').map((own, index) => {
    const [name = '', ...tokens] = own.trim().split(/\s+/);
    const where = `layers, layer ${index + 1}, ${show(own.trim())}`;
    const kind = kinds[find(where, 'a layer', name, Object.keys(kinds))];
    const { numbers: expected = {}, words = {} } = kind;
    const numbers: Record<string, PairOption> = {};
    for (const [key, usual] of Object.entries(expected)) {
      const given = toNumeric(tokens[0]);
      if (given !== undefined) tokens.shift();
      const value = given ?? usual;
      if (value === undefined) throw new OptionError(where, `expected its ${key} behind ${show(name)}`);
      numbers[key] = value;
    }
    const options: Record<string, unknown> = {};
    for (let word = tokens.shift(); word !== undefined; word = tokens.shift()) {
      if (toNumeric(word) !== undefined) {
        const most = Object.keys(expected).join(' and ') || 'no numbers';
        throw new OptionError(where, `expected ${most} behind ${show(name)}, given ${show(word)} besides`);
      }
      const meant = words[find(where, 'a word', word, Object.keys(words))];
      const sets =
        'sets' in meant ? meant.sets : { [meant.number]: numberBehind(where, word, tokens.shift()) };
      for (const [key, value] of Object.entries(sets)) {
        if (Object.hasOwn(options, key)) throw new OptionError(where, `${key} is said twice`);
        options[key] = value;
      }
    }
    return { where, kind, numbers, options };
  });
}

/**
 * The layers of the text, behind images of this shape or rows of numbers, and one that puts what they give in
 * a line if that is not so. Throws OptionError for text that is none, and for layers that cannot take what
 * those before them give.
 */
export function buildLayerText(
  text: string,
  image: readonly number[] | undefined,
  defaults: LayerDefaults,
): Layer[] {
  let now: Form = image ? 'images' : 'rows';
  const layers: Layer[] = [];
  for (const { where, kind, ...given } of readLayerText(text)) {
    if (kind.takes === 'images' && now === 'rows') {
      const why = image ? 'what stands before it gives numbers in a line' : 'the data are no images';
      throw new OptionError(where, `it takes images, but ${why}`);
    }
    if (kind.takes === 'rows' && now === 'images') {
      layers.push(flatten());
      now = 'rows';
    }
    named(where, () => {
      layers.push(...kind.make(given, defaults));
      if (image) parametersOf(where, image, layers);
    });
    now = kind.gives ?? now;
  }
  return now === 'images' ? [...layers, flatten()] : layers;
}

/** What a layer says of its numbers, or of what it is given, in the text's name. */
function named(where: string, make: () => void): void {
  try {
    make();
  } catch (error) {
    if (!(error instanceof OptionError || error instanceof ShapeError)) throw error;
    throw new OptionError(where, error.message, { cause: error });
  }
}

/** The known name that is written so, in letters of either case. */
function find(where: string, what: string, given: string, known: readonly string[]): string {
  const found = known.find((name) => name.toLowerCase() === given.toLowerCase());
  if (found !== undefined) return found;
  const choices = known.length > 0 ? `expected ${what}, one of ${known.join(', ')}` : `expected no words`;
  throw new OptionError(where, `${choices}, given ${show(given)}${didYouMean(given, known)}`);
}

function numberBehind(where: string, word: string, given: string | undefined): PairOption {
  const value = toNumeric(given);
  if (value !== undefined) return value;
  const found = given === undefined ? 'nothing' : show(given);
  throw new OptionError(where, `expected a number behind ${show(word)}, such as ${word} 2, given ${found}`);
}

/** A number or two; undefined for other words. */
function toNumeric(word: string | undefined): PairOption | undefined {
  const [, first, second] = /^(\d+(?:\.\d+)?|\.\d+)(?:x(\d+))?$/.exec(word ?? '') ?? [];
  if (first === undefined) return undefined;
  return second === undefined ? Number(first) : [Number(first), Number(second)];
}
