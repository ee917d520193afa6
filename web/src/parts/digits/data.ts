/** The images: fetched, unpacked, made data sets. The files are made by web/make-data.ts. */
import { type Dataset, dataset } from 'lanegrad';

export interface Images {
  readonly train: Dataset;
  readonly test: Dataset;
  /** In words. */
  readonly description: string;
}

const PIXELS = 28 * 28;
const common = { classes: 10, imageShape: [28, 28] as const };
const loaded = new Map<string, Promise<Images>>();

/** Loads once. A failure may be tried again. */
export function loadImages(which: 'small' | 'full'): Promise<Images> {
  let images = loaded.get(which);
  if (!images) {
    images = load(which);
    loaded.set(which, images);
    images.catch(() => loaded.delete(which));
  }
  return images;
}

async function load(which: 'small' | 'full'): Promise<Images> {
  const response = await fetch(`./data/mnist-${which}.bin`);
  if (!response.ok || !response.body) throw new Error(`the images cannot be fetched (${response.status})`);
  const stream = response.body.pipeThrough(new DecompressionStream('gzip'));
  const buffer = await new Response(stream).arrayBuffer();
  const [trainSize, testSize] = new Uint32Array(buffer, 0, 2);
  let at = 8;
  const take = (length: number) => {
    at += length;
    return new Uint8Array(buffer, at - length, length);
  };
  const images = take(trainSize * PIXELS);
  const labels = take(trainSize);
  const test = dataset({ name: 'test', inputs: take(testSize * PIXELS), labels: take(testSize), ...common });
  if (which === 'full') {
    const train = dataset({ name: 'train', inputs: images, labels, ...common });
    return { train, test, description: '60,000 images' };
  }
  return {
    train: dataset({ name: 'train', ...shifted(images, labels), ...common }),
    test,
    description: '10,000 images, each also moved a pixel to all four sides',
  };
}

/**
 * Each image, and again moved by one pixel to each side: so few images teach more that way. The bytes are
 * moved as a whole, and what leaves an image at one side comes in at the other; the borders of these images
 * are empty but for a few pixels.
 */
function shifted(
  images: Uint8Array,
  labels: Uint8Array,
): { inputs: Uint8Array<ArrayBuffer>; labels: Uint8Array } {
  const moves = [0, 1, -1, 28, -28];
  const inputs = new Uint8Array(images.length * moves.length);
  const all = new Uint8Array(labels.length * moves.length);
  for (const [i, move] of moves.entries()) {
    const target = inputs.subarray(i * images.length, (i + 1) * images.length);
    if (move >= 0) target.set(images.subarray(0, images.length - move), move);
    else target.set(images.subarray(-move));
    all.set(labels, i * labels.length);
  }
  return { inputs, labels: all };
}
