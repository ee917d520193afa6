/** Files of a page as pictures: by the browser's decoders what Node's read. */
import { readFileSync } from 'node:fs';
import { encode } from 'fast-png';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodePicture } from '../../src/data/images/decode.js';
import { launchChromium, noBrowser } from '../browser.js';
import { chunk, png } from '../data/images/write-png.js';
import { bundle } from './bundle.js';
import { startServer, type WebServer } from './server.js';

interface Given {
  readonly name: string;
  readonly path?: string;
  readonly bytes: readonly number[];
}
interface Read {
  readonly inputs?: readonly number[];
  readonly imageShape?: readonly number[];
  readonly labels?: readonly string[];
  readonly names?: readonly string[];
  readonly skipped?: readonly { readonly path: string; readonly problem: string }[];
  readonly error?: string;
}

const { jpeg } = JSON.parse(
  readFileSync(new URL('../data/images/fixtures.json', import.meta.url), 'utf8'),
) as {
  jpeg: { name: string; file: string }[];
};
const colours = Uint8Array.from({ length: 5 * 4 * 3 }, (_, i) => (i * 41) % 256);
const coloured = encode({ width: 5, height: 4, channels: 3, data: colours });
const given = (name: string, bytes: Uint8Array, path?: string): Given => ({
  name,
  bytes: [...bytes],
  ...(path && { path }),
});

describe.skipIf(noBrowser)('pictures of a page', () => {
  let server: WebServer;
  let browser: Browser;
  let address: string;
  beforeAll(async () => {
    server = await startServer();
    address = server.mount('pictures', {
      from: {
        'index.html':
          '<!doctype html><html lang="en"><title>Pictures</title><h1>Pictures</h1><script type="module" src="page.js"></script>',
        'page.js': `import { imagesFromFiles } from './all.js';\nglobalThis.imagesFromFiles = imagesFromFiles;`,
        'all.js': await bundle('test/web/pages/all.js'),
      },
    });
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  async function read(files: readonly Given[], options: object = {}): Promise<Read> {
    const page = await browser.newPage();
    await page.goto(address);
    await page.waitForFunction(() => 'imagesFromFiles' in globalThis);
    const result = await page.evaluate(
      async ({ files, options }): Promise<Read> => {
        const { imagesFromFiles } = globalThis as unknown as typeof import('../../src/index.js');
        const all = files.map(({ name, path, bytes }) => {
          const file = new File([Uint8Array.from(bytes)], name);
          return path === undefined
            ? file
            : Object.defineProperty(file, 'webkitRelativePath', { value: path });
        });
        try {
          const { pictures, names, skipped } = await imagesFromFiles(all, options);
          const { inputs, imageShape, labels } = pictures;
          return {
            ...{ inputs: [...inputs], imageShape: imageShape as readonly number[], names, skipped },
            ...(labels && { labels }),
          };
        } catch (error) {
          return { error: `${(error as Error).name}: ${(error as Error).message}` };
        }
      },
      { files, options },
    );
    await page.close();
    return result;
  }

  test('have the pixels that Node reads, of PNG to the bit', async () => {
    const clear = png({ depth: 8, colour: 6, perPixel: 4 }, [[10, 20, 30, 255, 10, 20, 30, 0]]);
    for (const file of [
      coloured,
      clear,
      png({ depth: 8, colour: 0 }, [
        [1, 2],
        [3, 200],
      ]),
    ]) {
      const { inputs, imageShape } = await read([given('a.png', file)]);
      const node = await decodePicture(file, 'a.png');
      expect([imageShape, inputs]).toEqual([[node.height, node.width, node.channels], [...node.pixels]]);
    }
    const turned = new Uint8Array(
      Buffer.from(jpeg.find(({ name }) => name === 'orientation 6')!.file, 'base64'),
    );
    const { inputs, imageShape } = await read([given('a.jpg', turned)]);
    const node = await decodePicture(turned, 'a.jpg');
    expect(imageShape).toEqual([node.height, node.width, 3]);
    expect(Math.max(...inputs!.map((value, i) => Math.abs(value - node.pixels[i])))).toBeLessThanOrEqual(4);
  });

  test('have the folders around them as labels, and one size', async () => {
    const files = [
      given('a.png', coloured, 'flowers/rose/a.png'),
      given('.DS_Store', new Uint8Array(3), 'flowers/.DS_Store'),
      given(
        'b.png',
        png({ depth: 8, colour: 0 }, [
          [7, 7],
          [7, 7],
        ]),
        'flowers/tulip/b.png',
      ),
    ];
    const { labels, names, imageShape, inputs } = await read(files, { size: [2, 2] });
    expect([labels, imageShape]).toEqual([
      ['rose', 'tulip'],
      [2, 2, 3],
    ]);
    expect(names).toEqual(['flowers/rose/a.png', 'flowers/tulip/b.png']);
    expect(inputs!.slice(12)).toEqual(new Array(12).fill(7));
    expect((await read(files)).error).toMatch(
      /ShapeError: flowers\/tulip\/b\.png: expected images of one size/,
    );
  });

  test('that are none are refused, or left out', async () => {
    const animated = png({ depth: 8, colour: 0 }, [[1]], chunk('acTL', new Uint8Array(8)));
    const text = given('notes.txt', Buffer.from('hello'));
    expect((await read([text])).error).toMatch(
      /FormatError: notes\.txt: the browser cannot read it as a picture/,
    );
    expect((await read([given('a.png', animated)])).error).toMatch(
      /FormatError: a\.png: the PNG file is animated/,
    );
    expect((await read([])).error).toMatch(/DataError: imagesFromFiles: expected at least one picture/);
    const { skipped, names } = await read([text, given('a.png', coloured)], { skip: true });
    expect([names, skipped!.map(({ path }) => path)]).toEqual([['a.png'], ['notes.txt']]);
  });
});
