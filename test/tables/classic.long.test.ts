/**
 * The classic tables with the settings that `lanegrad train` gives them, beside scikit-learn 1.9.1's
 * MLPClassifier and MLPRegressor (default options; StandardScaler before, and around the target of a
 * regression; random_state 0 to 5). Both train on the same rows of the same six splits, those of seeds 1 to
 * 6, and are tested on the same rows; `npm run bench -- classic` measured scikit-learn's means. Tables that
 * are not here are skipped, but for continuous integration, which has them: see bench/classic-tables.ts.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { classicTables, score, splitTable } from '../../bench/classic-tables.js';
import { createEngine } from '../../src/create/engine.js';
import type { Engine } from '../../src/engine/engine.js';

const SEEDS = [1, 2, 3, 4, 5, 6];

/**
 * scikit-learn's mean accuracy or R² over the six splits; and what chance allows: half the rows of a test set
 * in one of the six, or a standard error of the six.
 */
const sklearn: Readonly<Record<string, { mean: number; noise: number }>> = {
  iris: { mean: 0.9548, noise: 0.012 },
  wine: { mean: 0.9746, noise: 0.01 },
  'breast cancer': { mean: 0.9728, noise: 0.01 },
  digits: { mean: 0.9802, noise: 0.004 },
  diabetes: { mean: 0.4974, noise: 0.03 },
  'Boston house prices': { mean: 0.8656, noise: 0.014 },
};

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

describe('classic tables do as well as with scikit-learn', () => {
  for (const { name, source, csv } of classicTables) {
    it.skipIf(source !== undefined && !existsSync(source) && !process.env.CI)(name, async () => {
      const path = join(root, `${name}.csv`);
      await writeFile(path, await csv());
      let sum = 0;
      for (const seed of SEEDS) sum += await score(engine, path, seed, await splitTable(path, seed));
      const { mean, noise } = sklearn[name];
      expect(sum / SEEDS.length).toBeGreaterThan(mean - 2 * noise);
    });
  }
});
