/**
 * Help where an optimizer stands in the table that has no learning rate of its own, as one that is added may.
 */
import { expect, test, vi } from 'vitest';
import { OptionError } from '../../src/base/errors.js';

vi.mock('../../src/nn/optimizers.js', async (original) => {
  const real = await original<typeof import('../../src/nn/optimizers.js')>();
  return {
    ...real,
    optimizerNames: [...real.optimizerNames, 'plain'],
    // As sgd, which throws where no rate is given.
    optimizerOf: ({ kind, ...options }: Record<string, unknown>) =>
      real.optimizerOf({ kind: kind === 'plain' ? 'sgd' : kind, ...options }),
  };
});

test('help says that its rate is required, and training says so too', async () => {
  const { defaultRate, describeRates } = await import('../../src/run/defaults.js');
  expect(describeRates()).toMatch(
    /^sgd: 1 with sigmoid, else 0\.1, less with momentum; .*adam.*: 0\.001.*; plain: required$/,
  );
  const plain = { optimizer: 'plain' as 'adam', activation: 'relu' };
  expect(() => defaultRate(plain)).toThrow(OptionError);
  expect(() => defaultRate(plain)).toThrow('option learningRate is required');
});

test('the options of runs, of which help is made, can be loaded', async () => {
  const options = await import('../../src/run/options.js');
  expect(JSON.stringify(options)).toContain('; plain: required');
});
