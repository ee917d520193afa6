/** Temporary files that leave nothing behind, whatever happens. */
import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, it, vi } from 'vitest';

// Only so that single calls can be made to fail; by default every call is the real one.
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof fs>();
  return { ...real, open: vi.fn(real.open), statfs: vi.fn(real.statfs) };
});

vi.resetModules();
const { FileError } = await import('../../../src/base/errors.js');
const { SpillFile } = await import('../../../src/base/files/spill.js');
const { openTable } = await import('../../../src/tables/open.js');
const { streamTable } = await import('../../../src/tables/stream-table.js');
afterAll(() => void vi.resetModules());

let folder: string;
beforeEach(async () => {
  folder = await fs.mkdtemp(join(tmpdir(), 'lanegrad-spill-'));
});
afterEach(async () => {
  const real = await vi.importActual<typeof fs>('node:fs/promises');
  vi.mocked(fs.open).mockReset().mockImplementation(real.open);
  vi.mocked(fs.statfs).mockReset().mockImplementation(real.statfs);
  await fs.rm(folder, { recursive: true });
});

const leftIn = async () => fs.readdir(folder);
const systemError = (code: string) => Object.assign(new Error(`${code}: simulated`), { code });

it('what is written is read, in any order, and no name is in the folder meanwhile', async () => {
  const file = await SpillFile.create(folder, 1000, 'the rows');
  await file.write(new Uint8Array(10).fill(7), 100);
  await file.write(new Uint8Array(100).fill(3), 0);
  const bytes = new Uint8Array(20);
  await file.read(bytes, 90);
  expect([...bytes]).toEqual([...new Array(10).fill(3), ...new Array(10).fill(7)]);
  expect(await leftIn()).toEqual([]);
  await expect(file.read(bytes, 100)).rejects.toThrow(
    new FileError(folder, 'the rows cannot be read: the file became shorter'),
  );
  await file.close();
  await file.close();
  expect(await leftIn()).toEqual([]);
});

it('what a killed process left is removed; other files are not', async () => {
  const left = '.lanegrad-spill-01234567-89ab-cdef-0123-456789abcdef.tmp';
  await fs.writeFile(join(folder, left), '');
  await fs.writeFile(join(folder, '.lanegrad-spill-notes.tmp'), '');
  const file = await SpillFile.create(folder, 10, 'the rows');
  expect(await leftIn()).toEqual(['.lanegrad-spill-notes.tmp']);
  await file.close();
});

it('a disk with too little room is refused before anything is written, with both figures', async () => {
  const small = { bavail: 3 * 2 ** 18, bsize: 4096 } as unknown as Awaited<ReturnType<typeof fs.statfs>>;
  vi.mocked(fs.statfs).mockResolvedValue(small);
  await expect(SpillFile.create(folder, 5 * 2 ** 30, 'the rows')).rejects.toThrow(
    new FileError(folder, 'the rows need 5 GiB of disk, and 3 GiB are free here'),
  );
  expect(await leftIn()).toEqual([]);
});

it('a disk that is full meanwhile is named', async () => {
  const { open } = await vi.importActual<typeof fs>('node:fs/promises');
  vi.mocked(fs.open).mockImplementation(async (...given) => {
    const handle = await open(...given);
    handle.write = vi.fn().mockRejectedValue(systemError('ENOSPC'));
    return handle;
  });
  const file = await SpillFile.create(folder, 10, 'the rows');
  await expect(file.write(new Uint8Array(10), 0)).rejects.toThrow(
    new FileError(folder, 'the rows cannot be written: no space left on the device'),
  );
  await file.close();
  expect(await leftIn()).toEqual([]);
});

it('a folder that is not there, or cannot be written, is named', async () => {
  const none = join(folder, 'none');
  await expect(SpillFile.create(none, 10, 'the rows')).rejects.toThrow(
    new FileError(none, 'expected a folder for temporary files: no such file or folder'),
  );
  vi.mocked(fs.open).mockRejectedValue(systemError('EACCES'));
  await expect(SpillFile.create(folder, 10, 'the rows')).rejects.toThrow(
    new FileError(folder, 'the rows cannot be kept here: permission denied'),
  );
});

it('a table whose rows find the disk full closes the file, and says so', async () => {
  const { open } = await vi.importActual<typeof fs>('node:fs/promises');
  const closed = vi.fn();
  vi.mocked(fs.open).mockImplementation(async (...given) => {
    const handle = await open(...given);
    const { close, write } = handle;
    let writes = 0;
    handle.write = ((...args: Parameters<typeof write>) =>
      ++writes > 3 ? Promise.reject(systemError('ENOSPC')) : write.apply(handle, args)) as typeof write;
    handle.close = () => {
      closed();
      return close.call(handle);
    };
    return handle;
  });
  const rows = Array.from({ length: 20_000 }, (_, i) => `${i % 97},${i % 2 ? 'odd' : 'even'}`);
  const table = await openTable(new TextEncoder().encode(['x,y', ...rows].join('\n')), { name: 't.csv' });
  await expect(streamTable(table, { target: 'y', memory: 2 ** 20, spillFolder: folder })).rejects.toThrow(
    new FileError(folder, 'the prepared rows of t.csv cannot be written: no space left on the device'),
  );
  expect(closed).toHaveBeenCalledOnce();
  expect(await leftIn()).toEqual([]);
});
