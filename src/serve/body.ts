/** The body of a request, within bounds; and what becomes of one that nobody wants. */
import type { IncomingMessage } from 'node:http';
import { FormatError } from '../base/errors.js';
import { BODY, RequestError } from './errors.js';

/** Bytes of an unwanted body that are read and thrown away, so that its sender gets to read the answer. */
const DISCARDED = 2 ** 24;

/** What kinds of body there are. */
export type BodyKind = 'json' | 'picture';

const kinds: Readonly<Record<string, BodyKind>> = {
  'application/json': 'json',
  'image/png': 'picture',
  'image/jpeg': 'picture',
};

/**
 * Throws RequestError with status 415 for a body that is said to be something else; `taken` are the types that the
 * model takes.
 */
export function kindOfBody({ headers }: IncomingMessage, taken: readonly string[]): BodyKind {
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') {
    throw new RequestError(BODY, 415, `expected no content-encoding, given ${encoding.slice(0, 60)}`);
  }
  const given = (headers['content-type'] ?? '').split(';')[0].trim().toLowerCase();
  if (Object.hasOwn(kinds, given)) return kinds[given];
  const expected = `expected the content-type ${taken.join(' or ')}`;
  const hint = "for JSON, give curl -H 'content-type: application/json'";
  throw new RequestError(
    BODY,
    415,
    `${expected}, given ${given === '' ? 'none' : given.slice(0, 60)}; ${hint}`,
  );
}

/** Throws RequestError with status 413 for a body that says itself that it is too large. */
export function checkLength({ headers }: IncomingMessage, maxBody: number): void {
  const length = Number(headers['content-length'] ?? 0);
  if (length > maxBody) throw tooLarge(maxBody, `${length}`);
}

/**
 * All bytes of the body. `hold` is told of each piece before it is kept, and throws where there is no room.
 *
 * @throws RequestError with status 413 for more than `maxBody` bytes; FormatError for one that is cut off.
 */
export async function readBody(
  request: IncomingMessage,
  maxBody: number,
  hold: (bytes: number) => void,
): Promise<Uint8Array> {
  const pieces = await new Promise<Buffer[]>((resolve, reject) => {
    const kept: Buffer[] = [];
    let bytes = 0;
    const end = (settle: () => void) => {
      request.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
      // What comes late is nobody's business.
      request.on('error', () => {});
      settle();
    };
    const onData = (piece: Buffer) => {
      bytes += piece.length;
      try {
        if (bytes > maxBody) throw tooLarge(maxBody, 'more');
        hold(piece.length);
        kept.push(piece);
      } catch (error) {
        end(() => reject(error));
      }
    };
    const onEnd = () => end(() => resolve(kept));
    const onClose = () => end(() => reject(new FormatError(BODY, 'it is cut off')));
    request.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
  });
  return Buffer.concat(pieces);
}

/** Lets the rest of a body pass by, up to a bound. */
export function discard(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return;
  let left = DISCARDED;
  request.on('data', (piece: Buffer) => {
    left -= piece.length;
    if (left < 0) request.destroy();
  });
  request.on('error', () => {});
}

function tooLarge(maxBody: number, given: string): RequestError {
  return new RequestError(BODY, 413, `expected at most ${maxBody} bytes, given ${given}`);
}
