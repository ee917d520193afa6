/**
 * The learning-rate range test: rates that grow evenly, a suggestion that trains, and a model left as it was.
 */
import { expect, test } from 'vitest';
import { OptionError } from '../../src/base/errors.js';
import { adam, sgd } from '../../src/nn/optimizers.js';
import { fit } from '../../src/train/fit.js';
import { findLearningRate } from '../../src/train/learning-rate-finder.js';
import { basic, bits, engines, net, strict } from './fit-setting.js';
import { clouds } from './sets.js';

const train = clouds(400);
/** One label in ten is wrong: a loss of 0 is out of reach. */
const noisy = { ...train, labels: train.labels.map((label, i) => (i % 10 ? label : (label + 1) % 3)) };

test.each(engines)(
  '$name: rates grow by one factor, and the loss is that of training',
  async ({ engine }) => {
    const model = net();
    const before = bits(model);
    const { rates, losses, smoothed } = await findLearningRate(engine, model, train, {
      ...basic,
      from: 1e-4,
      to: 1e-2,
      steps: 21,
      batchSize: 16,
    });
    expect(bits(model)).toEqual(before);
    expect(rates).toHaveLength(21);
    expect(rates[0]).toBe(1e-4);
    expect(rates[20]).toBeCloseTo(1e-2, 12);
    for (const [i, rate] of rates.slice(1).entries()) {
      expect(rate / rates[i]).toBeCloseTo(100 ** (1 / 20), 10);
    }
    // The first batch and its loss are those of fit with the same seed.
    let first = Number.NaN;
    await fit(engine, model, train, {
      ...basic,
      batchSize: 16,
      epochs: 1,
      onStep: ({ step, loss }) => {
        if (step === 1) first = loss;
      },
    });
    expect(losses[0]).toBeCloseTo(first, 6);
    // Without bias, the average of one value is that value.
    expect(smoothed[0]).toBeCloseTo(losses[0], 10);
  },
);

test.each([
  ['sgd', () => sgd({ learningRate: 1 })],
  ['adam', () => adam()],
])(
  'the suggestion for %s trains well, and the search stops where the loss explodes',
  async (_, optimizer) => {
    const options = { ...basic, optimizer: optimizer(), steps: 200, to: 1e4 };
    const curve = await findLearningRate(strict, net(), noisy, options);
    expect(curve.rates.length).toBeLessThan(200);
    const { suggestion, maximum } = curve;
    expect(suggestion).toBeGreaterThan(1e-4);
    expect(suggestion).toBeLessThan(100);
    expect(maximum).toBeGreaterThan(1e-4);
    const learningRate = suggestion!;
    const chosen = optimizer().kind === 'sgd' ? sgd({ learningRate }) : adam({ learningRate });
    const { epochs } = await fit(strict, net(), train, { ...basic, optimizer: chosen, epochs: 10 });
    expect(epochs[9].accuracy).toBeGreaterThan(0.95);
  },
);

test('batches that differ at the beginning do not pass for a fall of the loss', async () => {
  // With rates that change nothing, the loss goes up and down with the batches; then it falls.
  for (const seed of [1, 2, 3, 4, 5]) {
    const { suggestion } = await findLearningRate(strict, net(seed), noisy, {
      ...basic,
      batchSize: 16,
      from: 1e-8,
      to: 1,
    });
    expect(suggestion).toBeGreaterThan(1e-3);
  }
});

test('is the same for the same seed, and takes batches as large as the set', async () => {
  const options = { ...basic, steps: 15, batchSize: 9999 };
  const once = await findLearningRate(strict, net(), clouds(30), options);
  expect(await findLearningRate(strict, net(), clouds(30), options)).toEqual(once);
  expect(once.losses).toHaveLength(15);
});

test.each([
  [{ from: 1, to: 1 }, /option to: expected more than from, 1, given 1/],
  [{ steps: 3 }, /option steps/],
  [{ from: 0 }, /option from/],
  [{ optimizer: 'adam' }, /option optimizer/],
  [{ loss: 'hinge' }, /option loss/],
  [{ rate: 1 }, /unknown option "rate"/],
])('%j is refused', async (change, message) => {
  const attempt = findLearningRate(strict, net(), train, { ...basic, ...change } as never);
  await expect(attempt).rejects.toThrow(OptionError);
  await expect(attempt).rejects.toThrow(message);
});
