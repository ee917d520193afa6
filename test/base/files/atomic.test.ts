/**
 * Atomic writes: the new file whole or the old one untouched, in either case nothing else left in the folder.
 */
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { FileError } from '../../../src/base/errors.js';
import { lacks } from '../../programs.js';

// Only so that single steps can be made to fail; by default every call is the real one.
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof fs>();
  return { ...real, open: vi.fn(real.open), rename: vi.fn(real.rename) };
});

// Test files share their modules, and those that are there already have the real calls.
vi.resetModules();
const { DataError, FileError: FileErrorClass } = await import('../../../src/base/errors.js');
const { appendFileWhole, readFileBytes, writeFileAtomic } = await import('../../../src/base/files/atomic.js');
afterAll(() => void vi.resetModules());

let folder: string;
let target: string;
beforeEach(async () => {
  folder = await fs.mkdtemp(join(tmpdir(), 'lanegrad-atomic-'));
  target = join(folder, 'model.bin');
});
afterEach(async () => {
  const { open, rename } = await vi.importActual<typeof fs>('node:fs/promises');
  vi.mocked(fs.open).mockReset().mockImplementation(open);
  vi.mocked(fs.rename).mockReset().mockImplementation(rename);
  await fs.rm(folder, { recursive: true });
});

async function failure(attempt: Promise<unknown>): Promise<FileError> {
  const error: unknown = await attempt.then(
    () => expect.fail('it succeeded'),
    (thrown) => thrown,
  );
  expect(error).toBeInstanceOf(FileErrorClass);
  return error as FileError;
}

const systemError = (code: string) => Object.assign(new Error(`${code}: simulated`), { code });

/**
 * From now on handles of files opened with `flags` fail in `method`; a handle that fails to close is closed.
 */
async function breakHandle(
  flags: string,
  method: 'sync' | 'writeFile' | 'close',
  error: Error,
): Promise<void> {
  const { open } = await vi.importActual<typeof fs>('node:fs/promises');
  vi.mocked(fs.open).mockImplementation(async (path, given, mode) => {
    const handle = await open(path, given, mode);
    if (given !== flags) return handle;
    const close = handle.close.bind(handle);
    vi.spyOn(handle, method).mockImplementation(async () => {
      if (method === 'close') await close();
      throw error;
    });
    return handle;
  });
}

