/** Every function of values: its gradient in float64 against finite differences, by way of `gradcheck`. */
import { describe, expect, test } from 'vitest';
import * as f from '../../src/graph/functions.js';
import { network } from '../../src/nn/network.js';
import { ownLoss } from '../../src/nn/own-loss.js';
import { gradcheck } from '../../src/train/gradcheck.js';
import { layers, madeOf, ofValues } from './cases.js';

describe('gradients of functions of values', () => {
  test.each(Object.entries({ ...ofValues, ...layers }))('%s', (_, compute) => {
    const { x, y } = madeOf([2, 3]);
    const model = network(x, f.flatten(compute(y)), { seed: 3 });
    const weighted = ownLoss(({ output, target }) =>
      f.mean(f.square(f.sub(output, f.mul(target, 0.3))), { axis: 1 }),
    );
    const { parameters, passed } = gradcheck(model, { loss: weighted, samples: 12, rows: 3 });
    expect(
      parameters.filter((own) => !own.passed).map(({ name, worst, error }) => ({ name, worst, error })),
    ).toEqual([]);
    expect(passed).toBe(true);
  });
});
