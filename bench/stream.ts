/**
 * Rows of 20 numbers trained on as they are read from NPY files, beside the same rows in memory: rows a second
 * and resident memory, each in a process of its own, and in turns.
 */
import { spawnSync } from 'node:child_process';
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeNpy } from '../src/formats/npy.js';

/** Least, median and most. */
type Spread = readonly [number, number, number];

export interface StreamRate {
  readonly kind: 'memory' | 'stream';
  readonly rowsPerSecond: Spread;
  /** Peak of the process. */
  readonly residentBytes: Spread;
}

export interface StreamResult {
  readonly rows: number;
  readonly columns: number;
  readonly bytes: number;
  /** Whether both came to the same weights in the order of the set: otherwise there is no result. */
  readonly sameBits: true;
  readonly rates: readonly StreamRate[];
}

const COLUMNS = 20;
const CHUNK = 100_000;

export async function benchStream(rows: number, rounds: number): Promise<StreamResult> {
  const folder = await mkdtemp(join(tmpdir(), 'lanegrad-stream-'));
  try {
    const [inputs, labels] = ['x.npy', 'y.npy'].map((name) => join(folder, name));
    await writeRows(inputs, labels, rows);
    const script = fileURLToPath(new URL('./stream-train.mjs', import.meta.url));
    const train = (kind: StreamRate['kind'], order: 'shuffle' | 'in order') => {
      const args = [script, kind, inputs, labels, order];
      const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
      if (status !== 0) throw new Error(`${kind}: ${stderr}`);
      return JSON.parse(stdout) as { rowsPerSecond: number; residentBytes: number; weights: string };
    };
    const kinds = ['memory', 'stream'] as const;
    const weights = new Set(kinds.map((kind) => train(kind, 'in order').weights));
    if (weights.size !== 1) throw new Error('the weights in memory and of the stream differ');
    const runs = kinds.map((kind) => ({ kind, all: [] as ReturnType<typeof train>[] }));
    for (let round = 0; round < rounds; round++) {
      for (const { kind, all } of runs) all.push(train(kind, 'shuffle'));
    }
    const rates = runs.map(({ kind, all }) => ({
      kind,
      rowsPerSecond: spread(all.map((run) => run.rowsPerSecond)),
      residentBytes: spread(all.map((run) => run.residentBytes)),
    }));
    return { rows, columns: COLUMNS, bytes: 4 * COLUMNS * rows, sameBits: true, rates };
  } finally {
    await rm(folder, { recursive: true });
  }
}

function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  return [sorted[0], sorted[sorted.length >> 1], sorted[sorted.length - 1]];
}

/** Weyl's sequence, the same each time; the label is the sign of a sum of some numbers. */
async function writeRows(inputs: string, labels: string, rows: number): Promise<void> {
  const files = await Promise.all([open(inputs, 'w'), open(labels, 'w')]);
  const [x, y] = files;
  try {
    await x.write(head('float32', [rows, COLUMNS]));
    await y.write(head('uint8', [rows]));
    let state = 0;
    for (let from = 0; from < rows; from += CHUNK) {
      const count = Math.min(CHUNK, rows - from);
      const values = new Float32Array(count * COLUMNS);
      const signs = new Uint8Array(count);
      for (let row = 0; row < count; row++) {
        let sum = 0;
        for (let i = 0; i < COLUMNS; i++) {
          state = (state + 0.6180339887498949) % 1;
          values[row * COLUMNS + i] = 2 * state - 1;
          if (i < 5) sum += 2 * state - 1;
        }
        signs[row] = sum > 0 ? 1 : 0;
      }
      await writeAll(x, new Uint8Array(values.buffer));
      await writeAll(y, signs);
    }
  } finally {
    for (const file of files) await file.close();
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten;
}

/** The header of an array, as of one with no rows; it has room for the number of them. */
function head(dtype: 'float32' | 'uint8', shape: readonly number[]): Uint8Array {
  const empty = { dtype, shape: [0, ...shape.slice(1)] } as const;
  const data = dtype === 'float32' ? new Float32Array(0) : new Uint8Array(0);
  const bytes = writeNpy({ ...empty, data } as Parameters<typeof writeNpy>[0]);
  const text = new TextDecoder('latin1').decode(bytes).replace('(0,', `(${shape[0]},`);
  // The length of the header stays: it ends with spaces and a newline. Its bytes are not all of ASCII.
  return Buffer.from(`${text.trimEnd().padEnd(bytes.length - 1)}\n`, 'latin1');
}
