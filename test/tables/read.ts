/** Reads whole tables in tests: rows as arrays of numbers, texts and undefined. */
import { type OpenTableOptions, openTable } from '../../src/tables/open.js';
import { bytesSource } from '../../src/tables/source.js';
import type { ByteSource, Table } from '../../src/tables/types.js';

export type Cell = number | string | undefined;

export async function rowsOf(table: Table): Promise<Cell[][]> {
  const rows: Cell[][] = [];
  for await (const chunk of table.chunks()) {
    for (let i = 0; i < chunk.rows; i++) {
      rows.push(
        chunk.columns.map(({ numbers, texts }) =>
          Number.isNaN(numbers[i]) ? texts?.[i] : (numbers[i] as Cell),
        ),
      );
    }
  }
  return rows;
}

export async function readText(text: string | Uint8Array, options?: OpenTableOptions): Promise<Cell[][]> {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  return rowsOf(await openTable(bytesSource(bytes, 'data.csv'), options));
}

/** A source whose stream comes in pieces of these sizes, over and over, in one buffer that is used again. */
export function inPieces(bytes: Uint8Array, sizes: readonly number[], name = 'data.csv'): ByteSource {
  return {
    ...bytesSource(bytes, name),
    async *stream() {
      const buffer = new Uint8Array(Math.max(...sizes));
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const piece = bytes.subarray(at, at + sizes[i % sizes.length]);
        buffer.set(piece);
        yield buffer.subarray(0, piece.length);
        at += piece.length;
      }
    },
  };
}
