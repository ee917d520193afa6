/**
 * Networks of any shape, stopped in the middle of an epoch: they go on bit for bit as if nothing had
 * happened.
 */
import { adam, type CheckpointFile, fit } from 'lanegrad';
import { describe, expect, test } from 'vitest';
import { createEngine } from '../../src/create/engine.js';
import { all, bits, type Example, setOf } from './examples.js';

const engine = await createEngine({ math: 'strict' });

/** 8 steps an epoch, the last of them smaller. */
async function run(example: Example, resume?: Uint8Array) {
  const { model, loss } = example.make();
  const files: CheckpointFile[] = [];
  const { epochs } = await fit(engine, model, setOf(example, 60), {
    ...{ loss, resume, optimizer: adam({ learningRate: 0.01 }), batchSize: 8, epochs: 2 },
    checkpoint: { everySteps: 1, save: (file) => void files.push(file) },
  });
  return { files, weights: bits(model), losses: epochs.map(({ loss }) => loss) };
}

describe.each(all)('$name', ({ example }) => {
  test('goes on from the third and from the tenth step', async () => {
    const whole = await run(example);
    expect(whole.losses[1]).not.toBe(whole.losses[0]);
    for (const step of [3, 10]) {
      const file = whole.files.find((own) => own.step === step)!;
      const { weights, losses } = await run(example, file.bytes);
      expect({ weights, losses }).toEqual({ weights: whole.weights, losses: whole.losses });
    }
  });
});
