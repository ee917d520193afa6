/**
 * A decoded picture: bytes row by row, one channel where all of it is grey, otherwise red, green and blue.
 * What decoders give is brought to that form here: samples of other depths, opacity, and pictures that lie on
 * their side.
 */

/** A picture whose pixels lie row by row, the channels of each beside each other. */
export interface Picture {
  readonly height: number;
  readonly width: number;
  /** 1 for grey, 3 for red, green and blue. */
  readonly channels: 1 | 3;
  /** [height, width, channels] */
  readonly pixels: Uint8Array;
}

/**
 * A picture of samples 0 … `max`, one to four a pixel: grey, grey and opacity, colour, colour and opacity. What
 * shows through is white. `clear`: the samples of a pixel that is wholly transparent, where one is.
 */
export function pictureOf(
  { height, width }: Pick<Picture, 'height' | 'width'>,
  samples: ArrayLike<number>,
  perPixel: number,
  max: number,
  clear?: ArrayLike<number>,
): Picture {
  const colours = perPixel < 3 ? 1 : 3;
  const pixels = new Uint8Array(height * width * colours);
  const opaque = perPixel === colours;
  for (let i = 0, from = 0, to = 0; i < height * width; i++, from += perPixel) {
    const alpha = opaque ? max : samples[from + colours];
    let isClear = clear !== undefined;
    for (let c = 0; isClear && c < colours; c++) isClear = samples[from + c] === clear![c];
    for (let c = 0; c < colours; c++, to++) {
      // Over white, rounded to the nearest byte.
      const value = isClear ? max : (samples[from + c] * alpha + max * (max - alpha)) / max;
      pixels[to] = Math.floor((value * 255) / max + 0.5);
    }
  }
  return withoutColour({ height, width, channels: colours, pixels });
}

/** The picture with one channel, where no pixel of it has a colour. */
function withoutColour(picture: Picture): Picture {
  const { height, width, channels, pixels } = picture;
  if (channels === 1) return picture;
  for (let i = 0; i < pixels.length; i += 3) {
    if (pixels[i] !== pixels[i + 1] || pixels[i] !== pixels[i + 2]) return picture;
  }
  const grey = new Uint8Array(height * width);
  for (let i = 0; i < grey.length; i++) grey[i] = pixels[3 * i];
  return { height, width, channels: 1, pixels: grey };
}

/**
 * The pixels with so many channels: a grey value stands for each of three colours, and colours become grey by
 * their luma (ITU-R BT.601: 0.299, 0.587 and 0.114 of red, green and blue).
 */
export function withChannels({ channels: given, pixels }: Picture, channels: 1 | 3): Uint8Array {
  if (given === channels) return pixels;
  if (channels === 1) {
    const grey = new Uint8Array(pixels.length / 3);
    for (let i = 0, p = 0; i < grey.length; i++, p += 3) {
      grey[i] = Math.floor((299 * pixels[p] + 587 * pixels[p + 1] + 114 * pixels[p + 2] + 500) / 1000);
    }
    return grey;
  }
  const coloured = new Uint8Array(3 * pixels.length);
  for (let i = 0; i < coloured.length; i++) coloured[i] = pixels[Math.floor(i / 3)];
  return coloured;
}

/** What an orientation of Exif, 2 to 8, is made of: first rows and columns change places, then either turns round. */
const TURNS = [
  { swap: false, flipX: true, flipY: false },
  { swap: false, flipX: true, flipY: true },
  { swap: false, flipX: false, flipY: true },
  { swap: true, flipX: false, flipY: false },
  { swap: true, flipX: true, flipY: false },
  { swap: true, flipX: true, flipY: true },
  { swap: true, flipX: false, flipY: true },
] as const;

/** The picture the right way up: `orientation` as Exif has it, from 1 to 8. */
export function upright(picture: Picture, orientation: number): Picture {
  const turn = TURNS[orientation - 2];
  if (!turn) return picture;
  const { channels, pixels: from } = picture;
  const { swap, flipX, flipY } = turn;
  const [height, width] = swap ? [picture.width, picture.height] : [picture.height, picture.width];
  const pixels = new Uint8Array(from.length);
  let to = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [down, across] = [flipY ? height - 1 - y : y, flipX ? width - 1 - x : x];
      const at = (swap ? across * picture.width + down : down * picture.width + across) * channels;
      for (let c = 0; c < channels; c++) pixels[to++] = from[at + c];
    }
  }
  return { height, width, channels, pixels };
}
