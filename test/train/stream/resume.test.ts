/** A training on a stream that goes on in mid-epoch: the bits of one that was never stopped. */
import { describe, expect, test } from 'vitest';
import { ResumeError } from '../../../src/base/errors.js';
import type { StreamOptions } from '../../../src/data/stream.js';
import type { CheckpointFile } from '../../../src/train/checkpointing.js';
import { type FitOptions, fit } from '../../../src/train/fit.js';
import { basic, bits, net, strict } from '../fit-setting.js';
import { clouds } from '../sets.js';
import { type Access, sizesOf, streamOf } from './streams.js';

const set = clouds(90);
const sizes = sizesOf(set, 8);
const validation = clouds(30, { seed: 2 });

async function run(
  access: Access,
  extra: Partial<FitOptions> = {},
  stream: Partial<StreamOptions> = {},
  seen?: (chunk: number) => void,
) {
  const model = net();
  const files: CheckpointFile[] = [];
  const history = await fit(strict, model, streamOf(set, sizes, access, { window: 20, ...stream }, seen), {
    ...{ ...basic, batchSize: 8, epochs: 2, validation },
    checkpoint: { everySteps: 1, save: (file) => void files.push(file) },
    ...extra,
  });
  const epochs = history.epochs.map(({ seconds: _s, samplesPerSecond: _r, ...epoch }) => epoch);
  return { weights: bits(model), epochs, files, outcome: history.outcome };
}

describe.each<Access>(['sizes', 'count', 'in order'])('%s', (access) => {
  test('from every step', async () => {
    for (const shuffle of [true, false]) {
      const never = await run(access, { shuffle });
      expect(never.files).toHaveLength(24);
      for (const { bytes, step } of never.files) {
        const again = await run(access, { shuffle, resume: bytes });
        expect(again.weights).toEqual(never.weights);
        expect(again.epochs).toEqual(never.epochs);
        expect(again.files.map((file) => file.step)).toEqual(
          never.files.map((file) => file.step).filter((other) => other > step),
        );
      }
    }
  });

  test('after an abort within an epoch', async () => {
    const stop = new AbortController();
    const files: CheckpointFile[] = [];
    const first = await run(access, {
      signal: stop.signal,
      checkpoint: { save: (file) => void files.push(file) },
      onStep: ({ step }) => step === 5 && stop.abort(),
    });
    expect(first.outcome).toBe('aborted');
    expect(files.map(({ step }) => step)).toEqual([5]);
    expect((await run(access, { resume: files[0].bytes })).weights).toEqual((await run(access)).weights);
  });
});

test('whole chunks are passed over where their sizes are known', async () => {
  const { files } = await run('sizes', { shuffle: false });
  // Step 8 of 12 begins with row 64, in window 3, which begins with row 60: of chunk 7.
  const all: Record<Access, number[]> = { sizes: [], count: [], 'in order': [] };
  const options = { shuffle: false, resume: files[7].bytes, epochs: 2 };
  await run('sizes', options, {}, (chunk) => void all.sizes.push(chunk));
  expect(all.sizes.slice(0, 5)).toEqual([7, 8, 9, 10, 11]);
  expect(all.sizes.slice(5)).toEqual(sizes.map((_, i) => i));
});

describe('another stream is refused', () => {
  test.each<[string, Access, Partial<StreamOptions>]>([
    ['train.name "clouds", given "other"', 'sizes', { name: 'other' }],
    ['train.window 20, given 21', 'sizes', { window: 21 }],
    ['train.identity "a", given "b"', 'sizes', { identity: 'b' }],
    ['train.chunks 12, given none', 'in order', {}],
    ['train.chunksSha256', 'count', {}],
    ['train.size 90, given none', 'count', {}],
  ])('%s', async (message, access, stream) => {
    const { files } = await run('sizes', {}, { identity: 'a' });
    const other = run(access, { resume: files[3].bytes }, { identity: 'a', ...stream });
    await expect(other).rejects.toThrow(ResumeError);
    await expect(other).rejects.toThrow(message);
  });
});
