/**
 * Bytes to read a table from: in memory, in a Blob, from a stream, behind gzip, or in UTF-16. Files of Node
 * are in file.ts. It knows no table format.
 */
import { FormatError, LanegradError, OptionError, show } from '../base/errors.js';
import type { Global } from '../base/globals.js';
import type { ByteSource } from './types.js';

/** Bytes of a piece of a stream. */
const PIECE = 2 ** 20;

/** Bytes that are kept of a stream, which can be read once only while a table is read several times. */
const MAX_STREAM = 2 ** 31;

/** What bytes can be read from. */
export type ByteInput =
  | Uint8Array
  | ArrayBuffer
  | Global<'Blob'>
  | ByteSource
  | Global<'ReadableStream'>
  | AsyncIterable<Uint8Array>;

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

/**
 * A source of a Blob, such as a File that was picked or dropped in a page. `name` is that of the File by
 * default.
 */
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

/**
 * A source of what is given: one already, bytes, a Blob, or a stream, which is read to its end.
 *
 * @throws OptionError for anything else, and for a stream of something else than bytes; FormatError for one
 * of more than 2 GiB.
 */
export async function resolveSource(where: string, given: unknown, name?: string): Promise<ByteSource> {
  const bytes = asBytes(given);
  if (bytes) return bytesSource(bytes, name);
  if (typeof Blob !== 'undefined' && given instanceof Blob) return blobSource(given, name);
  if (typeof given === 'object' && given !== null) {
    if ('stream' in given && 'slice' in given) return given as ByteSource;
    if ('getReader' in given) return gathered(where, readPieces(given as ReadableStream), name);
    if (Symbol.asyncIterator in given) return gathered(where, given as AsyncIterable<unknown>, name);
  }
  const expected = 'expected a Uint8Array, a Blob, a stream of bytes, a byte source or an array of rows';
  throw new OptionError(where, `${expected}, given ${show(given)}`);
}

/** All bytes of a stream, as a source that can be read again and again. Throws as `resolveSource`. */
export async function gathered(
  where: string,
  pieces: AsyncIterable<unknown>,
  name = 'table',
): Promise<ByteSource> {
  let bytes = new Uint8Array(2 ** 16);
  let length = 0;
  for await (const given of pieces) {
    const piece = asBytes(given);
    if (!piece) throw new OptionError(where, `expected a stream of bytes, given one of ${show(given)}`);
    const needed = length + piece.length;
    if (needed > MAX_STREAM) {
      throw new FormatError(name, `expected a stream of at most ${MAX_STREAM} bytes; save it as a file`);
    }
    if (needed > bytes.length) {
      const larger = new Uint8Array(Math.max(needed, 2 * bytes.length));
      larger.set(bytes.subarray(0, length));
      bytes = larger;
    }
    bytes.set(piece, length);
    length = needed;
  }
  return bytesSource(bytes.subarray(0, length), name);
}

/** Not every browser's streams can be iterated over. */
async function* readPieces(stream: ReadableStream): AsyncGenerator<unknown> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/**
 * The bytes of a Uint8Array or an ArrayBuffer of any realm; of a Buffer as well, whose slices are no copies.
 */
function asBytes(given: unknown): Uint8Array | undefined {
  const tag = Object.prototype.toString.call(given);
  if (tag === '[object ArrayBuffer]') return new Uint8Array(given as ArrayBuffer);
  if (!ArrayBuffer.isView(given) || tag !== '[object Uint8Array]') return undefined;
  return new Uint8Array(given.buffer, given.byteOffset, given.byteLength);
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
    ...inOrderOnly(source, 'expected a file that is not compressed by gzip'),
    async *stream() {
      if (source.gunzip) {
        yield* source.gunzip();
        return;
      }
      const pieces = source.stream()[Symbol.asyncIterator]();
      const compressed = new ReadableStream<Uint8Array<ArrayBuffer>>({
        async pull(controller) {
          const { done, value } = await pieces.next();
          if (done) controller.close();
          // A copy: the piece is used again while this one waits in the queue.
          else controller.enqueue(new Uint8Array(value));
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
        if (cause instanceof LanegradError) throw cause;
        throw damagedGzip(source.name, cause);
      } finally {
        await reader.cancel().catch(() => {});
        // Who needs no more than the beginning leaves the file behind: it is closed here, not by the garbage
        // collector.
        await pieces.return?.();
      }
    },
  };
}

export function damagedGzip(name: string, cause: unknown): FormatError {
  return new FormatError(name, 'the gzip data are damaged or end too early', { cause });
}

/** Byte order of UTF-16, by the mark at its start. */
export function utf16Of([a, b]: Uint8Array): 'utf-16le' | 'utf-16be' | undefined {
  if (a === 0xff && b === 0xfe) return 'utf-16le';
  return a === 0xfe && b === 0xff ? 'utf-16be' : undefined;
}

/**
 * The same text in UTF-8, without its mark. Its size is not known, and it can only be read from the start.
 */
export function fromUtf16(source: ByteSource, encoding: 'utf-16le' | 'utf-16be'): ByteSource {
  return {
    ...inOrderOnly(source, 'expected UTF-8'),
    async *stream() {
      const decoder = new TextDecoder(encoding, { fatal: true });
      const encoder = new TextEncoder();
      const decode = (piece?: Uint8Array): Uint8Array => {
        try {
          return encoder.encode(piece ? decoder.decode(piece, { stream: true }) : decoder.decode());
        } catch (cause) {
          const problem = 'expected UTF-16, as its byte order mark says; save the file as UTF-8';
          throw new FormatError(source.name, problem, { cause });
        }
      };
      for await (const piece of source.stream()) yield decode(piece);
      yield decode();
    },
  };
}

function inOrderOnly({ name }: ByteSource, problem: string): Omit<ByteSource, 'stream'> {
  return {
    name,
    size: Number.NaN,
    slice: () => Promise.reject(new FormatError(name, problem)),
  };
}
