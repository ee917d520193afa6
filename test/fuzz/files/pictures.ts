/** Pictures: what is decoded is as large as it says, the same at an odd place, and survives being written as PNG. */
import { encode } from 'fast-png';
import jpeg from 'jpeg-js';
import { decodePicture } from '../../../src/data/images/decode.js';
import type { Picture } from '../../../src/data/images/picture.js';
import { mutateBytes } from '../mutate.js';
import { anyPng, mutateJpeg, mutatePng, pngOf } from '../structure/pictures.js';
import { expectThat, type FileTarget } from '../target.js';
import { comesBack, equalBytes, sameAgain, unaligned } from './same.js';

const read = async (bytes: Uint8Array): Promise<Picture> => decodePicture(bytes, 'picture');

const pngFile = ({ height, width, channels, pixels }: Picture): Uint8Array =>
  Uint8Array.from(encode({ height, width, channels, depth: 8, data: Uint8Array.from(pixels) }));

async function readTwice(bytes: Uint8Array<ArrayBuffer>): Promise<Picture> {
  const picture = await read(bytes);
  const { height, width, channels, pixels } = picture;
  expectThat(
    pixels.length === height * width * channels,
    () => `${pixels.length} bytes of ${height}x${width}x${channels}`,
  );
  // Few bytes may be many pixels.
  if (pixels.length > 2 ** 18) return picture;
  sameAgain('bytes at an odd place', await read(unaligned(bytes)), picture);
  await comesBack(picture, pngFile, read);
  return picture;
}

const pngTarget: FileTarget<Picture> = {
  name: 'a PNG file',
  weight: 6,
  extension: 'png',
  make(r) {
    const [height, width] = [r.between(1, 20), r.between(1, 20)];
    if (r.chance(0.15)) {
      const data = r.bytes(height * width * 3);
      const bytes = Uint8Array.from(encode({ height, width, channels: 3, depth: 8, data }));
      const says = ({ pixels, channels }: Picture) =>
        // One with grey pixels alone has one channel.
        expectThat(channels === 1 || equalBytes(pixels, data), () => 'other pixels than were written');
      return { bytes, says };
    }
    const chunks = anyPng(r, width, height);
    return { bytes: r.chance(0.25) ? pngOf(chunks) : mutatePng(r, chunks) };
  },
  read: readTwice,
};

const jpegTarget: FileTarget<Picture> = {
  name: 'a JPEG file',
  weight: 6,
  extension: 'jpg',
  make(r) {
    const [height, width] = [r.between(1, 40), r.between(1, 40)];
    const data = r.bytes(4 * height * width);
    const bytes = Uint8Array.from(jpeg.encode({ height, width, data }, r.between(1, 100)).data);
    const says = (picture: Picture) =>
      expectThat(picture.height === height && picture.width === width, () => 'another size');
    if (r.chance(0.1)) return { bytes, says };
    return { bytes: r.chance(0.2) ? mutateBytes(r, bytes) : mutateJpeg(r, bytes) };
  },
  read: readTwice,
};

export const pictureFiles = [pngTarget, jpegTarget] as FileTarget[];
