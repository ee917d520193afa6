/** Folders of pictures larger than memory: the pictures in memory, in the same parts and order. */
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { encode } from 'fast-png';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type AnySet, firstRows, isStreamed } from '../../../src/data/any-set.js';
import { loadImageFolder } from '../../../src/data/images/folder.js';
import {
  loadLargeImageFolder,
  type StreamImageFolderOptions,
  streamImageFolder,
} from '../../../src/data/images/stream-folder.js';

let folder = '';
let spills = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lanegrad-stream-pictures-'));
  spills = await mkdtemp(join(tmpdir(), 'lanegrad-spills-'));
});
afterEach(async () => {
  expect(await readdir(spills)).toEqual([]);
  await rm(folder, { recursive: true });
  await rm(spills, { recursive: true });
});

const SIDE = 24;
const picture = (c: number, i: number, coloured: boolean) =>
  encode({
    ...{ width: SIDE, height: SIDE, channels: coloured ? 3 : 1 },
    data: Uint8Array.from(
      { length: SIDE * SIDE * (coloured ? 3 : 1) },
      (_, at) => (at * (c + 1) + 7 * i) % 251,
    ),
  });

/** So many pictures of each of three classes, of which `coloured` says which are not grey. */
async function write(count: number, coloured: (c: number, i: number) => boolean, under = ''): Promise<void> {
  for (const [c, name] of ['a', 'b', 'c'].entries()) {
    for (let i = 0; i < count; i++) {
      const path = join(folder, under, name, `${String(i).padStart(3, '0')}.png`);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, picture(c, i, coloured(c, i)));
    }
  }
}

/** toEqual takes seconds for as many. */
const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
  Buffer.from(buffer, byteOffset, byteLength);

async function expectSame(options: StreamImageFolderOptions = {}): Promise<void> {
  const memory = await loadImageFolder(folder, options);
  const streamed = await streamImageFolder(folder, { ...options, memory: 2 ** 20, spillFolder: spills });
  expect(streamed.skipped).toEqual(memory.skipped);
  for (const part of ['train', 'validation', 'test', 'full'] as const) {
    const [set, expected] = [streamed[part] as AnySet | undefined, memory[part]];
    expect(set?.size, part).toBe(expected?.size);
    if (!set || !expected) continue;
    const { inputs, labels } = await firstRows(set, 10_000);
    expect(inputs.constructor).toBe(expected.inputs.constructor);
    expect(bytesOf(inputs).equals(bytesOf(expected.inputs)), part).toBe(true);
    expect(labels).toEqual(expected.labels);
    const { name, width, classes, classNames, scale, offset, imageShape } = expected;
    expect(set).toMatchObject({ name, width, classes, classNames, scale, offset, imageShape });
  }
  await streamed.close();
  await streamed.close();
}

describe('are the pictures in memory', () => {
  test('grey', async () => {
    await write(50, () => false);
    await expectSame();
  });

  test('coloured', async () => {
    await write(20, () => true);
    await expectSame({ seed: 3, validation: 0.3 });
  });

  test('of which late ones are the first with colours', async () => {
    await write(50, (c, i) => c === 2 && i > 40);
    await expectSame();
    await expectSame({ channels: 1 });
    await expectSame({ channels: 3 });
  });

  test('whose tests alone have colours', async () => {
    await write(30, () => false, 'train');
    await write(5, () => true, 'test');
    await expectSame();
  });

  test('of several sizes, with broken ones among them', async () => {
    await write(20, () => false);
    await writeFile(join(folder, 'a', '000.png'), 'no picture');
    await writeFile(join(folder, 'b', '003.png'), picture(1, 3, false).subarray(0, 40));
    await expectSame({ size: [16, 20], skip: true });
  });
});

test('what fits is held in memory, what does not streams', async () => {
  await write(60, () => false);
  const limits = { spillFolder: spills };
  const plain = await loadLargeImageFolder(folder, {}, limits);
  expect(isStreamed(plain.train)).toBe(false);
  const roomy = await loadLargeImageFolder(folder, {}, { ...limits, memory: 2 ** 26 });
  expect(isStreamed(roomy.train)).toBe(false);
  const large = await loadLargeImageFolder(folder, {}, { ...limits, memory: 2 ** 20 });
  if (!('streaming' in large)) throw new Error('it does not stream');
  expect(large.streaming).toMatchObject({
    memory: 2 ** 20,
    place: `a temporary file in ${spills}`,
    classCounts: [42, 42, 42],
  });
  await large.close();
});

test('what goes wrong is named, and leaves nothing behind', async () => {
  await write(20, () => false);
  await writeFile(join(folder, 'c', '010.png'), 'no picture');
  await expect(streamImageFolder(folder, { spillFolder: spills })).rejects.toThrow(/010\.png: /);
  await writeFile(
    join(folder, 'c', '010.png'),
    encode({ width: 2, height: 2, channels: 1, data: new Uint8Array(4) }),
  );
  await expect(streamImageFolder(folder, { spillFolder: spills })).rejects.toThrow(
    'expected images of one size',
  );
  const refused = async (options: object, message: string) =>
    expect(streamImageFolder(folder, options as never)).rejects.toThrow(message);
  await refused({ memory: 1 }, 'streamImageFolder: option memory: expected a whole number');
  await refused({ spillFolder: join(folder, 'none') }, 'expected a folder for temporary files');
  await refused({ validation: 2 }, 'streamImageFolder: option validation');
});
