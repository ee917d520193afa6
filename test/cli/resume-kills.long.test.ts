/** Runs that are killed at any moment go on as if nothing had been. */
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testNumbers } from '../kernels/harness.js';
import { lanegrad, lastObject, start } from './command.js';
import { EACH, epochsOf, TRAIN } from './long-run.js';
import { writeToy } from './toy.js';

let root: string;
let expected: Record<string, unknown>;
/** Milliseconds that a whole run takes, its start included. */
let whole: number;

/** How often a run is killed; more where there is time: KILLS=10. */
const KILLS = Number(process.env.KILLS ?? 3);

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lanegrad-kills-'));
  await writeToy(join(root, 'toy'), { train: 480 });
  const began = performance.now();
  expected = lastObject(await start(root, [...TRAIN, '--out', 'never', '--json']).outcome);
  whole = performance.now() - began;
});
afterAll(() => rm(root, { recursive: true }));

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

describe('kill -9', () => {
  it.each([
    ['every 7 steps', '7', 1],
    ['every 3 epochs', '3epochs', 2],
    ['never', 'never', 3],
  ])(
    `at ${KILLS} moments, with checkpoints %s, changes no bit`,
    async (_, every, seed) => {
      const random = testNumbers(seed);
      const run = `killed-${seed}`;
      let killed = 0;
      const first = [...TRAIN, '--out', run, '--checkpoint-every', every, '--json'];
      for (let kill = 0; kill < KILLS; kill++) {
        const known = await exists(join(root, run, 'config.json'));
        const { child, outcome } = start(root, known ? ['train', '--resume', run, '--json'] : first);
        const timer = setTimeout(() => child.kill('SIGKILL'), whole * (0.1 + 0.5 * random()));
        const { code, stderr } = await outcome;
        clearTimeout(timer);
        // Killed, unless it was done before.
        expect([null, 0], stderr).toContain(code);
        if (code === null) killed++;
      }
      expect(killed).toBeGreaterThan(0);
      const known = await exists(join(root, run, 'config.json'));
      const last = await lanegrad(root, known ? ['train', '--resume', run, '--json'] : first);
      expect(last, last.stderr).toMatchObject({ code: 0 });
      const { weightsSha256, test, validation, steps, epochs } = lastObject(last);
      expect({ weightsSha256, test, validation, steps, epochs }).toEqual({
        weightsSha256: expected.weightsSha256,
        test: expected.test,
        validation: expected.validation,
        steps: expected.steps,
        epochs: expected.epochs,
      });
      expect(await epochsOf(join(root, run))).toEqual(EACH);
      expect(await readFile(join(root, run, 'model.safetensors'))).toEqual(
        await readFile(join(root, 'never', 'model.safetensors')),
      );
      const left = [
        ...(await readdir(join(root, run))),
        ...(await readdir(join(root, run, 'checkpoints')).catch(() => [])),
      ];
      expect(left.filter((name) => name.endsWith('.tmp'))).toEqual([]);
    },
    30_000 + 5000 * KILLS,
  );
});
