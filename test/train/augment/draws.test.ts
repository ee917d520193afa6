/** Random changes of single images: where pixels go, how they look, and what is drawn for them. */
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { OptionError } from '../../../src/base/errors.js';
import { createEngine } from '../../../src/create/engine.js';
import { createReferenceEngine } from '../../../src/create/reference.js';
import { type Dataset, dataset } from '../../../src/data/dataset.js';
import { exp } from '../../../src/nn/exact-math.js';
import { gatherRows } from '../../../src/ops/gather.js';
import { Augmenter } from '../../../src/train/augment/augmenter.js';
import { betaShare } from '../../../src/train/augment/draw.js';
import { Geometry, type Placing } from '../../../src/train/augment/geometry.js';
import {
  type AugmentConfig,
  augmentKind,
  parseAugment,
  readAugment,
} from '../../../src/train/augment/options.js';

const strict = await createEngine({ math: 'strict' });
afterAll(() => strict.dispose());

const [SIZE, HEIGHT, WIDTH] = [40, 7, 6];

/** Images of no two equal pixels' neighbourhoods, of bytes or floats. */
function images(channels = 1, { bytes = true, scale = 1 / 255, offset = 0 } = {}): Dataset {
  const values = Uint8Array.from(
    { length: SIZE * HEIGHT * WIDTH * channels },
    (_, i) => 1 + ((i * 89) % 255),
  );
  return dataset({
    ...(bytes ? { inputs: values, scale, offset } : { inputs: Float32Array.from(values) }),
    imageShape: [HEIGHT, WIDTH, channels],
    labels: Array.from({ length: SIZE }, (_, i) => i % 2),
  });
}

/** Rows as an augmenter makes them. */
function draw(
  set: Dataset,
  config: AugmentConfig,
  { seed = 1, epoch = 0, from = 0, rows = SIZE, order = (i: number) => i, engine = strict } = {},
): Float32Array[] {
  const arena = engine.arena();
  const indices = arena.tensor('u32', [SIZE]).write(Array.from({ length: SIZE }, (_, i) => order(i)));
  const y = arena.tensor('float', [rows, set.width]);
  const augmenter = new Augmenter('test', set, config, seed);
  augmenter.epoch = epoch;
  augmenter.load(y, undefined, indices, from);
  const values = Float32Array.from(y.read());
  arena.dispose();
  return Array.from({ length: rows }, (_, row) => values.slice(row * set.width, (row + 1) * set.width));
}

/** Rows as they are without. */
function plain(set: Dataset): Float32Array[] {
  const arena = strict.arena();
  const bytes = set.inputs instanceof Uint8Array;
  const x = arena.tensor(bytes ? 'u8' : 'float', [SIZE, set.width]).write(set.inputs);
  const indices = arena.tensor('u32', [SIZE]).write(Array.from({ length: SIZE }, (_, i) => i));
  const y = arena.tensor('float', [SIZE, set.width]);
  gatherRows({ y, from: x, indices, scale: set.scale, offset: set.offset })(0);
  const values = y.read();
  arena.dispose();
  return Array.from(
    { length: SIZE },
    (_, row) => values.slice(row * set.width, (row + 1) * set.width) as Float32Array,
  );
}

