/** Locks of folders: one process at a time, whatever became of those before. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FileError } from '../../../src/base/errors.js';
import { FolderLock, LOCK_FILE } from '../../../src/base/files/lock.js';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lanegrad-lock-'));
  path = join(folder, LOCK_FILE);
});
afterEach(() => rm(folder, { recursive: true }));

const module = new URL('../../../dist/base/files/lock.js', import.meta.url).href;
const script = (then: string) =>
  `import { FolderLock } from ${JSON.stringify(module)};
   const lock = await FolderLock.acquire(${JSON.stringify(folder)});
   console.log('locked');
   ${then}`;
const node = ['--input-type=module', '-e'];

/** A lock whose owner is changed. */
async function leave(change: object): Promise<void> {
  const lock = await FolderLock.acquire(folder);
  const owner = JSON.parse(await readFile(path, 'utf8')) as object;
  await lock.release();
  await writeFile(path, JSON.stringify({ ...owner, ...change }));
}

test('one at a time, and nothing is left', async () => {
  const lock = await FolderLock.acquire(folder);
  const second = FolderLock.acquire(folder);
  await expect(second).rejects.toThrow(FileError);
  await expect(second).rejects.toThrow(`${folder}: the process ${process.pid} is at work in this folder`);
  await lock.release();
  await lock.release();
  expect(await readdir(folder)).toEqual([]);
  await (await FolderLock.acquire(folder)).release();
});

test('between processes, until the other is killed', async () => {
  const child = spawn(process.execPath, [...node, script('setTimeout(() => {}, 60_000);')]);
  await new Promise((resolve) => child.stdout.once('data', resolve));
  await expect(FolderLock.acquire(folder)).rejects.toThrow(`the process ${child.pid} is at work`);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
  expect(await readdir(folder)).toEqual([LOCK_FILE]);
  const lock = await FolderLock.acquire(folder);
  expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ pid: process.pid });
  await lock.release();
  expect(await readdir(folder)).toEqual([]);
});

test('what cannot be written is no lock', async () => {
  const words = ['-c', 'ulimit -f 0; exec "$@"', 'sh', process.execPath, ...node, script('')];
  const { status, stderr } = spawnSync('sh', words, { encoding: 'utf8' });
  expect(status).toBe(1);
  expect(stderr).toMatch(/FileError: .*: cannot be locked: the file would be larger than it may be/);
  expect(await readdir(folder)).toEqual([]);
});

test('a file that cannot be removed hides nothing that went wrong before', async () => {
  const lock = await FolderLock.acquire(folder);
  await rm(path);
  await mkdir(path);
  await lock.release();
});

test('a held lock keeps no process alive', () => {
  const { status, stdout } = spawnSync(process.execPath, [...node, script('')], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  expect({ status, stdout }).toEqual({ status: 0, stdout: 'locked\n' });
});

test('of many that come at once one gets it', async () => {
  for (let round = 0; round < 10; round++) {
    await leave({ started: 'long ago' });
    await rush();
  }
});

async function rush(): Promise<void> {
  const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => FolderLock.acquire(folder)));
  const locks = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  expect(locks).toHaveLength(1);
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(FileError);
  }
  await locks[0].release();
  expect(await readdir(folder)).toEqual([]);
}

describe('an owner that is not this process', () => {
  test.runIf(process.platform === 'linux')('a number that another process has now', async () => {
    await leave({ started: '1' });
    await (await FolderLock.acquire(folder)).release();
  });

  test('a process that is gone', async () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    await leave({ pid });
    await (await FolderLock.acquire(folder)).release();
  });

  test('another machine is believed while it renews its lock, and no longer', {
    timeout: 30_000,
  }, async () => {
    await leave({ machine: 'elsewhere' });
    const renewal = setInterval(() => void utimes(path, new Date(), new Date()), 300);
    await expect(FolderLock.acquire(folder)).rejects.toThrow('is at work in this folder');
    clearInterval(renewal);
    await (await FolderLock.acquire(folder)).release();
    // As of a process that died while it wrote it.
    await writeFile(path, '{"pid": 1');
    await (await FolderLock.acquire(folder)).release();
  });

  test('one that died while it took the lock over', { timeout: 30_000 }, async () => {
    await leave({ started: 'long ago' });
    await writeFile(`${path}-takeover`, '');
    await (await FolderLock.acquire(folder)).release();
    expect(await readdir(folder)).toEqual([]);
  });
});

test('a folder that is not there', async () => {
  const attempt = FolderLock.acquire(join(folder, 'none'));
  await expect(attempt).rejects.toThrow(FileError);
  await expect(attempt).rejects.toThrow('cannot be locked: no such file or folder');
});
