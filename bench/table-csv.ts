/** CSV files of as many rows as wanted: numbers, and two kinds by the sign of a sum of some of them. */
import { createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Numbers of a row; its kind is in the column `kind`. */
export const COLUMNS = 20;

const CHUNK = 1000;

/** Writes the file, whose numbers are written as `text` says; returns its bytes. */
export async function writeTable(
  file: string,
  rows: number,
  text: (value: number) => string,
): Promise<number> {
  await pipeline(Readable.from(lines(rows, text)), createWriteStream(file));
  return (await stat(file)).size;
}

function* lines(rows: number, textOf: (value: number) => string): Generator<string> {
  yield `${Array.from({ length: COLUMNS }, (_, i) => `x${i}`).join(',')},kind\n`;
  // Weyl's sequence: the same file each time.
  let state = 0;
  for (let from = 0; from < rows; from += CHUNK) {
    let text = '';
    for (let row = from; row < Math.min(from + CHUNK, rows); row++) {
      let sum = 0;
      for (let i = 0; i < COLUMNS; i++) {
        state = (state + 0.6180339887498949) % 1;
        const value = 2 * state - 1;
        if (i < 5) sum += value;
        text += `${textOf(value)},`;
      }
      text += sum > 0 ? 'up\n' : 'down\n';
    }
    yield text;
  }
}
