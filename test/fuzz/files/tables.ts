/**
 * Tables from bytes: whatever their format, they read the same as a whole, from a stream in small pieces, from bytes at
 * an odd place, and behind gzip.
 */
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { LanegradError } from '../../../src/index.js';
import { openTable } from '../../../src/tables.js';
import { inPieces, rowsOf } from '../../tables/read.js';
import { mutateBytes, mutateText } from '../mutate.js';
import type { Random } from '../random.js';
import { hostilePage, mutateFooter, mutateThrift } from '../structure/parquet.js';
import { expectThat, type FileTarget } from '../target.js';
import {
  checkCells,
  hostileText,
  makeCsv,
  makeJsonLines,
  makeParquet,
  type Written,
} from '../targets/tables.js';
import { sameAgain, unaligned } from './same.js';

interface Read {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (number | string | undefined)[])[];
}

/** The bytes of a piece of a stream, by turns. */
const PIECES = [[1], [2, 3], [7, 1, 64], [4096, 1]];

type Source = Parameters<typeof openTable>[0];

async function read(source: Source): Promise<Read> {
  const table = await openTable(source, { name: 't' });
  return { columns: table.columns, rows: await rowsOf(table) };
}

/** What was read, or the error: how many cells a line has is told as far as it was read. */
async function outcome(source: Source): Promise<Read | LanegradError> {
  try {
    return await read(source);
  } catch (error) {
    if (!(error instanceof LanegradError)) throw error;
    error.message = error.message.replace(/given (at least )?\d+(; column .* is missing)?$/, 'given many');
    return error;
  }
}

async function readEverywhere(bytes: Uint8Array<ArrayBuffer>): Promise<Read> {
  const whole = await outcome(bytes);
  const isLarge = bytes.length > 20_000;
  // Of a damaged archive the rows before the damage may be wrong first.
  if (whole instanceof LanegradError && bytes[0] === 0x1f) throw whole;
  for (const sizes of isLarge ? PIECES.slice(3) : [PIECES[bytes.length % 3], PIECES[3]])
    sameAgain(`a stream in pieces of ${sizes}`, await outcome(inPieces(bytes, sizes, 't')), whole);
  sameAgain('bytes at an odd place', await outcome(unaligned(bytes)), whole);
  if (whole instanceof LanegradError) throw whole;
  for (const row of whole.rows)
    expectThat(row.length === whole.columns.length, () => 'a row of another length');
  return whole;
}

const says =
  (written: Written) =>
  ({ columns, rows }: Read): void =>
    checkCells(written, columns, rows.length, (row, column) => rows[row][column]);

/** Text as it is, in UTF-16, or behind gzip. */
function encoded(r: Random, text: string): Uint8Array<ArrayBuffer> {
  const utf8 = Uint8Array.from(Buffer.from(text));
  const how = r.below(20);
  if (how === 0) return Uint8Array.from(gzipSync(utf8));
  if (how === 1) return Uint8Array.from(Buffer.from(`\ufeff${text}`, 'utf16le'));
  if (how === 2) return Uint8Array.from(Buffer.from(`\ufeff${text}`, 'utf16le').swap16());
  if (how === 3) return Uint8Array.from(Buffer.from(`\ufeff${text}`));
  return utf8;
}

const textTarget = (name: string, extension: string, write: (r: Random) => Written): FileTarget<Read> => ({
  ...{ name, weight: 10, extension },
  make(r) {
    const written = write(r);
    const text = new TextDecoder().decode(written.bytes);
    if (r.chance(0.15)) return { bytes: encoded(r, text), says: says(written) };
    const bytes = encoded(r, r.chance(0.1) ? hostileText(r) : mutateText(r, text));
    return { bytes: r.chance(0.15) ? mutateBytes(r, bytes) : bytes };
  },
  read: readEverywhere,
});

const csvTarget = textTarget('a CSV table in pieces', 'csv', makeCsv);
const jsonTarget = textTarget('a JSON table in pieces', 'jsonl', makeJsonLines);

const fixtures = ['snappy', 'gzip', 'zstd'].map((name) =>
  Uint8Array.from(readFileSync(new URL(`../../tables/fixtures/pyarrow-${name}.parquet`, import.meta.url))),
);

const parquetTarget: FileTarget<Read> = {
  name: 'a Parquet table',
  weight: 12,
  extension: 'parquet',
  make(r) {
    if (r.chance(0.3)) return { bytes: hostilePage(r) };
    const written = makeParquet(r);
    const own = Uint8Array.from(written.bytes);
    if (r.chance(0.1)) return { bytes: own, says: says(written) };
    const file = r.chance(0.4) ? r.pick(fixtures) : own;
    return { bytes: r.pick([mutateFooter, mutateThrift, mutateBytes])(r, file) };
  },
  async read(bytes) {
    const whole = await outcome(bytes);
    sameAgain('bytes at an odd place', await outcome(unaligned(bytes)), whole);
    if (whole instanceof LanegradError) throw whole;
    return whole;
  },
};

export const tableFiles = [csvTarget, jsonTarget, parquetTarget] as FileTarget[];
