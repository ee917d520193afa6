/**
 * A folder of pictures larger than memory, as data sets that stream: each picture is decoded once, its bytes are
 * written to a temporary file, and read from there in every epoch. Node only.
 */
import { DataError } from '../../base/errors.js';
import { DEFAULT_MEMORY, fitsInMemory, planSpill, readSpillLimits, type SpillLimits } from '../spill-plan.js';
import { type RowForm, type SpilledParts, type SpilledRows, spillParts } from '../spilled-rows.js';
import { type StreamedDataset, streamDataset } from '../stream.js';
import { type Streaming, temporaryIn } from '../streaming.js';
import { MAX_BYTES, PictureTaker, type SkippedFile } from './collect.js';
import {
  type ImageFolderOptions,
  type ImageSplits,
  type ListedImages,
  listImageFolder,
  loadListed,
  PARTS,
  type Part,
  readEntry,
} from './folder.js';
import { type Picture, withChannels } from './picture.js';

/** How a folder is read, and how much memory its pictures may take. */
export interface StreamImageFolderOptions extends ImageFolderOptions {
  /**
   * Bytes, at least 2^20; 2^29 by default. Half of it is for pictures while training runs. How many are shuffled
   * together depends on it, and so do the weights.
   */
  memory?: number;
  /** An existing folder for the temporary file; the system's by default. */
  spillFolder?: string;
}

/** A folder's pictures in parts that stream; one that nothing was kept for is not there. */
export interface StreamedImageSplits {
  readonly train: StreamedDataset;
  readonly validation?: StreamedDataset;
  readonly test?: StreamedDataset;
  /** `train`, then `validation`. */
  readonly full: StreamedDataset;
  /** Files that were left out. */
  readonly skipped: readonly SkippedFile[];
  /** Gives the disk back; the sets cannot be read from then on. Twice is fine. */
  close(): Promise<void>;
}

/**
 * As `loadImageFolder`, for folders of any size: the same classes, parts and order. The temporary file has no
 * name, and is gone when it is closed or the process ends, however it does.
 *
 * @throws what `loadImageFolder` throws; FileError, with the folder and the bytes that are needed, where the
 * disk has too little room.
 */
export async function streamImageFolder(
  path: string,
  options: StreamImageFolderOptions = {},
): Promise<StreamedImageSplits> {
  const where = 'streamImageFolder';
  const { limits, others } = readSpillLimits(where, options);
  const { streaming: _, ...splits } = await spillListed(await listImageFolder(where, path, others), limits);
  return splits;
}

/** What does not fit in memory streams; `memory` is absent where nothing was said. */
export async function loadLargeImageFolder(
  path: string,
  options: ImageFolderOptions,
  { memory, spillFolder }: { readonly memory?: number | undefined; readonly spillFolder: string },
): Promise<ImageSplits | (StreamedImageSplits & { readonly streaming: Streaming })> {
  const listed = await listImageFolder('loadImageFolder', path, options);
  const form = await firstForm(listed);
  const count = PARTS.reduce((total, part) => total + listed.parts[part].length, 0);
  // Where there is none, the error is that of reading them.
  if (!form || (count * form.width <= MAX_BYTES && fitsInMemory(count, form, memory)))
    return loadListed(listed);
  return spillListed(listed, { memory: memory ?? DEFAULT_MEMORY, spillFolder });
}

/** What rows will be at most, by the first picture. */
async function firstForm({ form, parts }: ListedImages): Promise<RowForm | undefined> {
  const taker = new PictureTaker(form);
  for (const part of PARTS) {
    for (const entry of parts[part]) {
      const picture = await taker.take(entry.path, () => readEntry(entry));
      if (picture) return formOf(picture, form.channels ?? 3);
    }
  }
  return undefined;
}

function formOf({ height, width }: Pick<Picture, 'height' | 'width'>, channels: 1 | 3): RowForm {
  return { dtype: 'u8', width: height * width * channels, answer: 'label' };
}

