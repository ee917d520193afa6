/** Memory while a stream is trained on: what two windows take, whatever the size of the set. */
import { expect, test } from 'vitest';
import { createEngine } from '../../../src/create/engine.js';
import { streamDataset } from '../../../src/data/stream.js';
import { fit } from '../../../src/train/fit.js';
import { basic, net } from '../fit-setting.js';

const ROWS = 1000;

/** The engine's memory after an epoch on so many chunks, and the most chunks that were there unread. */
async function trainedOn(chunks: number, window: number): Promise<{ bytes: number; ahead: number }> {
  const engine = await createEngine({ backend: 'wasm', math: 'strict', threads: 2 });
  let read = 0;
  let ahead = 0;
  const stream = streamDataset({
    ...{ width: 8, classes: 3, window, chunks: Array.from({ length: chunks }, () => ROWS) },
    read: () => {
      read++;
      return { inputs: new Float32Array(8 * ROWS), labels: new Int32Array(ROWS) };
    },
  });
  try {
    await fit(engine, net(), stream, {
      ...{ ...basic, epochs: 1, batchSize: 100 },
      onStep: ({ samples }) => {
        ahead = Math.max(ahead, read - samples / ROWS);
      },
    });
    return { bytes: engine.memoryBytes, ahead };
  } finally {
    engine.dispose();
  }
}

test('the engine holds two windows, and few chunks are read ahead', async () => {
  const [few, many] = [await trainedOn(20, 5000), await trainedOn(200, 5000)];
  expect(many.bytes).toBe(few.bytes);
  // Two windows, of which one is trained on, chunks for a third, and those that are being read.
  expect(many.ahead).toBeLessThanOrEqual(3 * 5 + 4);
  expect((await trainedOn(20, 20_000)).bytes).toBeGreaterThan(few.bytes);
});