describe('images', () => {
  test.each([
    ['grey bytes', images()],
    ['bytes in colour', images(3)],
    ['bytes on another scale', images(1, { scale: 0.3, offset: -1.7 })],
    ['floats', images(3, { bytes: false })],
  ])('that nothing changes are those that kernels gather: %s', (_, set) => {
    expect(draw(set, {})).toEqual(plain(set));
    expect(draw(set, { fill: 'edge' })).toEqual(plain(set));
  });

  test('are moved by whole pixels, each way as often, and no further', () => {
    for (const config of [{ shift: 2 }, { crop: 2 }]) {
      const seen = new Map<string, number>();
      for (let epoch = 0; epoch < 50; epoch++) {
        for (const [row, image] of draw(images(), config, { epoch }).entries()) {
          const found: string[] = [];
          for (let down = -3; down <= 3; down++) {
            for (let right = -3; right <= 3; right++) {
              if (isMoved(image, plain(images())[row], down, right)) found.push(`${down},${right}`);
            }
          }
          expect(found).toHaveLength(1);
          seen.set(found[0], (seen.get(found[0]) ?? 0) + 1);
        }
        if (epoch > 2 && seen.size === 25) break;
      }
      expect(seen.size).toBe(25);
    }
  });

  test('are mirrored half of the time', () => {
    const set = images(3);
    const before = plain(set);
    const mirrored = (image: Float32Array, upsideDown: boolean) =>
      Float32Array.from(image, (_, i) => {
        const [y, x, c] = [Math.floor(i / (3 * WIDTH)), Math.floor(i / 3) % WIDTH, i % 3];
        return image[(upsideDown ? (HEIGHT - 1 - y) * WIDTH + x : y * WIDTH + WIDTH - 1 - x) * 3 + c];
      });
    let count = 0;
    for (let epoch = 0; epoch < 10; epoch++) {
      for (const [row, image] of draw(set, { flip: 'horizontal' }, { epoch }).entries()) {
        const isMirrored = image[0] !== before[row][0];
        expect(image).toEqual(isMirrored ? mirrored(before[row], false) : before[row]);
        count += Number(isMirrored);
      }
      for (const [row, image] of draw(set, { flip: 'vertical' }, { epoch }).entries()) {
        expect([before[row], mirrored(before[row], true)]).toContainEqual(image);
      }
    }
    // 400 throws: five standard deviations.
    expect(Math.abs(count - 200)).toBeLessThan(50);
    const four = draw(set, { flip: 'both' }).map((image, row) =>
      [
        before[row],
        mirrored(before[row], false),
        mirrored(before[row], true),
        mirrored(mirrored(before[row], true), false),
      ].findIndex((own) => own.every((value, i) => value === image[i])),
    );
    expect(new Set(four)).toEqual(new Set([0, 1, 2, 3]));
  });

  test('keep their mean with another contrast, and stay within the range of bytes', () => {
    const set = images(3, { bytes: false });
    const mean = (image: Float32Array) => image.reduce((sum, value) => sum + value, 0) / image.length;
    const before = plain(set);
    for (const [row, image] of draw(set, { contrast: 0.5 }).entries()) {
      expect(mean(image)).toBeCloseTo(mean(before[row]), 3);
      const factor = (image[0] - mean(image)) / (before[row][0] - mean(before[row]));
      expect(factor).toBeGreaterThanOrEqual(0.499);
      expect(factor).toBeLessThanOrEqual(1.501);
    }
    for (const [row, image] of draw(set, { brightness: 0.25 }).entries()) {
      const terms = image.map((value, i) => value - before[row][i]);
      expect(Math.abs(terms[0])).toBeLessThanOrEqual(0.25);
      expect(Math.max(...terms) - Math.min(...terms)).toBeLessThan(1e-4);
    }
    const bytes = draw(images(), { contrast: 0.9, brightness: 1 }).flatMap((image) => [...image]);
    expect([Math.min(...bytes), Math.max(...bytes)]).toEqual([0, 1]);
  });

  test('are covered by one square', () => {
    const before = plain(images());
    const sizes = draw(images(), { cutout: 3 }).map((image, row) => {
      const covered = [...image.keys()].filter((i) => image[i] === 0);
      for (const i of image.keys()) if (image[i] !== 0) expect(image[i]).toBe(before[row][i]);
      const [ys, xs] = [covered.map((i) => Math.floor(i / WIDTH)), covered.map((i) => i % WIDTH)];
      const [high, wide] = [ys, xs].map((all) => Math.max(...all) - Math.min(...all) + 1);
      expect(covered.length).toBe(high * wide);
      expect([high <= 3, wide <= 3]).toEqual([true, true]);
      return covered.length;
    });
    expect(Math.max(...sizes)).toBe(9);
  });

  test('are mixed in pairs, each with more of its own', () => {
    const before = plain(images());
    const after = draw(images(), { mixup: 1 }, { rows: 39 });
    const shares = after.map((image, row) => {
      const [own, other] = [before[row], before[38 - row]];
      const at = own.findIndex((value, i) => Math.abs(value - other[i]) > 0.3);
      if (row === 19) return image.every((value, i) => value === own[i]) ? 1 : Number.NaN;
      const share = (image[at] - other[at]) / (own[at] - other[at]);
      for (const [i, value] of image.entries()) {
        expect(Math.abs(value - (share * own[i] + (1 - share) * other[i]))).toBeLessThan(1e-5);
      }
      return share;
    });
    expect(shares[19]).toBe(1);
    for (const [row, share] of shares.entries()) {
      expect(share).toBeGreaterThanOrEqual(0.4999);
      expect(share).toBeCloseTo(shares[38 - row], 4);
    }
    expect(new Set(shares.map((share) => share.toFixed(3))).size).toBeGreaterThan(15);
  });
});