async function spillListed(
  { path, name, classNames, form, parts }: ListedImages,
  limits: SpillLimits,
): Promise<StreamedImageSplits & { readonly streaming: Streaming }> {
  const taker = new PictureTaker(form);
  const sizes = PARTS.map((part) => parts[part].length);
  const pictures = new SpilledPictures(`the pictures of ${path}`, sizes, form.channels, limits);
  const classCounts = new Array<number>(classNames.length).fill(0);
  try {
    for (const [index, part] of PARTS.entries()) {
      for (const entry of parts[part]) {
        const picture = await taker.take(entry.path, () => readEntry(entry));
        if (!picture) continue;
        await pictures.add(index, picture, entry.label);
        if (part === 'train') classCounts[entry.label]++;
      }
    }
    const { rows, channels, window, chunk, bytes } = pictures;
    if (!rows || rows[0].size === 0) throw new DataError(path, 'no picture is left to train on');
    const { height, width } = taker.extent;
    const ended: { chunks: number[]; sha256: string }[] = [];
    for (const own of rows) ended.push(await own.end());
    const make = (own: string, from: number, to: number, isTrained: boolean) => {
      const places = rows
        .slice(from, to)
        .flatMap((part, i) => ended[from + i].chunks.map((_, at) => ({ part, at })));
      if (places.length === 0) return undefined;
      return streamDataset({
        name: own,
        ...{ dtype: 'u8', classNames, imageShape: [height, width, channels] },
        chunks: ended.slice(from, to).flatMap(({ chunks }) => chunks),
        read: (index) => places[index].part.read(places[index].at),
        window: isTrained ? window : chunk,
        identity: ended
          .slice(from, to)
          .map(({ sha256 }) => sha256)
          .join('+'),
      });
    };
    const of = (part: Part) => {
      const index = PARTS.indexOf(part);
      return make(`${name} ${part}`, index, index + 1, index === 0);
    };
    const [validation, test] = [of('validation'), of('test')];
    const close = () => pictures.close();
    return {
      train: of('train')!,
      ...(validation && { validation }),
      ...(test && { test }),
      full: make(name, 0, 2, true)!,
      skipped: taker.skipped,
      close,
      streaming: { bytes, place: temporaryIn(limits.spillFolder), memory: limits.memory, classCounts, close },
    };
  } catch (error) {
    await pictures.close();
    throw error;
  }
}

/** Rows of pictures part by part, grey until the first that has colours. */
class SpilledPictures {
  readonly #what: string;
  readonly #sizes: readonly number[];
  readonly #limits: SpillLimits;
  readonly #isFixed: boolean;
  channels: 1 | 3;
  window = 1;
  chunk = 1;
  #spilled: SpilledParts | undefined;

  /** For at most so many pictures of each part. */
  constructor(what: string, sizes: readonly number[], channels: 1 | 3 | undefined, limits: SpillLimits) {
    this.#what = what;
    this.#sizes = sizes;
    this.#limits = limits;
    this.#isFixed = channels !== undefined;
    this.channels = channels ?? 1;
  }

  async add(part: number, picture: Picture, label: number): Promise<void> {
    if (!this.#isFixed && picture.channels > this.channels) await this.#widen(picture);
    this.#spilled ??= await this.#open(picture);
    await this.#spilled.parts[part].add(withChannels(picture, this.channels), [label]);
  }

  /** Part by part; undefined before the first picture. */
  get rows(): readonly SpilledRows[] | undefined {
    return this.#spilled?.parts;
  }

  /** Bytes of the file. */
  get bytes(): number {
    return this.#spilled?.bytes ?? 0;
  }

  async close(): Promise<void> {
    await this.#spilled?.file.close();
  }

  #open(picture: Picture): Promise<SpilledParts> {
    const { memory, spillFolder } = this.#limits;
    const form = formOf(picture, this.channels);
    const { chunk, window } = planSpill(memory, form);
    [this.chunk, this.window] = [chunk, window];
    return spillParts(spillFolder, this.#what, this.#sizes, form, chunk);
  }

  /** From grey to colours: what was written is written anew. */
  async #widen(picture: Picture): Promise<void> {
    const grey = this.#spilled;
    this.channels = 3;
    if (!grey) return;
    try {
      this.#spilled = await this.#open(picture);
      for (const [part, own] of grey.parts.entries()) {
        const { chunks } = await own.end();
        for (const index of chunks.keys()) {
          const { inputs, labels } = (await own.read(index)) as { inputs: Uint8Array; labels: Int32Array };
          const colours = new Uint8Array(3 * inputs.length);
          for (let i = 0; i < inputs.length; i++) colours.fill(inputs[i], 3 * i, 3 * i + 3);
          await this.#spilled.parts[part].add(colours, labels);
        }
      }
    } finally {
      await grey.file.close();
    }
  }
}
