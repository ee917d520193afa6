/** Asks the worker that reads files. */
import { BYTES, SIDE } from './pixels.js';
import type { ReadReply, ReadRequest } from './reader-worker.js';

let worker: Worker | undefined;
let last = 0;
const waiting = new Map<number, (reply: ReadReply) => void>();

/** The pictures among the files as rows, and what the library says of the others. */
export async function readPictures(
  files: readonly File[],
): Promise<{ readonly images: readonly Uint8Array[]; readonly problems: readonly string[] }> {
  worker ??= start();
  const request: ReadRequest = { id: ++last, files, side: SIDE };
  const {
    pixels,
    skipped = [],
    error,
  } = await new Promise<ReadReply>((resolve) => {
    waiting.set(request.id, resolve);
    worker!.postMessage(request);
  });
  if (!pixels) return { images: [], problems: [error ?? 'the files cannot be read'] };
  const images = Array.from({ length: pixels.length / BYTES }, (_, i) =>
    pixels.slice(i * BYTES, (i + 1) * BYTES),
  );
  return { images, problems: skipped };
}

function start(): Worker {
  const made = new Worker(new URL('./reader-worker.ts', import.meta.url), { type: 'module' });
  made.addEventListener('message', ({ data }: MessageEvent<ReadReply>) => {
    waiting.get(data.id)?.(data);
    waiting.delete(data.id);
  });
  made.addEventListener('error', (event) => {
    event.preventDefault();
    for (const [id, resolve] of waiting)
      resolve({ id, error: event.message || 'the worker’s script cannot be loaded' });
    waiting.clear();
  });
  return made;
}
