/** The section on the network: the table of its layers, filters and feature maps as pictures. */
import { describe, expect, it } from 'vitest';
import { renderReport } from '../../src/report/index.js';
import type { FeatureMaps, Filters, NetworkReport } from '../../src/report/network.js';
import { shrunk } from '../../src/report/tiles.js';
import { picturesOf } from './pictures.js';
import { NO_UPLOT, sampleEvaluation, sampleReport } from './sample.js';

const layer = (name: string, kind: string, shape: number[], parameters: number, multiplyAdds: number) => ({
  ...{ name, kind, options: kind === 'conv2d' ? 'size 3' : '', inputSize: 1, outputSize: 1, shape },
  ...{ parameters, buffers: 0, multiplyAdds },
});
const network: NetworkReport = {
  layers: [layer('0', 'conv2d', [26, 26, 8], 80, 48672), layer('1', 'flatten', [5408], 0, 0)],
  multiplyAdds: 48672,
};
const render = (parts: Partial<NetworkReport>) =>
  renderReport(sampleReport({ network: { ...network, ...parts } }), NO_UPLOT);
const filters = (shape: readonly number[], values: number[]): Filters => ({
  ...{ layer: '0', kind: 'conv2d', shape, values: Float32Array.from(values) },
});

describe('the table of layers', () => {
  it('says shapes, parameters and multiply-adds', () => {
    const page = render({});
    expect(page).toContain('<section id="network"><h2>Network</h2>');
    expect(page).toContain('<a href="#network">Network</a>');
    expect(page).toMatch(/48,672 in all/);
    expect(page).toMatch(
      /<th scope="row">0<\/th><td class="text">conv2d<\/td><td class="text">size 3<\/td><td>26 × 26 × 8<\/td><td>80<\/td><td>48,672<\/td>/,
    );
    expect(page).toMatch(/<td>5408<\/td><td>–<\/td><td>–<\/td>/);
    expect(picturesOf(page)).toEqual([]);
    expect(page).not.toContain('Filters of layer');
  });

  it('has no column of options where there are none', () => {
    const page = render({ layers: [layer('<b>', '<b>', [], 3, 0)] });
    expect(page).toContain('<th scope="row">&lt;b&gt;</th><td class="text"></td><td>1</td>');
    expect(page).not.toContain('>Options<');
  });
});

describe('filters', () => {
  it('of one channel are grey, each over its own range, 0 in the middle', () => {
    // Two filters of 1 x 2: [-1, 0.5] and [2, 1].
    const shown = picturesOf(render({ filters: filters([1, 2, 1, 2], [-1, 2, 0.5, 1]) }));
    expect(shown.map(({ words, channels }) => [words, channels])).toEqual([
      ['Filter 0', 1],
      ['Filter 1', 1],
    ]);
    expect(shown.map(({ pixels }) => [...pixels])).toEqual([
      [0, 191],
      [255, 191],
    ]);
  });

  it('of three channels are in colour, and of others the mean', () => {
    const [colour] = picturesOf(render({ filters: filters([1, 2, 3, 1], [1, 0, -1, 0.5, 0, 0]) }));
    expect(colour).toMatchObject({ height: 1, width: 2, channels: 3 });
    expect([...colour.pixels]).toEqual([255, 128, 0, 191, 128, 128]);
    const page = render({ filters: filters([2, 1, 2, 1], [1, 3, -1, -3]) });
    expect([...picturesOf(page)[0].pixels]).toEqual([255, 0]);
    expect(page).toContain('of 2 channels each pixel is the mean');
  });

  it('are 64 at most, and zeros are grey', () => {
    const page = render({ filters: filters([3, 3, 1, 100], new Array(900).fill(0)) });
    const shown = picturesOf(page);
    expect(shown).toHaveLength(64);
    expect(shown[63].pixels).toEqual(new Uint8Array(9).fill(128));
    expect(page).toContain('The first 64 of 100 filters of 3 × 3 pixels');
  });
});

