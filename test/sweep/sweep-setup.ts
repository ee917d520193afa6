/** What sweeps in this process share in their tests: an objective, with and without pauses, and folders. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll } from 'vitest';
import type { ObjectiveFunction } from '../../src/sweep/objective/trial.js';
import type { SweepOptions } from '../../src/sweep/sweep.js';

let root: string;
let folders = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lanegrad-sweep-'));
});
afterAll(() => rm(root, { recursive: true }));
export const newFolder = () => join(root, `study-${++folders}`);

export const space = {
  rate: { kind: 'number', low: 1e-4, high: 1, log: true },
  units: { kind: 'integer', low: 8, high: 128, log: true },
  optimizer: { kind: 'choice', values: ['sgd', 'adam'] },
  momentum: { kind: 'number', low: 0, high: 0.9, step: 0.1, when: { optimizer: 'sgd' } },
} as const;

/** Falls step by step to a value that depends on the settings; some settings fail. */
const curve: ObjectiveFunction = async (trial) => {
  const { rate, units, optimizer, momentum = 0 } = trial.settings as Record<string, number | string>;
  const floor =
    (Math.log10(Number(rate)) + 2) ** 2 +
    Number(units) / 64 +
    (optimizer === 'sgd' ? 0.3 : 0) -
    Number(momentum) / 9;
  if (Number(units) > 120) throw new Error(`${units} units are too many`);
  trial.set('floor', floor);
  for (let step = 1; step <= 9; step++) if (trial.report(step, floor + 1 / step)) break;
  return floor;
};

/** The same, with pauses by chance, so that who ends first differs from time to time. */
export const unsteady: ObjectiveFunction = async (trial) => {
  await sleep(Math.random() * 4);
  const result = await curve(trial);
  await sleep(Math.random() * 4);
  return result;
};

export const base = { objective: curve, space, trials: 60, lag: 8 } as const satisfies SweepOptions;
