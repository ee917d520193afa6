/**
 * A large table from end to end: `lanegrad train` on a CSV file of so many rows of 20 numbers, one epoch, as
 * a user would call it.
 */
import { spawnSync } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';

export interface MillionResult {
  readonly rows: number;
  readonly columns: number;
  readonly bytes: number;
  /** Least, median and most of three runs. */
  readonly seconds: readonly [number, number, number];
}

const COLUMNS = 20;
const CHUNK = 1000;

export async function benchMillion(rows: number): Promise<MillionResult> {
  const folder = await mkdtemp(join(tmpdir(), 'lanegrad-million-'));
  const file = join(folder, 'table.csv');
  try {
    await pipeline(Readable.from(lines(rows)), createWriteStream(file));
    const { size } = await stat(file);
    const program = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
    const seconds = [1, 2, 3].map(() => {
      const begin = performance.now();
      const { status, stderr } = spawnSync(
        process.execPath,
        [program, 'train', file, '--target', 'kind', '--epochs', '1', '--json'],
        { cwd: folder, encoding: 'utf8' },
      );
      if (status !== 0) throw new Error(`lanegrad train: ${stderr}`);
      return (performance.now() - begin) / 1000;
    });
    const [least, median, most] = seconds.sort((a, b) => a - b);
    return { rows, columns: COLUMNS, bytes: size, seconds: [least, median, most] };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Numbers in full precision, and two kinds by the sign of a sum of some of them. */
function* lines(rows: number): Generator<string> {
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
        text += `${value},`;
      }
      text += sum > 0 ? 'up\n' : 'down\n';
    }
    yield text;
  }
}