function isMoved(image: Float32Array, before: Float32Array, down: number, right: number): boolean {
  return image.every((value, i) => {
    const [y, x] = [Math.floor(i / WIDTH) - down, (i % WIDTH) - right];
    return value === (y >= 0 && y < HEIGHT && x >= 0 && x < WIDTH ? before[y * WIDTH + x] : 0);
  });
}

const everything: AugmentConfig = {
  ...{ shift: 1, crop: 1, flip: 'both', rotate: 30, contrast: 0.3, brightness: 0.2 },
  ...{ cutout: 2, fill: 'edge' },
};

describe('what is drawn', () => {
  test('depends on seed, epoch and place in the set, and not on the batch or the order', () => {
    const set = images(3);
    const all = draw(set, everything);
    expect(draw(set, everything)).toEqual(all);
    expect(draw(set, everything, { from: 11, rows: 5 })).toEqual(all.slice(11, 16));
    expect(draw(set, everything, { order: (i) => SIZE - 1 - i })).toEqual([...all].reverse());
    for (const other of [{ seed: 2 }, { epoch: 1 }, { seed: 2 ** 40 + 1 }]) {
      const changed = draw(set, everything, other).filter((image, row) =>
        image.some((v, i) => v !== all[row][i]),
      );
      expect(changed.length).toBe(SIZE);
    }
  });

  test('is the same in the reference, of float64 too', () => {
    const set = images(3);
    const all = draw(set, { ...everything, mixup: 0.4 });
    for (const precision of ['float32', 'float64'] as const) {
      const engine = createReferenceEngine({ precision });
      expect(draw(set, { ...everything, mixup: 0.4 }, { engine })).toEqual(all);
      engine.dispose();
    }
  });

  test.each([0.1, 0.4, 1])('as a share has the moments of Beta(%d, %d)', (alpha) => {
    let sum = 0;
    const count = 20_000;
    for (let i = 0; i < count; i++) {
      const share = betaShare(alpha, 7, 3, i, 3);
      expect(share >= 0.5 && share <= 1).toBe(true);
      sum += share * (1 - share);
    }
    // E[λ(1 - λ)] = α / (2(2α + 1)), whichever of both is taken.
    expect(sum / count).toBeCloseTo(alpha / (2 * (2 * alpha + 1)), 2);
  });

  test('exponentials are those of Math.exp', () => {
    for (let i = 0; i <= 4000; i++) {
      const x = -i / 7;
      expect(Math.abs(exp(x) - Math.exp(x))).toBeLessThanOrEqual(4e-16 * Math.exp(x));
    }
    expect([exp(0), exp(-800), exp(Number.NEGATIVE_INFINITY)]).toEqual([1, 0, 0]);
  });
});

/** The same by the definition: every pixel of the new image is looked up in the old one. */
function turned(from: Float32Array, placing: Placing, channels: number, edge: boolean): number[] {
  const { right, down, flipX, flipY, angle } = placing;
  const radians = (angle * Math.PI) / 180;
  const [cosine, sine] = [Math.cos(radians), Math.sin(radians)];
  const at = (y: number, x: number, c: number) => {
    const [row, column] = [Math.min(Math.max(y, 0), HEIGHT - 1), Math.min(Math.max(x, 0), WIDTH - 1)];
    const inside = row === y && column === x;
    return inside || edge ? from[(row * WIDTH + column) * channels + c] : 0;
  };
  return Array.from({ length: HEIGHT * WIDTH * channels }, (_, i) => {
    const [y, x, c] = [Math.floor(i / channels / WIDTH), Math.floor(i / channels) % WIDTH, i % channels];
    const [u, v] = [x - (WIDTH - 1) / 2 - right, y - (HEIGHT - 1) / 2 - down];
    const [turnedX, turnedY] = [cosine * u + sine * v, cosine * v - sine * u];
    const sourceX = (flipX ? -turnedX : turnedX) + (WIDTH - 1) / 2;
    const sourceY = (flipY ? -turnedY : turnedY) + (HEIGHT - 1) / 2;
    const [column, row] = [Math.floor(sourceX), Math.floor(sourceY)];
    const [shareX, shareY] = [sourceX - column, sourceY - row];
    const line = (y: number) => at(y, column, c) * (1 - shareX) + at(y, column + 1, c) * shareX;
    return line(row) * (1 - shareY) + line(row + 1) * shareY;
  });
}

