/** Files of a folder as one piece of bytes, to be sent: checkpoints and results of trials. Node only. */
import { readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FormatError } from '../../base/errors.js';
import { fileError, readFileBytes, remove, systemCode, writeFileAtomic } from '../../base/files/atomic.js';
import { makeFolders } from '../../base/files/folders.js';

/** Before the header's length in four bytes, the header as JSON, and the files one after the other. */
const MAGIC = 'lanegrad files 1';
/** Locks, probes and files that are being written. */
const PASSING = /^\.lanegrad-/;
/** How often a folder is read again of which a file went away meanwhile. */
const ATTEMPTS = 5;

interface Header {
  /** Plain, of whoever sends them. */
  readonly head: unknown;
  /** Paths within the folder, with slashes, and bytes. */
  readonly files: readonly (readonly [string, number])[];
}

/** Undefined when the files have more than `most` bytes. A folder that is not there has none. */
export async function packFolder(
  folder: string | undefined,
  head: unknown,
  most: number,
): Promise<Buffer | undefined> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await pack(folder, head, most);
    } catch (error) {
      // Checkpoints take each other's place.
      if (systemCode(error) !== 'ENOENT' || attempt === ATTEMPTS) throw error;
    }
  }
}

async function pack(folder: string | undefined, head: unknown, most: number): Promise<Buffer | undefined> {
  const names = folder === undefined ? [] : await filesOf(folder);
  const files: [string, number][] = [];
  const parts: Uint8Array[] = [];
  let total = 0;
  // In the order of their names, which puts checkpoints first: what was written after them does no harm, as after
  // a crash.
  for (const name of names) {
    const path = join(folder!, name);
    const { size } = await stat(path).catch((cause) => {
      throw fileError(path, 'cannot be read', cause);
    });
    if (total + size > most) return undefined;
    const bytes = await readFileBytes(path);
    total += bytes.length;
    if (total > most) return undefined;
    files.push([name, bytes.length]);
    parts.push(bytes);
  }
  const header = Buffer.from(JSON.stringify({ head, files } satisfies Header));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(header.length);
  return Buffer.concat([Buffer.from(MAGIC), length, header, ...parts]);
}

/** Regular files below a folder by their paths in it, sorted. */
async function filesOf(folder: string, prefix = ''): Promise<string[]> {
  const entries = await readdir(join(folder, prefix), { withFileTypes: true }).catch((cause) => {
    if (systemCode(cause) === 'ENOENT') return [];
    throw fileError(folder, 'cannot be read', cause);
  });
  const names: string[] = [];
  for (const entry of entries) {
    const name = prefix + entry.name;
    if (entry.isDirectory()) names.push(...(await filesOf(folder, `${name}/`)));
    else if (entry.isFile() && !PASSING.test(entry.name)) names.push(name);
  }
  return names.sort();
}

/** Whether a folder has files at all. */
export async function hasFiles(folder: string): Promise<boolean> {
  return (await filesOf(folder)).length > 0;
}

/** What stands at the head of a bundle. Throws FormatError for bytes that are none. */
export function headOf(bytes: Uint8Array): unknown {
  return parse(bytes).header.head;
}

/** Makes a folder hold the files of a bundle and nothing else. Throws FormatError, before it changes anything. */
export async function unpackFolder(bytes: Uint8Array, folder: string): Promise<void> {
  const { header, at } = parse(bytes);
  await remove(folder, { recursive: true });
  let offset = at;
  for (const [name, size] of header.files) {
    const path = join(folder, name);
    await makeFolders(dirname(path));
    await writeFileAtomic(path, bytes.subarray(offset, offset + size));
    offset += size;
  }
}

function parse(bytes: Uint8Array): { header: Header; at: number } {
  const where = 'files of a trial';
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const start = MAGIC.length + 4;
  if (buffer.length < start || buffer.toString('latin1', 0, MAGIC.length) !== MAGIC) {
    throw new FormatError(where, 'expected a bundle of lanegrad');
  }
  const at = start + buffer.readUInt32LE(MAGIC.length);
  let header: Header;
  try {
    header = JSON.parse(buffer.toString('utf8', start, at)) as Header;
  } catch (cause) {
    throw new FormatError(where, 'the header is no JSON', { cause });
  }
  if (!Array.isArray(header?.files)) throw new FormatError(where, 'expected a list of files');
  let total = 0;
  for (const [name, size] of header.files) {
    if (!isInside(name) || !Number.isSafeInteger(size) || size < 0) {
      throw new FormatError(where, 'expected paths within a folder, and sizes');
    }
    total += size;
  }
  if (at + total !== buffer.length) {
    throw new FormatError(where, `expected ${at + total} bytes, given ${buffer.length}`);
  }
  return { header, at };
}

function isInside(name: unknown): boolean {
  if (typeof name !== 'string' || /[\\\0:]/.test(name)) return false;
  return name.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}
