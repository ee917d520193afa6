/** What may be done to images before each step of training: as options, as words, and as JSON. */
import { isPlainObject } from '../../base/arrays.js';
import { LanegradError, OptionError, show } from '../../base/errors.js';
import { didYouMean, OptionReader } from '../../base/options.js';
import type { Kind } from '../../base/settings.js';

/**
 * How images are changed at random each time that they are trained on. All of it is drawn from the seed, the
 * epoch and the image's place in its set: a run that goes on draws what it would have drawn. Images are moved
 * and turned first, then made brighter or darker, then covered, and mixed at last.
 */
export interface AugmentOptions {
  /** Moves the image by up to so many whole pixels in each direction. */
  shift?: number;
  /** Puts so many pixels around the image and cuts one of its size out, which moves it by up to as many. */
  crop?: number | { padding: number };
  /** Mirrors every second image, left to right, upside down, or each of both with even chances. */
  flip?: true | 'horizontal' | 'vertical' | 'both';
  /** Turns the image about its middle by up to so many degrees; pixels are interpolated linearly. */
  rotate?: number;
  /** Multiplies the distance of each value from the image's mean by 1 - contrast to 1 + contrast; below 1. */
  contrast?: number;
  /** Adds up to this share of the range of values, 255 for bytes and 1 for floats; at most 1. */
  brightness?: number;
  /** Covers a square of so many pixels a side, somewhere, with zeros. */
  cutout?: number;
  /**
   * Mixes images, and their answers, in pairs: a share of one and the rest of the other, the share drawn from
   * Beta(mixup, mixup). Above 0, at most 1 (H. Zhang et al. 2018); 0.2 is usual.
   */
  mixup?: number;
  /** What comes in from beyond the edges: 'zero' by default, or the nearest pixel. */
  fill?: 'zero' | 'edge';
}

/** The same, read: those that change anything, as checkpoints keep them. */
export interface AugmentConfig {
  readonly shift?: number;
  readonly crop?: number;
  readonly flip?: 'horizontal' | 'vertical' | 'both';
  readonly rotate?: number;
  readonly contrast?: number;
  readonly brightness?: number;
  readonly cutout?: number;
  readonly mixup?: number;
  readonly fill?: 'edge';
}

const FLIPS = ['horizontal', 'vertical', 'both'] as const;
const FILLS = ['zero', 'edge'] as const;
const KEYS = [
  ...(['shift', 'crop', 'flip', 'rotate', 'contrast', 'brightness', 'cutout', 'mixup', 'fill'] as const),
];

/** Throws OptionError for what is none of these options, or out of its range. */
export function readAugment(where: string, given: unknown): AugmentConfig {
  if (!isPlainObject(given)) {
    const expected = 'expected an object such as { shift: 2, flip: "horizontal" }';
    throw new OptionError(where, `option augment: ${expected}, given ${show(given)}`);
  }
  const reader = new OptionReader(`${where}, augment`, given);
  const pixels = { min: 0, max: 4096 };
  const { crop } = given as AugmentOptions;
  const all = {
    shift: reader.integer('shift', pixels, 0),
    crop: isPlainObject(crop) ? readPadding(where, reader.any('crop')) : reader.integer('crop', pixels, 0),
    flip: reader.optional('flip', `true, or one of ${FLIPS.join(', ')}`, isFlip),
    rotate: reader.number('rotate', { min: 0, max: 180 }, 0),
    contrast: reader.number('contrast', { min: 0, below: 1 }, 0),
    brightness: reader.number('brightness', { min: 0, max: 1 }, 0),
    cutout: reader.integer('cutout', pixels, 0),
    mixup: reader.number('mixup', { min: 0, max: 1 }, 0),
    fill: reader.oneOf('fill', FILLS, 'zero'),
  };
  reader.end();
  const flip = all.flip === true ? 'horizontal' : all.flip;
  const set = Object.entries({ ...all, flip }).filter(([, value]) => value !== 0 && value !== undefined);
  return Object.fromEntries(set.filter(([, value]) => value !== 'zero'));
}

function readPadding(where: string, given: unknown): number {
  const reader = new OptionReader(`${where}, augment, crop`, given);
  const padding = reader.integer('padding', { min: 0, max: 4096 });
  reader.end();
  return padding;
}

function isFlip(value: unknown): value is true | 'horizontal' | 'vertical' | 'both' {
  return value === true || FLIPS.some((name) => name === value);
}

/** `shift 2, flip, rotate 10` as options. Throws OptionError, with the word at fault. */
export function parseAugment(text: string): AugmentConfig {
  const where = 'augment';
  const given: Record<string, unknown> = {};
  for (const part of text.split(',')) {
    const [key, ...rest] = part.trim().split(/\s+/);
    if (!KEYS.some((name) => name === key) || rest.length > 1) {
      const known = `expected some of ${KEYS.join(', ')}, each with its value`;
      throw new OptionError(where, `${known}, given ${show(part.trim())}${didYouMean(key, KEYS)}`);
    }
    if (Object.hasOwn(given, key)) throw new OptionError(where, `${key} is given twice`);
    if (rest.length === 0 && key !== 'flip') {
      throw new OptionError(where, `expected a value behind ${key}, such as ${key} ${EXAMPLES[key]}`);
    }
    const [word] = rest;
    given[key] = word === undefined ? true : /^[\d.]+$/.test(word) ? Number(word) : word;
  }
  return readAugment('train', given);
}

const EXAMPLES: Readonly<Record<string, string>> = {
  ...{ shift: '2', crop: '4', rotate: '10', contrast: '0.2', brightness: '0.1' },
  ...{ cutout: '8', mixup: '0.2', fill: 'edge' },
};

/** As a setting: words on the command line, an object in JSON. */
export function augmentKind(): Kind<AugmentConfig> {
  const attempt = (read: () => AugmentConfig) => {
    try {
      return read();
    } catch (error) {
      if (error instanceof LanegradError) return undefined;
      throw error;
    }
  };
  return {
    expected: `some of ${KEYS.join(', ')}, such as "shift 2, flip, rotate 10, mixup 0.2"`,
    placeholder: '<changes>',
    parse: (text) => attempt(() => parseAugment(text)),
    read: (json) => attempt(() => readAugment('settings', json)),
  };
}