describe('writeFileAtomic', () => {
  test('writes bytes and text, over what was there', async () => {
    await writeFileAtomic(target, 'a long text, ünd größer');
    expect(await fs.readFile(target, 'utf8')).toBe('a long text, ünd größer');
    await writeFileAtomic(target, new Uint8Array([9, 1, 2, 9]).subarray(1, 3));
    expect([...(await fs.readFile(target))]).toEqual([1, 2]);
    expect(await fs.readdir(folder)).toEqual(['model.bin']);
  });

  test('syncs the file before it is renamed, and the folder after', async () => {
    const { open, rename } = await vi.importActual<typeof fs>('node:fs/promises');
    const steps: string[] = [];
    vi.mocked(fs.open).mockImplementation(async (path, flags, mode) => {
      const handle = await open(path, flags, mode);
      const sync = handle.sync.bind(handle);
      vi.spyOn(handle, 'sync').mockImplementation(() => {
        steps.push(path === folder ? 'sync folder' : 'sync file');
        return sync();
      });
      return handle;
    });
    vi.mocked(fs.rename).mockImplementation((from, to) => {
      steps.push('rename');
      expect(join(String(from), '..')).toBe(folder);
      return rename(from, to);
    });
    await writeFileAtomic(target, 'x');
    expect(steps).toEqual(['sync file', 'rename', 'sync folder']);
  });

  test('many at once leave one of them whole', async () => {
    const texts = Array.from({ length: 20 }, (_, i) => String(i).repeat(10_000 + i));
    await Promise.all(texts.map((text) => writeFileAtomic(target, text)));
    expect(texts).toContain(await fs.readFile(target, 'utf8'));
    expect(await fs.readdir(folder)).toEqual(['model.bin']);
  });

  test('onto a folder with files fails and leaves both alone', async () => {
    await fs.mkdir(target);
    await fs.writeFile(join(target, 'inside'), 'kept');
    const error = await failure(writeFileAtomic(target, 'new'));
    expect(error.message).toBe(`${target}: cannot be written: it is a folder, not a file`);
    expect(error.cause).toMatchObject({ code: 'EISDIR' });
    expect(await fs.readdir(folder)).toEqual(['model.bin']);
    expect(await fs.readFile(join(target, 'inside'), 'utf8')).toBe('kept');
  });

  test('into a folder that is not there fails and makes none', async () => {
    const error = await failure(writeFileAtomic(join(folder, 'none', 'model.bin'), 'new'));
    expect(error.message).toMatch(/none.model\.bin: cannot be written: no such file or folder$/);
    expect(error.cause).toMatchObject({ code: 'ENOENT' });
    expect(await fs.readdir(folder)).toEqual([]);
  });

  test('below a file fails', async () => {
    await fs.writeFile(target, 'old');
    const error = await failure(writeFileAtomic(join(target, 'x'), 'new'));
    expect(error.cause).toMatchObject({ code: 'ENOTDIR' });
    expect(await fs.readFile(target, 'utf8')).toBe('old');
  });

  test.each([
    ['writeFile', 'ENOSPC', 'no space left on the device'],
    ['sync', 'EIO', 'EIO: simulated'],
    ['close', 'EIO', 'EIO: simulated'],
  ] as const)('when %s fails the old file stays and the temporary one goes', async (method, code, words) => {
    await fs.writeFile(target, 'old');
    const cause = systemError(code);
    await breakHandle('wx', method, cause);
    const error = await failure(writeFileAtomic(target, 'new'));
    expect(error.message).toBe(`${target}: cannot be written: ${words}`);
    expect(error.cause).toBe(cause);
    expect(await fs.readdir(folder)).toEqual(['model.bin']);
    expect(await fs.readFile(target, 'utf8')).toBe('old');
  });

  test('when the rename fails the old file stays and the temporary one goes', async () => {
    await fs.writeFile(target, 'old');
    vi.mocked(fs.rename).mockRejectedValue(systemError('EACCES'));
    const error = await failure(writeFileAtomic(target, 'new'));
    expect(error.message).toBe(`${target}: cannot be written: permission denied`);
    expect(await fs.readdir(folder)).toEqual(['model.bin']);
    expect(await fs.readFile(target, 'utf8')).toBe('old');
  });

  test('when the folder cannot be synced it says that the file is there', async () => {
    await breakHandle('r', 'sync', systemError('EIO'));
    const error = await failure(writeFileAtomic(target, 'new'));
    expect(error.message).toMatch(/was written, but a crash may undo that: .*EIO/);
    expect(await fs.readFile(target, 'utf8')).toBe('new');
  });

  test.runIf(process.platform !== 'win32')('a file system that syncs no folders is no failure', async () => {
    await breakHandle('r', 'sync', systemError('EINVAL'));
    await writeFileAtomic(target, 'new');
    expect(await fs.readdir(folder)).toEqual(['model.bin']);
  });
});

