/**
 * Named pipes and standard input as streams of bytes. Node only. What waits for their other end can be
 * interrupted by a signal.
 */
import { constants, openSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Socket } from 'node:net';
import { fileError, readFileBytes } from './atomic.js';

/** What stands for standard input in place of a path; a file of this name is reached as ./- */
export const STANDARD_INPUT = '-';

/** What messages call it. */
export function inputName(path: string): string {
  return path === STANDARD_INPUT ? 'standard input' : path;
}

/** Whether a path stands for something that can be read once only, from its start to its end. */
export async function isPipe(path: string): Promise<boolean> {
  if (path === STANDARD_INPUT) return true;
  const found = await stat(path).catch((cause) => {
    throw fileError(path, 'cannot be read', cause);
  });
  return found.isFIFO();
}

/**
 * All bytes of a file, a pipe, or standard input.
 *
 * @throws FileError when it cannot be read.
 */
export async function readInput(path: string): Promise<Uint8Array> {
  if (!(await isPipe(path))) return readFileBytes(path);
  const pieces: Uint8Array[] = [];
  for await (const piece of readPipe(path)) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** The bytes of a pipe, as they come. Throws FileError when it cannot be read. */
export async function* readPipe(path: string): AsyncGenerator<Uint8Array> {
  const stream = path === STANDARD_INPUT ? process.stdin : openPipe(path);
  try {
    for await (const piece of stream) yield piece as Uint8Array;
  } catch (cause) {
    throw fileError(inputName(path), 'cannot be read', cause);
  }
}

/**
 * To open a pipe is to wait for who writes, in a thread that Node waits for in turn, whatever signal comes.
 * Not to wait, and to let the event loop watch it, leaves the process free.
 */
function openPipe(path: string): Socket {
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    return new Socket({ fd, readable: true, writable: false });
  } catch (cause) {
    throw fileError(path, 'cannot be read', cause);
  }
}
