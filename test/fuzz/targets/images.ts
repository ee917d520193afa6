/** Files of pictures that were changed, folders of them, and options of augmentation that are misused. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encode } from 'fast-png';
import jpeg from 'jpeg-js';
import { decodePicture } from '../../../src/data/images/decode.js';
import type { Picture } from '../../../src/data/images/picture.js';
import { dataset, dense, fit, sequential, sgd } from '../../../src/index.js';
import { loadImageFolder } from '../../../src/node.js';
import { mutateBytes } from '../mutate.js';
import { misuse } from '../odd.js';
import type { Random } from '../random.js';
import { expectThat, must, type Target } from '../target.js';
import { allFinite } from './functions.js';

const png = (r: Random, height: number, width: number): Uint8Array => {
  const channels = r.pick([1, 2, 3, 4]);
  const depth = r.pick([8, 16] as const);
  const bytes = r.bytes(height * width * channels);
  return encode({
    height,
    width,
    channels,
    depth,
    data: depth === 8 ? bytes : Uint16Array.from(bytes, (b) => 257 * b),
  });
};
const jpg = (r: Random, height: number, width: number): Uint8Array =>
  new Uint8Array(jpeg.encode({ height, width, data: r.bytes(4 * height * width) }, r.between(1, 100)).data);

function checkPicture({ height, width, channels, pixels }: Picture): void {
  expectThat(
    pixels.length === height * width * channels,
    () => `${pixels.length} bytes of ${height}x${width}x${channels}`,
  );
}

const pictureTarget: Target = {
  name: 'files of pictures',
  weight: 6,
  async run(r) {
    const [height, width] = [r.between(1, 20), r.between(1, 20)];
    const bytes = r.chance(0.5) ? png(r, height, width) : jpg(r, height, width);
    const intact = r.chance(0.15);
    const read = () => decodePicture(intact ? bytes : mutateBytes(r, bytes), 'picture');
    const picture = await (intact ? must('a picture', read) : read());
    checkPicture(picture);
    if (intact) expectThat(picture.height === height && picture.width === width, () => 'another size');
  },
};

const imageFolderTarget: Target = {
  name: 'loadImageFolder',
  weight: 2,
  async run(r, world) {
    const folder = await mkdtemp(join(world.folder, 'pictures-'));
    try {
      const count = r.between(2, 4);
      const spoilt = r.chance(0.3) ? -1 : r.below(2 * count);
      const sized = r.chance(0.5);
      for (let i = 0; i < 2 * count; i++) {
        const own = join(folder, i % 2 ? 'a' : 'b');
        await mkdir(own, { recursive: true });
        const [height, width] = sized ? [r.between(1, 9), r.between(1, 9)] : [3, 4];
        const bytes = png(r, height, width);
        await writeFile(join(own, `${i}.png`), i === spoilt ? mutateBytes(r, bytes) : bytes);
      }
      const options = {
        ...(sized && {
          size: [r.between(1, 6), r.between(1, 6)] as const,
          fit: r.pick(['cover', 'contain', 'stretch'] as const),
        }),
        ...{ skip: r.chance(0.5), validation: 0, test: 0, seed: r.below(100) },
      };
      const load = () => loadImageFolder(folder, options);
      const { full, skipped } = await (spoilt < 0 ? must('a folder', load) : load());
      expectThat(full.size + skipped.length === 2 * count, () => 'pictures were lost');
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

const augmentTarget: Target = {
  name: 'fit with augment',
  weight: 2,
  async run(r, { engine }) {
    const images = dataset({ inputs: r.bytes(8 * 12), imageShape: [3, 4], labels: [0, 1, 0, 1, 1, 0, 1, 0] });
    const options = {
      ...{ shift: r.below(2), crop: { padding: r.below(2) }, flip: r.pick([true, 'both', 'vertical']) },
      ...{ rotate: 180 * r.next(), contrast: 0.9 * r.next(), brightness: r.next(), cutout: r.below(3) },
      ...{ mixup: r.next(), fill: r.pick(['zero', 'edge']) },
    };
    const intact = r.chance(0.3);
    const [augment] = intact ? [options] : misuse(r, [options]);
    const model = sequential(12, [dense(2)], { seed: 1 });
    const train = () =>
      fit(engine, model, images, {
        ...{ loss: 'softmaxCrossEntropy', optimizer: sgd({ learningRate: 0.1 }), batchSize: 3, epochs: 2 },
        augment: augment as never,
      });
    const { epochs } = await (intact ? must('a training', train) : train());
    allFinite(epochs.map(({ loss }) => loss));
  },
};

export const imageTargets: readonly Target[] = [pictureTarget, imageFolderTarget, augmentTarget];
