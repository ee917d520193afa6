/** Run folders: where they may be, and what is left of a run that comes to nothing. */
import { createHash } from 'node:crypto';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataError, FileError, OptionError } from '../../src/base/errors.js';
import { dense } from '../../src/nn/dense.js';
import { sequential } from '../../src/nn/sequential.js';
import { loadModel, RunFolder, saveModel, weightsSha256 } from '../../src/node.js';
import { readMetrics } from '../../src/run/metrics.js';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lanegrad-run-'));
});
afterEach(() => rm(root, { recursive: true }));

describe('RunFolder.create', () => {
  it('makes a new folder, with those above it', async () => {
    const folder = await RunFolder.create({ out: join(root, 'a', 'b') });
    expect(folder.path).toBe(join(root, 'a', 'b'));
    expect(await readdir(folder.path)).toEqual([]);
  });

  it('takes an empty folder and refuses one that is not, naming it', async () => {
    await RunFolder.create({ out: root });
    await writeFile(join(root, 'mine.txt'), 'x');
    const attempt = RunFolder.create({ out: root });
    await expect(attempt).rejects.toThrow(FileError);
    await expect(attempt).rejects.toThrow(`${root}: expected a new or an empty folder`);
  });

  it('takes one in which a run was killed before it had written anything', async () => {
    const path = join(root, 'killed');
    await mkdir(join(path, 'checkpoints'), { recursive: true });
    await writeFile(join(path, '.lanegrad-00000000-0000-4000-8000-000000000000.tmp'), '{');
    await writeFile(join(path, '.lanegrad-lock-takeover'), '');
    await writeFile(join(path, 'checkpoints', '.lanegrad-00000000-0000-4000-8000-000000000000.tmp'), '');
    await writeFile(join(path, 'checkpoints', '.lanegrad-probe'), '');
    expect((await RunFolder.create({ out: path })).path).toBe(path);
    expect(await readdir(path)).toEqual(['.lanegrad-lock-takeover']);
    await mkdir(join(path, 'checkpoints'));
    await writeFile(join(path, 'checkpoints', 'kept'), '');
    await expect(RunFolder.create({ out: path })).rejects.toThrow('with 1 entries');
  });

  it('refuses a folder in which another process is at work, new or to go on with', async () => {
    const folder = await RunFolder.create({ out: join(root, 'run') });
    const lock = await folder.lock();
    await writeFile(join(folder.path, '.lanegrad-00000000-0000-4000-8000-000000000000.tmp'), 'half');
    await expect(RunFolder.create({ out: folder.path })).rejects.toThrow('is at work in this folder');
    await folder.writeConfig({});
    await expect(RunFolder.open(folder.path)).rejects.toThrow('is at work in this folder');
    // What it is about to write has been left alone.
    expect(await readdir(folder.path)).toHaveLength(3);
    await lock.release();
    await RunFolder.open(folder.path);
    expect(await readdir(folder.path)).toEqual(['config.json']);
  });

  it('refuses files, paths through files, and what is no path', async () => {
    await writeFile(join(root, 'file'), 'x');
    await expect(RunFolder.create({ out: join(root, 'file') })).rejects.toThrow(/it is a file/);
    await expect(RunFolder.create({ out: join(root, 'file', 'x') })).rejects.toThrow(FileError);
    await expect(RunFolder.create({ out: '' })).rejects.toThrow(OptionError);
  });
});

describe('a run folder', () => {
  it('appends metrics line by line and keeps a good model from a bad one', async () => {
    const folder = await RunFolder.create({ out: join(root, 'run') });
    await folder.appendMetrics({ epoch: 1 });
    await folder.appendMetrics({ epoch: 2 });
    expect(await readFile(join(folder.path, 'metrics.jsonl'), 'utf8')).toBe('{"epoch":1}\n{"epoch":2}\n');
    // Killed while it wrote.
    await appendFile(join(folder.path, 'metrics.jsonl'), '{"epo');
    expect((await readMetrics(folder.path)).records).toEqual([{ epoch: 1 }, { epoch: 2 }]);
    await appendFile(join(folder.path, 'metrics.jsonl'), '\n{"epoch":4}\n');
    await expect(readMetrics(folder.path)).rejects.toThrow(/line 3 is not JSON/);

    const model = sequential(3, [dense(2)]);
    await folder.saveModel(model);
    const before = await readFile(folder.modelPath);
    model.parameters[0].values[0] = Number.NaN;
    await expect(folder.saveModel(model)).rejects.toThrow(DataError);
    expect(await readFile(folder.modelPath)).toEqual(before);
  });

  it('is taken back with the folders that were made for it, and no others', async () => {
    await mkdir(join(root, 'there'));
    const folder = await RunFolder.create({ out: join(root, 'there', 'new', 'run') });
    await folder.writeConfig({ epochs: 1 });
    await folder.discard();
    expect(await readdir(join(root, 'there'))).toEqual([]);
  });

  it('stays where someone else has put something', async () => {
    const folder = await RunFolder.create({ out: join(root, 'run') });
    await folder.writeConfig({});
    await writeFile(join(folder.path, 'notes.txt'), 'x');
    await folder.discard();
    expect(await readdir(folder.path)).toEqual(['notes.txt']);
  });
});

describe('saveModel and loadModel', () => {
  it('go through a file', async () => {
    const path = join(root, 'model.safetensors');
    const model = sequential(3, [dense(4, { activation: 'relu' }), dense(2)], { seed: 3 });
    await saveModel(model, path, { classNames: ['no', 'yes'] });
    const loaded = await loadModel(path);
    expect(loaded.metadata.classNames).toEqual(['no', 'yes']);
    expect(loaded.model.parameters).toEqual(model.parameters);
    expect(await weightsSha256(loaded.model)).toBe(await weightsSha256(model));
    await expect(loadModel(join(root, 'none'))).rejects.toThrow(FileError);
  });
});

describe('weightsSha256', () => {
  it('is the hash of all values in order, little-endian', async () => {
    const model = sequential(3, [dense(2)], { seed: 5 });
    const hash = createHash('sha256');
    for (const { values } of model.parameters) {
      for (const value of values) {
        const bytes = Buffer.alloc(4);
        bytes.writeFloatLE(value);
        hash.update(bytes);
      }
    }
    expect(await weightsSha256(model)).toBe(hash.digest('hex'));
  });
});
