/** The one place where a table that a caller made, and its chunks, are checked before they are used. */
import { isStrings } from '../base/arrays.js';
import { OptionError, show } from '../base/errors.js';
import type { ChunkOptions, Table, TableChunk } from './types.js';

/** Throws OptionError for something that is no table. */
export function checkTable(where: string, given: unknown): asserts given is Table {
  const table = given as Partial<Table> | null | undefined;
  const { columns } = table ?? {};
  if (typeof table?.chunks === 'function' && isStrings(columns) && typeof table.name === 'string') return;
  throw new OptionError(where, `table: expected one from openTable(), given ${show(given)}`);
}

/**
 * The table's chunks. Throws OptionError where one is not as `TableChunk` says, and what the table throws.
 */
export async function* chunksOf(
  where: string,
  table: Table,
  options: ChunkOptions,
): AsyncGenerator<TableChunk> {
  // Waited for, in case it is a promise after all: what a caller's table rejects with is what is thrown.
  const chunks = (await table.chunks(options)) as Partial<AsyncIterable<unknown>> | null | undefined;
  if (typeof chunks?.[Symbol.asyncIterator] !== 'function') {
    throw new OptionError(where, `table.chunks: expected an async iterable, given ${show(chunks)}`);
  }
  for await (const chunk of chunks as AsyncIterable<TableChunk>) {
    const rows: unknown = chunk?.rows;
    const isChunk =
      Number.isSafeInteger(rows) &&
      Array.isArray(chunk.columns) &&
      chunk.columns.length === table.columns.length &&
      chunk.columns.every((cells) => cells && (cells.nested || cells.numbers?.length === rows));
    if (!isChunk) {
      const expected = `a chunk of ${table.columns.length} columns, each with as many numbers as the chunk has rows`;
      throw new OptionError(where, `table.chunks: expected ${expected}, given ${show(chunk)}`);
    }
    yield chunk;
  }
}