describe.runIf(process.platform !== 'win32')('only regular files are replaced', () => {
  test('a device gets the bytes, and stays', async () => {
    for (const device of ['/dev/null', '/dev/zero']) {
      const link = join(folder, device.slice(5));
      await fs.symlink(device, link);
      await writeFileAtomic(link, 'a model');
      expect(await fs.readlink(link)).toBe(device);
      expect((await fs.stat(link)).isCharacterDevice()).toBe(true);
    }
    await fs.symlink('/dev/full', target);
    const error = await failure(writeFileAtomic(target, 'a model'));
    expect(error.message).toBe(`${target}: cannot be written: no space left on the device`);
    expect((await fs.readdir(folder)).sort()).toEqual(['model.bin', 'null', 'zero']);
  });

  test.skipIf(lacks('mkfifo'))('a pipe gets the bytes, and stays', async () => {
    execFileSync('mkfifo', [target]);
    const reader = fs.readFile(target, 'utf8');
    await writeFileAtomic(target, '{"a": 1}');
    expect(await reader).toBe('{"a": 1}');
    expect((await fs.lstat(target)).isFIFO()).toBe(true);
    expect(await fs.readdir(folder)).toEqual(['model.bin']);
  });

  test('a link stays, and leads to the new file', async () => {
    const other = join(folder, 'other');
    await fs.mkdir(other);
    await fs.symlink(join('other', 'model.bin'), target);
    for (const text of ['first', 'second']) {
      await writeFileAtomic(target, text);
      expect(await fs.readlink(target)).toBe(join('other', 'model.bin'));
      expect(await fs.readFile(join(other, 'model.bin'), 'utf8')).toBe(text);
    }
    expect(await fs.readdir(other)).toEqual(['model.bin']);
    const around = join(folder, 'around');
    await fs.symlink('around', around);
    expect((await failure(writeFileAtomic(around, 'x'))).message).toMatch(/too many symbolic links$/);
  });

  test('standard output, which is a link to an open file', async () => {
    const handle = await fs.open(target, 'w');
    await writeFileAtomic(`/proc/self/fd/${handle.fd}`, 'to whoever has it open');
    expect(await fs.readFile(target, 'utf8')).toBe('to whoever has it open');
    expect((await handle.stat()).ino).toBe((await fs.stat(target)).ino);
    await handle.close();
  });
});

describe('readFileBytes', () => {
  test('reads what was written', async () => {
    await writeFileAtomic(target, new Uint8Array([1, 2, 3]));
    expect(await readFileBytes(target)).toStrictEqual(new Uint8Array([1, 2, 3]));
  });

  test('says in plain words what is wrong', async () => {
    const missing = await failure(readFileBytes(target));
    expect(missing.message).toBe(`${target}: cannot be read: no such file or folder`);
    expect(missing.where).toBe(target);
    expect(missing.cause).toMatchObject({ code: 'ENOENT' });
    expect((await failure(readFileBytes(folder))).message).toBe(
      `${folder}: cannot be read: it is a folder, not a file`,
    );
    expect((await failure(readFileBytes('a\0b'))).message).toMatch(/null bytes/);
  });
});

describe('a text in parts', () => {
  async function* parts(error?: Error) {
    yield 'one ';
    yield 'zwölf';
    if (error) throw error;
  }

  test('is written as they come', async () => {
    await writeFileAtomic(target, parts());
    expect(await fs.readFile(target, 'utf8')).toBe('one zwölf');
    expect(await fs.readdir(folder)).toEqual(['model.bin']);
  });

  test('that fails half way leaves the old file, and says why itself', async () => {
    await fs.writeFile(target, 'old');
    const error = new DataError('data.csv', 'row 7: no');
    await expect(writeFileAtomic(target, parts(error))).rejects.toBe(error);
    expect(await fs.readFile(target, 'utf8')).toBe('old');
    expect(await fs.readdir(folder)).toEqual(['model.bin']);
  });
});

describe('appendFileWhole', () => {
  test('adds, and makes the file where it is missing', async () => {
    await appendFileWhole(target, 'one\n');
    await appendFileWhole(target, new TextEncoder().encode('two\n'));
    expect(await fs.readFile(target, 'utf8')).toBe('one\ntwo\n');
    await failure(appendFileWhole(target, 'three\n', 'ax'));
    expect(await fs.readFile(target, 'utf8')).toBe('one\ntwo\n');
  });

  test('takes back what a full disk let through', async () => {
    await fs.writeFile(target, 'one\n');
    const { open } = await vi.importActual<typeof fs>('node:fs/promises');
    vi.mocked(fs.open).mockImplementation(async (...given) => {
      const handle = await open(...given);
      const append = handle.appendFile.bind(handle);
      vi.spyOn(handle, 'appendFile').mockImplementation(async (data) => {
        await append(String(data).slice(0, 2));
        throw systemError('ENOSPC');
      });
      return handle;
    });
    const { message } = await failure(appendFileWhole(target, 'two\n'));
    expect(message).toBe(`${target}: cannot be written: no space left on the device`);
    expect(await fs.readFile(target, 'utf8')).toBe('one\n');
  });
});
