/**
 * Many random networks: in CI some hundred for each check, overnight as many as LANEGRAD_GRAPHS says; FC_SEED
 * draws others. A failure prints its seed, its path and the smallest network, to be kept in examples.ts.
 */
import { test } from 'vitest';
import { checks, tryNetworks } from './checks.js';

const networks = Number(process.env.LANEGRAD_GRAPHS ?? 150);

test.each(checks)(
  '$name',
  async (check) => {
    const tried = await tryNetworks(check, Math.ceil((networks * check.share) / 100));
    console.log(`${check.name}: ${tried}`);
  },
  // Nobody waits for less than a second a network.
  60_000 + 1000 * networks,
);
