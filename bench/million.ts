/**
 * A large table from end to end: `lanegrad train` on a CSV file of so many rows of 20 numbers, one epoch, as
 * a user would call it.
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { COLUMNS, writeTable } from './table-csv.js';

export interface MillionResult {
  readonly rows: number;
  readonly columns: number;
  readonly bytes: number;
  /** Least, median and most of three runs. */
  readonly seconds: readonly [number, number, number];
}

export async function benchMillion(rows: number): Promise<MillionResult> {
  const folder = await mkdtemp(join(tmpdir(), 'lanegrad-million-'));
  const file = join(folder, 'table.csv');
  try {
    // In full precision.
    const bytes = await writeTable(file, rows, String);
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
    return { rows, columns: COLUMNS, bytes, seconds: [least, median, most] };
  } finally {
    await rm(folder, { recursive: true });
  }
}
