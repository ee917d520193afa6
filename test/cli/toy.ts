/** Small data that a network learns in a blink: images whose classes have a bright quarter each, and a table. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

interface Toy {
  train?: number;
  test?: number;
  /** Images are square. Even. */
  side?: number;
  classes?: 2 | 3 | 4;
}

/** Writes the four files that MNIST has; returns the folder. */
export async function writeToy(
  folder: string,
  { train = 240, test = 60, side = 8, classes = 4 }: Toy = {},
): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (const [prefix, size] of [
    ['train', train],
    ['t10k', test],
  ] as const) {
    const labels = Uint8Array.from({ length: size }, (_, i) => i % classes);
    const images = Array.from(labels, (label, i) => image(label, side, i)).flat();
    await writeFile(join(folder, `${prefix}-images-idx3-ubyte`), idx([size, side, side], images));
    await writeFile(join(folder, `${prefix}-labels-idx1-ubyte`), idx([size], labels));
  }
  return folder;
}

/** Settings for a sweep over networks of the images, some of which learn little. */
export const toySpace = {
  learningRate: { kind: 'number', low: 1e-3, high: 2, log: true },
  hidden: { kind: 'choice', values: [[4], [16], [16, 8]] },
  optimizer: { kind: 'choice', values: ['sgd', 'adam'] },
} as const;

/** Writes a table of whose rows each second one, the blue ones, is not good. */
export async function writeColours(path: string, size: number): Promise<void> {
  const rows = Array.from({ length: size }, (_, i) => `${i % 7},${i % 2 ? 'blue,no' : 'red,yes'}`);
  await writeFile(path, `size,colour,good\n${rows.join('\n')}\n`);
}

/** An IDX file of bytes. */
export function idx(dims: readonly number[], data: ArrayLike<number>): Buffer {
  const header = Buffer.alloc(4 + 4 * dims.length);
  header.writeUInt32BE(0x800 + dims.length);
  for (const [i, dim] of dims.entries()) header.writeUInt32BE(dim, 4 + 4 * i);
  return Buffer.concat([header, Uint8Array.from(data)]);
}

function image(label: number, side: number, seed: number): number[] {
  const half = side / 2;
  return Array.from({ length: side * side }, (_, i) => {
    const quarter = 2 * Number(Math.floor(i / side) >= half) + Number(i % side >= half);
    const noise = ((i * 2654435761 + seed * 40503) >>> 8) % 96;
    return quarter === label ? 255 - noise : noise;
  });
}
