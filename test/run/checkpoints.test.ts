/** Checkpoints in a folder: which files are there at any moment, and which is read. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { platform } from '#platform';
import { FileError, FormatError, OptionError } from '../../src/base/errors.js';
import { checkpointFolder, latestCheckpoint } from '../../src/node.js';
import { type Checkpoint, writeCheckpoint } from '../../src/train/checkpoint.js';
import { fit } from '../../src/train/fit.js';
import { basic, bits, net, strict } from '../train/fit-setting.js';
import { clouds } from '../train/sets.js';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lanegrad-checkpoints-'));
});
afterEach(() => rm(root, { recursive: true }));

const checkpoint = (step: number): Checkpoint => ({
  configuration: {},
  engine: { backend: 'wasm', math: 'strict' },
  position: {
    epoch: 1,
    samples: step,
    step,
    lossSum: 0,
    weight: 0,
    correct: 0,
    learningRate: 1,
    epochSeconds: 0,
    seconds: 0,
  },
  records: [],
  parameters: new Map([['0.weight', Float32Array.of(step)]]),
  state: new Map(),
});
const file = (step: number, more: { latest?: boolean; best?: boolean; bestSteps?: number[] } = {}) => ({
  bytes: writeCheckpoint(checkpoint(step)),
  step,
  epochs: 0,
  latest: true,
  best: false,
  bestSteps: [],
  ...more,
});
const names = async () => (await readdir(root)).sort();
const name = (step: number, kind = 'checkpoint') => `${kind}-${String(step).padStart(9, '0')}.safetensors`;

describe('the files', () => {
  it('are the newest, by number and not by name, and the best', async () => {
    const { save } = checkpointFolder({ folder: root, keepLast: 2 });
    for (const step of [1, 2, 999_999_999, 1_000_000_000]) await save(file(step));
    expect(await names()).toEqual([name(1_000_000_000), name(999_999_999)].sort());
    expect((await latestCheckpoint(root))?.position.step).toBe(1_000_000_000);
    await save(file(1_000_000_001, { best: true, bestSteps: [1_000_000_001] }));
    await save(file(1_000_000_002, { best: true, latest: false, bestSteps: [1_000_000_002, 1_000_000_001] }));
    await save(file(1_000_000_003, { best: true, latest: false, bestSteps: [1_000_000_003, 1_000_000_002] }));
    expect(await names()).toEqual(
      [
        name(1_000_000_000),
        name(1_000_000_001),
        name(1_000_000_002, 'best'),
        name(1_000_000_003, 'best'),
      ].sort(),
    );
    expect((await latestCheckpoint(root))?.position.step).toBe(1_000_000_003);
  });

  it('of a run that had gone further than the one at hand do not outlive it', async () => {
    const { save } = checkpointFolder({ folder: root, keepLast: 5 });
    for (const step of [1, 2, 3, 4]) await save(file(step));
    await save(file(2));
    expect(await names()).toEqual([1, 2].map((step) => name(step)));
  });

  it('of a process that was killed while it kept one are put in order by the next', async () => {
    const { save, prepare } = checkpointFolder({ folder: root, keepLast: 2 });
    for (const step of [1, 2, 3]) await save(file(step));
    await save(file(4, { latest: false, best: true, bestSteps: [4] }));
    // As if it had been killed before the best of step 5, or before the first was removed.
    for (const step of [1, 5, 8]) await writeFile(join(root, name(step)), file(step).bytes);
    await prepare!(5, [5]);
    expect(await names()).toEqual([name(3), name(5), name(8), name(5, 'best')].sort());
    expect(await readFile(join(root, name(5, 'best')))).toEqual(await readFile(join(root, name(5))));
    // What is ahead cannot be read, say; it goes once there is one more.
    await save(file(7));
    expect(await names()).toEqual([name(5), name(7)].sort());
  });

  it('stay when the next cannot be written', async () => {
    const { save } = checkpointFolder({ folder: root, keepLast: 2 });
    for (const step of [1, 2]) await save(file(step));
    const before = await readFile(join(root, name(2)));
    await mkdir(join(root, name(3)));
    await expect(save(file(3))).rejects.toThrow(FileError);
    await expect(save(file(3))).rejects.toThrow(/cannot be written: it is a folder, not a file/);
    expect(await names()).toEqual([1, 2, 3].map((step) => name(step)));
    expect(await readFile(join(root, name(2)))).toEqual(before);
  });

  it('are not mixed with those of an earlier run', async () => {
    await checkpointFolder({ folder: root }).save(file(3));
    const again = () =>
      fit(strict, net(), clouds(20), { ...basic, checkpoint: checkpointFolder({ folder: root }) });
    await expect(again()).rejects.toThrow(`${root}: expected no checkpoints for a new run`);
    expect(await names()).toEqual([name(3)]);
  });
});

describe('before training', () => {
  it('a folder is made, and what a killed process left is removed', async () => {
    const folder = join(root, 'a', 'b');
    await checkpointFolder({ folder }).prepare?.(0);
    expect(await readdir(folder)).toEqual([]);
    const temporary = '.lanegrad-01234567-89ab-cdef-0123-456789abcdef.tmp';
    for (const own of [temporary, 'mine.tmp', '.lanegrad-x.tmp']) await writeFile(join(root, own), '');
    await checkpointFolder({ folder: root }).prepare?.(7);
    expect((await names()).filter((own) => own.endsWith('.tmp'))).toEqual(['.lanegrad-x.tmp', 'mine.tmp']);
  });

  it('a folder that cannot be one is refused', async () => {
    await writeFile(join(root, 'file'), '');
    const prepare = checkpointFolder({ folder: join(root, 'file') }).prepare!;
    await expect((async () => prepare(0))()).rejects.toThrow(FileError);
    expect(() => checkpointFolder({ folder: '' })).toThrow(OptionError);
    expect(() => checkpointFolder({ folder: root, keepLast: 0 })).toThrow(/keepLast/);
    // @ts-expect-error
    expect(() => checkpointFolder({ folder: root, every: 3 })).toThrow(/unknown option "every"/);
  });
});

describe('latestCheckpoint', () => {
  it('is undefined where there is none', async () => {
    expect(await latestCheckpoint(root)).toBeUndefined();
    expect(await latestCheckpoint(join(root, 'nowhere'))).toBeUndefined();
    await writeFile(join(root, 'file'), '');
    await expect(latestCheckpoint(join(root, 'file'))).rejects.toThrow(FileError);
  });

  it('passes over one that cannot be read, with a warning, and fails when none can', async () => {
    const warn = vi.spyOn(platform, 'warn').mockImplementation(() => {});
    await checkpointFolder({ folder: root }).save(file(1));
    await writeFile(join(root, name(2)), 'no checkpoint');
    expect((await latestCheckpoint(root))?.position.step).toBe(1);
    expect(warn).toHaveBeenCalledOnce();
    await rm(join(root, name(1)));
    await expect(latestCheckpoint(root)).rejects.toThrow(FormatError);
    vi.restoreAllMocks();
  });

  it('is one of the best where a run was killed before the first of the others', async () => {
    const options = { ...basic, batchSize: 5, epochs: 4 };
    const target = () => checkpointFolder({ folder: root, everyEpochs: 3, keepBest: 1 });
    const never = net();
    await fit(strict, never, clouds(20), options);
    // No end of the run is seen: as if it had been killed.
    const killed = fit(strict, net(), clouds(20), {
      ...options,
      checkpoint: target(),
      onEpochBegin({ epoch }) {
        if (epoch === 2) throw new Error('killed');
      },
    });
    await expect(killed).rejects.toThrow('killed');
    expect(await names()).toEqual([expect.stringMatching(/^best-/)]);
    const resume = await latestCheckpoint(root);
    const model = net();
    await fit(strict, model, clouds(20), { ...options, checkpoint: target(), resume });
    expect(bits(model)).toEqual(bits(never));
  });

  it('goes with fit', async () => {
    const options = { ...basic, batchSize: 4, epochs: 2 };
    const never = net();
    await fit(strict, never, clouds(20), options);
    const stop = new AbortController();
    const target = () => checkpointFolder({ folder: root, everySteps: 3 });
    await fit(strict, net(), clouds(20), {
      ...options,
      checkpoint: target(),
      signal: stop.signal,
      onStep: ({ step }) => step === 7 && stop.abort(),
    });
    const model = net();
    const resume = await latestCheckpoint(root);
    expect(resume?.position.step).toBe(7);
    await fit(strict, model, clouds(20), { ...options, checkpoint: target(), resume });
    expect(bits(model)).toEqual(bits(never));
  });
});
