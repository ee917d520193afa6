/** The first rows of sets of either kind. */
import { expect, test } from 'vitest';
import { DataError } from '../../src/base/errors.js';
import { firstRows } from '../../src/data/any-set.js';
import { streamDataset } from '../../src/data/stream.js';

const form = { name: 'rows', width: 2, classes: 2 } as const;

test('of a stream that fills the same arrays for every chunk', async () => {
  const inputs = new Float32Array(4);
  const labels = new Int32Array(2);
  const ended: number[] = [];
  const stream = streamDataset({
    ...form,
    *open() {
      try {
        for (let i = 0; ; i++) {
          inputs.fill(i);
          labels.fill(i % 2);
          yield { inputs, labels };
        }
      } finally {
        ended.push(inputs[0]);
      }
    },
  });
  const rows = await firstRows(stream, 5);
  expect([rows.size, [...rows.inputs], [...rows.labels]]).toEqual([
    5,
    [0, 0, 0, 0, 1, 1, 1, 1, 2, 2],
    [0, 0, 1, 1, 0],
  ]);
  expect(ended).toEqual([2]);
});

test('of a source without any', async () => {
  const empty = streamDataset({ ...form, open: () => [{ inputs: [], labels: [] }] });
  const expected = new DataError('rows', 'the source is empty: expected at least 1 row');
  await expect(firstRows(empty, 5)).rejects.toThrow(expected);
});
