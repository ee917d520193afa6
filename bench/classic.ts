/**
 * The classic tables with the defaults of `lanegrad train`, beside scikit-learn on the same rows: accuracy,
 * or R² of a regression.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createEngine } from '../src/create/engine.js';
import type { Dataset } from '../src/data/dataset.js';
import { type ClassicTable, classicTables, score, splitTable } from './classic-tables.js';
import { Peer } from './peer.js';

export interface Scores {
  readonly mean: number;
  /** Of the mean. */
  readonly standardError: number;
}

export interface ClassicResult {
  readonly table: string;
  readonly rows: number;
  readonly splits: number;
  readonly lanegrad: Scores;
  /** Absent where python3 has no scikit-learn. */
  readonly sklearn?: Scores;
}

const entry = { peer: 'scikit-learn', command: ['python3', 'classic.py'], tasks: ['classic'] } as const;

/** Each table that is here, over so many splits by seed. */
export async function benchClassic(
  splits: number,
  report: (result: ClassicResult) => void,
): Promise<ClassicResult[]> {
  const engine = await createEngine({ math: 'strict' });
  const peer = await Peer.start(entry, fileURLToPath(new URL('peers', import.meta.url)), []);
  const folder = await mkdtemp(join(tmpdir(), 'lanegrad-classic-'));
  const results: ClassicResult[] = [];
  try {
    for (const table of classicTables) {
      if (table.source !== undefined && !existsSync(table.source)) {
        console.error(`${table.name}: not here; see bench/classic-tables.ts`);
        continue;
      }
      const result = await compare(table);
      results.push(result);
      report(result);
    }
  } finally {
    engine.dispose();
    peer?.stop();
    await rm(folder, { recursive: true });
  }
  return results;

  async function compare({ name, csv }: ClassicTable): Promise<ClassicResult> {
    const path = join(folder, `${name}.csv`);
    await writeFile(path, await csv());
    const [ours, theirs]: [number[], number[]] = [[], []];
    let rows = 0;
    for (let seed = 1; seed <= splits; seed++) {
      const sets = await splitTable(path, seed);
      const { train, validation, test } = sets;
      rows = train.size + (validation?.size ?? 0) + (test?.size ?? 0);
      ours.push(await score(engine, path, seed, sets));
      if (!peer || !test) continue;
      const regression = train.targets !== undefined;
      const answer = await peer.ask(
        JSON.stringify({ train: lists(train), test: lists(test), regression, seed: seed - 1 }),
      );
      theirs.push(Number(answer.score));
    }
    const sklearn = theirs.length > 0 && { sklearn: scores(theirs) };
    return { table: name, rows, splits, lanegrad: scores(ours), ...sklearn };
  }
}

/** Prepared rows, and labels or targets, as the protocol has them. */
function lists({ inputs, labels, targets, size, width }: Dataset) {
  const x = Array.from({ length: size }, (_, i) => [...inputs.subarray(i * width, (i + 1) * width)]);
  return { x, y: [...(targets ?? labels)] };
}

function scores(values: readonly number[]): Scores {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, standardError: n > 1 ? Math.sqrt(squares / (n - 1) / n) : 0 };
}
