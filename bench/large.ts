/**
 * A table larger than memory: rows a second of each part of training on it while it streams, and the most
 * memory that took; beside the same rows in memory, where they fit.
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { byteText } from '../src/base/settings.js';
import { fitsInMemory } from '../src/data/spill-plan.js';
import { COLUMNS, writeTable } from './table-csv.js';

/** What one training came to. */
export interface LargeFigures {
  /** Rows a second, both readings of the file and the writing of the temporary one. */
  readonly prepared: number;
  /** Rows a second of each epoch. */
  readonly epochs: readonly number[];
  /** Most memory before the first epoch, and at all. */
  readonly preparedBytes: number;
  readonly peakBytes: number;
  readonly weightsSha256: string;
}

export interface LargeResult {
  readonly rows: number;
  readonly columns: number;
  readonly bytes: number;
  readonly memory: number;
  readonly streamed: LargeFigures;
  /** Absent where the rows do not fit in memory. */
  readonly inMemory?: LargeFigures;
  /** Whether the weights are those of training in memory, rows in the order of the file; where they fit. */
  readonly sameWeights?: boolean;
}

export async function benchLarge(
  rows: number,
  { memory, epochs }: { memory: number; epochs: number },
  report: (line: string) => void,
): Promise<LargeResult> {
  const folder = await mkdtemp(join(tmpdir(), 'lanegrad-large-'));
  const file = join(folder, 'table.csv');
  try {
    const bytes = await writeTable(file, rows, (value) => value.toFixed(6));
    report(`${rows.toLocaleString('en')} rows of ${COLUMNS} numbers, ${byteText(bytes)} of CSV`);
    const streamed = child([file, String(memory), String(epochs), 'true']);
    report(figuresRow(`streaming, memory ${byteText(memory)}`, streamed));
    const fits = fitsInMemory(rows, { dtype: 'f32', width: COLUMNS, answer: 'label' });
    if (!fits || 4 * rows * COLUMNS > 2 ** 31) {
      report('  in memory: the rows do not fit');
      return { rows, columns: COLUMNS, bytes, memory, streamed };
    }
    const inMemory = child([file, 'all', String(epochs), 'true']);
    report(figuresRow('in memory', inMemory));
    const ratio = (all: LargeFigures) => all.epochs.at(-1)!;
    report(`  last epoch, streaming over in memory: ${(ratio(streamed) / ratio(inMemory)).toFixed(2)}`);
    const [one, other] = [String(memory), 'all'].map((own) => child([file, own, '1', 'false']).weightsSha256);
    report(`  weights of one epoch in the order of the file: ${one === other ? 'the same' : 'DIFFERENT'}`);
    return { rows, columns: COLUMNS, bytes, memory, streamed, inMemory, sameWeights: one === other };
  } finally {
    await rm(folder, { recursive: true });
  }
}

function child(args: readonly string[]): LargeFigures {
  const script = fileURLToPath(new URL('large-child.ts', import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', script, ...args], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${script}: ${stderr}`);
  return JSON.parse(stdout) as LargeFigures;
}

function figuresRow(name: string, { prepared, epochs, preparedBytes, peakBytes }: LargeFigures): string {
  const rate = (rows: number) => `${Math.round(rows / 1000).toLocaleString('en')}k`;
  const [first, ...later] = epochs;
  const rates = `${rate(prepared)} rows/s prepared, ${rate(first)} first epoch`;
  const others = later.length > 0 ? `, ${later.map(rate).join(', ')} later` : '';
  const peak = `${byteText(preparedBytes)} prepared, ${byteText(peakBytes)} in all`;
  return `  ${name.padEnd(28)} ${rates}${others}; peak ${peak}`;
}