describe('feature maps', () => {
  const image = { height: 2, width: 2, channels: 1, values: Uint8Array.of(0, 100, 200, 50) } as const;
  const maps = (layers: FeatureMaps['layers']): FeatureMaps => ({
    name: 'the first test image',
    image,
    layers,
  });

  it('stand behind the image, the strongest channels first', () => {
    // Channels of 1 x 2 pixels: [0, 1], [4, 2], [-3, 1.5].
    const values = Float32Array.of(0, 4, -3, 1, 2, 1.5);
    const page = render({ features: maps([{ layer: '2', kind: 'conv2d', shape: [1, 2, 3], values }]) });
    const [seen, ...shown] = picturesOf(page);
    // Bytes are shown as they are.
    expect([...seen.pixels]).toEqual([0, 100, 200, 50]);
    expect(shown.map(({ words, pixels }) => [words, ...pixels])).toEqual([
      ['Channel 1 of layer 2', 255, 128],
      ['Channel 2 of layer 2', 0, 191],
      ['Channel 0 of layer 2', 0, 255],
    ]);
    expect(page).toContain('<h4>Layer 2, conv2d <span>3\u00a0channels, 1 × 2</span></h4>');
  });

  it('are twelve of each of eight layers at most, the last among them', () => {
    const layers = Array.from({ length: 20 }, (_, i) => ({
      ...{ layer: String(i), kind: 'conv2d', shape: [2, 2, 30], values: new Float32Array(120).fill(i) },
    }));
    const page = render({ features: maps(layers) });
    expect(picturesOf(page)).toHaveLength(1 + 8 * 12);
    const names = [...page.matchAll(/<h4>Layer (\d+)/g)].map(([, name]) => Number(name));
    expect([names.length, names[0], names[7]]).toEqual([8, 0, 19]);
    expect(page).toContain(', 8 of 20 convolutions:');
    expect(page).toContain('12 of 30\u00a0channels, 2 × 2');
  });

  it('and images that are large are made smaller', () => {
    const values = Float32Array.from({ length: 130 * 200 }, (_, i) => Math.floor(i / 200));
    const page = render({ features: maps([{ layer: '0', kind: 'conv2d', shape: [130, 200, 1], values }]) });
    const [, map] = picturesOf(page);
    expect([map.height, map.width]).toEqual([33, 50]);
    // The last row of four is half one: of lines 128 and 129.
    expect(map.pixels[0]).toBe(Math.round((255 * 1.5) / 128.5));
    expect(map.pixels.at(-1)).toBe(255);
    const colours = shrunk(
      { height: 1, width: 4, channels: 3, values: [1, 2, 3, 3, 4, 5, 7, 8, 9, 9, 8, 7] },
      2,
    );
    expect(colours).toMatchObject({ height: 1, width: 2, channels: 3 });
    expect([...(colours.values as Float64Array)]).toEqual([2, 3, 4, 8, 8, 8]);
  });
});

describe('the most wrong images', () => {
  const test = sampleEvaluation(2, [0, 1], [1, 1]);
  const gallery = (height: number, width: number, channels: 1 | 3, pixels: Uint8Array) =>
    picturesOf(
      renderReport(
        sampleReport({
          test,
          testSet: {
            ...{ labels: Int32Array.of(0, 1), classNames: ['a', 'b'] },
            images: { pixels, height, width, channels },
          },
        }),
        NO_UPLOT,
      ),
    );

  it('are in colour where they have any, and as they are', () => {
    const pixels = Uint8Array.from({ length: 24 }, (_, i) => i * 10);
    const [first, ...others] = gallery(2, 2, 3, pixels);
    expect(others).toEqual([]);
    expect(first).toMatchObject({ words: 'Test image 0', channels: 3 });
    expect(first.pixels).toEqual(pixels.slice(0, 12));
  });

  it('of photographs are smaller', () => {
    const [first] = gallery(240, 320, 3, new Uint8Array(2 * 240 * 320 * 3).fill(77));
    expect([first.height, first.width]).toEqual([80, 107]);
    expect(first.pixels.every((value) => value === 77)).toBe(true);
  });
});
