/**
 * Pictures that come one by one, as the rows of one block of bytes: all of one size, or brought to one, and
 * with colours as soon as one of them has any. It opens no file.
 */
import { DataError, LanegradError, OptionError, ShapeError, show } from '../../base/errors.js';
import { type Fit, fits, type ImageShape, isCount } from '../../base/image-shape.js';
import type { OptionReader } from '../../base/options.js';
import { type Picture, withChannels } from './picture.js';
import { type ImageSize, resize } from './resize.js';

/** How pictures become the rows of a data set. */
export interface PictureOptions {
  /** [height, width] that all are brought to; without it they must be of one size. */
  size?: ImageSize;
  /** How pictures of other proportions come to `size`; 'cover' by default. */
  fit?: Fit;
  /**
   * 1 for grey, 3 for colours. By default 1 where all pictures are grey, otherwise 3. With 1, colours become
   * grey by their luma.
   */
  channels?: 1 | 3;
  /** Leave out what is no picture or a broken one, which is an error otherwise; false by default. */
  skip?: boolean;
}

/** A file that was left out, and why. */
export interface SkippedFile {
  readonly path: string;
  readonly problem: string;
}

/** The same, read. */
export interface PictureForm {
  readonly size: ImageSize | undefined;
  readonly fit: Fit;
  readonly channels: 1 | 3 | undefined;
  readonly skip: boolean;
}

export function readPictureForm(where: string, reader: OptionReader): PictureForm {
  const size = reader.optional('size', '[height, width], whole numbers from 1 to 8192', isSize);
  const fit = reader.optional('fit', `one of ${fits.join(', ')}`, isFit);
  const channels = reader.optional('channels', '1 or 3', (value) => value === 1 || value === 3);
  const skip = reader.boolean('skip', false);
  if (fit !== undefined && size === undefined) {
    throw new OptionError(where, 'option fit: expected a size besides, to which the pictures are to fit');
  }
  return { size, fit: fit ?? 'cover', channels, skip };
}

export function isSize(value: unknown): value is ImageSize {
  return Array.isArray(value) && value.length === 2 && value.every((n) => isCount(n) && n <= 8192);
}

function isFit(value: unknown): value is Fit {
  return fits.some((name) => name === value);
}

/** Bytes that a data set's block may have: an engine's memory holds no more. */
export const MAX_BYTES = 2 ** 32 - 2 ** 16;

/** Takes pictures one by one: brings them to the size, and leaves out what is to be left out. */
export class PictureTaker {
  readonly skipped: SkippedFile[] = [];
  readonly #form: PictureForm;
  #first: (Pick<Picture, 'height' | 'width'> & { readonly path: string }) | undefined;

  constructor(form: PictureForm) {
    this.#form = form;
  }

  /** Height and width of all of them, once there is one. */
  get extent(): Pick<Picture, 'height' | 'width'> {
    return this.#first!;
  }

  /**
   * The picture that `read` gives, in its size; undefined where it is left out.
   *
   * @throws ShapeError, with the names of both, for one of another size than the first.
   */
  async take(path: string, read: () => Promise<Picture>): Promise<Picture | undefined> {
    let picture: Picture;
    try {
      picture = await read();
    } catch (error) {
      if (!this.#form.skip || !(error instanceof LanegradError)) throw error;
      const problem = error.message.startsWith(`${path}: `)
        ? error.message.slice(path.length + 2)
        : error.message;
      this.skipped.push({ path, problem });
      return undefined;
    }
    const { size, fit } = this.#form;
    const fitted = size ? resize(picture, size, fit) : picture;
    this.#first ??= { height: fitted.height, width: fitted.width, path };
    this.#checkSize(path, fitted);
    return fitted;
  }

  #checkSize(path: string, { height, width }: Picture): void {
    const first = this.#first!;
    if (first.height === height && first.width === width) return;
    const sizes = `${first.path} is of ${first.height}x${first.width}, and this of ${height}x${width}`;
    const remedy = `{ size: [${first.height}, ${first.width}] }, or --image-size ${first.height}x${first.width}`;
    throw new ShapeError(path, `expected images of one size: ${sizes}; to bring them to one, say ${remedy}`);
  }
}

/** Pictures as rows in memory. */
export class PictureRows {
  readonly #where: string;
  readonly #taker: PictureTaker;
  readonly #most: number;
  readonly #isFixed: boolean;
  #channels: 1 | 3;
  #block = new Uint8Array(0);
  #rows = 0;

  /** For at most so many pictures. */
  constructor(where: string, most: number, form: PictureForm) {
    this.#where = where;
    this.#most = most;
    this.#taker = new PictureTaker(form);
    this.#isFixed = form.channels !== undefined;
    this.#channels = form.channels ?? 1;
  }

  /** Pictures so far. */
  get size(): number {
    return this.#rows;
  }

  get skipped(): readonly SkippedFile[] {
    return this.#taker.skipped;
  }

  /** Adds the picture that `read` gives, or leaves it out; returns whether it was added. Throws as `take`. */
  async add(path: string, read: () => Promise<Picture>): Promise<boolean> {
    const picture = await this.#taker.take(path, read);
    if (!picture) return false;
    if (!this.#isFixed && picture.channels > this.#channels) this.#widen();
    this.#reserve();
    this.#block.set(withChannels(picture, this.#channels), this.#rows * this.#width);
    this.#rows++;
    return true;
  }

  /** All rows, and the shape of each. */
  end(): { pixels: Uint8Array; imageShape: ImageShape } {
    const { height, width } = this.#taker.extent;
    const pixels = this.#block.subarray(0, this.#rows * this.#width);
    return { pixels, imageShape: [height, width, this.#channels] };
  }

  get #width(): number {
    const { height, width } = this.#taker.extent;
    return height * width * this.#channels;
  }

  #reserve(): void {
    const bytes = this.#most * this.#width;
    if (this.#block.length === bytes) return;
    if (bytes > MAX_BYTES) {
      const { height, width } = this.#taker.extent;
      const given = `${this.#most} images of ${height}x${width}x${this.#channels}`;
      throw new DataError(this.#where, `expected at most ${MAX_BYTES} bytes of pixels, given ${given}`);
    }
    this.#block = new Uint8Array(bytes);
  }

  /** From grey to colours. */
  #widen(): void {
    const grey = this.#block;
    const values = this.#rows * this.#width;
    this.#channels = 3;
    if (values === 0) return;
    this.#block = new Uint8Array(0);
    this.#reserve();
    for (let i = 0; i < values; i++) this.#block.fill(grey[i], 3 * i, 3 * i + 3);
  }
}

/** For messages: what was left out. */
export function describeSkipped(skipped: readonly SkippedFile[]): string[] {
  const shown = skipped.slice(0, 10).map(({ path, problem }) => `${show(path)}: ${problem}`);
  return skipped.length > shown.length ? [...shown, `and ${skipped.length - shown.length} more`] : shown;
}
