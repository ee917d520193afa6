/** Folders of IDX and NPY files that may be larger than memory: held there where they fit, and else streamed. Node only. */
import { loadIdxFolder, type Splits } from './folder.js';
import { loadNpyFolder } from './npz.js';
import { DEFAULT_MEMORY, fitsInMemory, planSpill } from './spill-plan.js';
import { type RowForm, rowBytes } from './spilled-rows.js';
import { type StreamedSplits, streamIdxFolder, streamNpyFolder } from './stream-files.js';
import type { Streaming } from './streaming.js';

/** A data set holds no more bytes: an engine's memory has 4 GiB, and the model is there too. */
const MAX_BYTES = 2 ** 31;

const kinds = {
  idx: { load: loadIdxFolder, stream: streamIdxFolder },
  npy: { load: loadNpyFolder, stream: streamNpyFolder },
};

/**
 * The data of such a folder. `memory` is absent where nothing was said of it. Throws as `loadIdxFolder` and
 * `loadNpyFolder`, and where `memory` was said as `streamIdxFolder` and `streamNpyFolder`.
 */
export async function loadLargeFiles(
  path: string,
  kind: keyof typeof kinds,
  memory: number | undefined,
): Promise<Splits | (StreamedSplits & { readonly streaming: Streaming })> {
  const { load, stream } = kinds[kind];
  const looked = await stream(path).catch((error) => {
    // Compressed files can be held in memory all the same, and what is damaged is said by who reads it whole.
    if (memory === undefined) return undefined;
    throw error;
  });
  if (!looked) return load(path);
  const { train, test, full } = looked;
  // Other numbers than bytes become float32 as they are read.
  const dtype = train.dtype === 'u8' ? 'u8' : 'f32';
  const form: RowForm = { dtype, width: train.width, answer: 'label' };
  const rows = full.size! + test.size!;
  if (rows * rowBytes(form) <= MAX_BYTES && fitsInMemory(rows, form, memory)) return load(path);
  const given = memory ?? DEFAULT_MEMORY;
  const { chunk, window } = planSpill(given, form);
  const splits = await stream(path, { chunkRows: chunk, window });
  const bytes = rows * rowBytes(form);
  return {
    ...splits,
    streaming: { bytes, place: `the files in ${path}`, memory: given, close: async () => {} },
  };
}
