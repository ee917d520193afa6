/** Bytes to read a table from: in memory, in a Blob, or behind gzip. Files of Node are in file.ts. It knows no table format. */
import { isUint8Array } from '../arrays.js';
import { FormatError, OptionError, show } from '../errors.js';
import type { ByteSource } from './types.js';

/** Bytes of a piece of a stream. */
const PIECE = 2 ** 20;

/** A source of bytes in memory. `name` is for messages. */
export function bytesSource(bytes: Uint8Array, name = 'table'): ByteSource {
  return {
    name,
    size: bytes.length,
    async *stream() {
      for (let at = 0; at < bytes.length; at += PIECE) yield bytes.subarray(at, at + PIECE);
    },
    slice: async (begin, end) => bytes.subarray(begin, end),
  };
}

/** A source of a Blob, such as a File that was picked or dropped in a page. `name` is that of the File by default. */
function blobSource(blob: Blob, name = (blob as Partial<File>).name ?? 'table'): ByteSource {
  const slice = async (begin: number, end: number) =>
    new Uint8Array(await blob.slice(begin, end).arrayBuffer());
  return {
    name,
    size: blob.size,
    async *stream() {
      for (let at = 0; at < blob.size; at += PIECE) yield await slice(at, at + PIECE);
    },
    slice,
  };
}

/** A source of what is given: one already, bytes, or a Blob. Throws OptionError for anything else. */
export function resolveSource(where: string, given: unknown, name?: string): ByteSource {
  if (isUint8Array(given)) return bytesSource(given, name);
  if (typeof Blob !== 'undefined' && given instanceof Blob) return blobSource(given, name);
  if (typeof given === 'object' && given !== null && 'stream' in given && 'slice' in given) {
    return given as ByteSource;
  }
  throw new OptionError(where, `expected a Uint8Array, a Blob or a byte source, given ${show(given)}`);
}

/** The first bytes of a source, at most `length`. */
export async function head(source: ByteSource, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  for await (const piece of source.stream()) {
    const part = piece.subarray(0, length - filled);
    bytes.set(part, filled);
    filled += part.length;
    if (filled === length) break;
  }
  return bytes.subarray(0, filled);
}

export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** The same source without its gzip. Its size is not known, and it can only be read from the start. */
export function gunzipped(source: ByteSource): ByteSource {
  return {
    name: source.name,
    size: Number.NaN,
    async *stream() {
      const pieces = source.stream()[Symbol.asyncIterator]();
      const compressed = new ReadableStream<Uint8Array<ArrayBuffer>>({
        async pull(controller) {
          const { done, value } = await pieces.next();
          if (done) controller.close();
          // A copy: the piece is used again while this one waits in the queue.
          else controller.enqueue(value.slice());
        },
      });
      const reader = compressed.pipeThrough(new DecompressionStream('gzip')).getReader();
      try {
        for (;;) {
          const { done, value } = await reader.read();
          if (done) return;
          yield value;
        }
      } catch (cause) {
        throw new FormatError(source.name, 'the gzip data are damaged or end too early', { cause });
      } finally {
        await reader.cancel().catch(() => {});
      }
    },
    slice: () =>
      Promise.reject(new FormatError(source.name, 'expected a file that is not compressed by gzip')),
  };
}