test('images are turned as by the definition', () => {
  const placings = fc.record({
    right: fc.integer({ min: -3, max: 3 }),
    down: fc.integer({ min: -3, max: 3 }),
    flipX: fc.boolean(),
    flipY: fc.boolean(),
    angle: fc.double({ min: -180, max: 180, noNaN: true }),
  });
  fc.assert(
    fc.property(placings, fc.constantFrom(1, 3), fc.boolean(), (placing, channels, edge) => {
      const size = HEIGHT * WIDTH * channels;
      // The second of two images.
      const from = Float32Array.from({ length: 2 * size }, (_, i) => ((i * 37) % 101) / 10);
      const to = new Float32Array(size);
      const rotate = Math.max(1, Math.abs(placing.angle));
      const geometry = new Geometry({ height: HEIGHT, width: WIDTH, channels, reach: 3, rotate, edge });
      // What the image before left behind does not matter.
      geometry.place(
        to,
        from.map(() => 9),
        0,
        placing,
      );
      geometry.place(to, from, size, placing);
      const expected = turned(from.slice(size), placing, channels, edge);
      for (const [i, value] of to.entries()) expect(Math.abs(value - expected[i])).toBeLessThan(2e-5);
    }),
    { numRuns: 300 },
  );
});

describe('options', () => {
  test('are read from objects and from words alike', () => {
    const config = {
      shift: 2,
      crop: 4,
      flip: 'horizontal',
      rotate: 10,
      contrast: 0.2,
      mixup: 0.2,
      fill: 'edge',
    };
    const given = { ...config, flip: true as const, crop: { padding: 4 }, cutout: 0, brightness: 0 };
    expect(readAugment('fit', given)).toEqual(config);
    const words = 'shift 2, crop 4,flip, rotate 10, contrast 0.2, mixup 0.2, fill edge, cutout 0';
    expect(parseAugment(words)).toEqual(config);
    expect(augmentKind().parse(words)).toEqual(config);
    expect(augmentKind().read(config)).toEqual(config);
    expect(parseAugment('flip both')).toEqual({ flip: 'both' });
    expect([augmentKind().parse('shift'), augmentKind().read({ shift: -1 }), augmentKind().read(3)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  test.each([
    ['shfit 2', /given "shfit 2"; did you mean "shift"\?/],
    ['shift', /expected a value behind shift, such as shift 2/],
    ['shift 2 3', /given "shift 2 3"/],
    ['shift 2, shift 3', /shift is given twice/],
    ['flip sideways', /option flip: expected true, or one of horizontal, vertical, both/],
    ['rotate 200', /option rotate: expected a finite number, at least 0 and at most 180/],
    ['mixup 2', /option mixup/],
    ['contrast 1', /option contrast/],
    ['shift 1.5', /option shift: expected a whole number/],
    ['', /given ""/],
  ])('refuse %j', (words, message) => {
    expect(() => parseAugment(words)).toThrow(OptionError);
    expect(() => parseAugment(words)).toThrow(message);
  });

  test('refuse what no image of this size can do, and what is no image', () => {
    const make = (config: AugmentConfig, set = images()) => new Augmenter('fit', set, config, 1);
    expect(() => make({ shift: 4, crop: 2 })).toThrow(
      /expected shift and crop below 6, as the images are of 7x6, given 6/,
    );
    expect(() => make({ cutout: 6 })).toThrow(/expected cutout below 6/);
    const { imageShape: _, ...flat } = images();
    expect(() => make({ shift: 1 }, flat)).toThrow(/"data" is not of images: it has no imageShape/);
    const [a, b] = [images(), images()];
    const several = dataset({
      inputs: { a: { values: a.inputs, shape: [7, 6] }, b: { values: b.inputs, shape: [7, 6] } },
      labels: a.labels,
    });
    expect(() => make({ shift: 1 }, several)).toThrow(/has several inputs/);
    const broken = images(1, { bytes: false });
    (broken.inputs as Float32Array)[50] = Number.NaN;
    expect(() => make({ shift: 1 }, broken)).toThrow(
      /input at row 1, column 8: expected a finite number, given NaN/,
    );
  });
});
