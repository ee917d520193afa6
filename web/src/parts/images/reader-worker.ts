/** Reads picture files by the browser's decoders, away from the page: a photograph takes a while. */
import { imagesFromFiles } from 'lanegrad';

export interface ReadRequest {
  readonly id: number;
  readonly files: readonly File[];
  readonly side: number;
}

export interface ReadReply {
  readonly id: number;
  /** [files that are pictures, side · side · 3] */
  readonly pixels?: Uint8Array;
  readonly skipped?: readonly string[];
  readonly error?: string;
}

addEventListener('message', async ({ data: { id, files, side } }: MessageEvent<ReadRequest>) => {
  let reply: ReadReply;
  try {
    const { pictures, skipped } = await imagesFromFiles(files, {
      size: [side, side],
      channels: 3,
      skip: true,
    });
    reply = {
      id,
      pixels: pictures.inputs,
      skipped: skipped.map(({ path, problem }) => `${path}: ${problem}`),
    };
  } catch (error) {
    reply = { id, error: (error as Error).message };
  }
  postMessage(reply);
});
