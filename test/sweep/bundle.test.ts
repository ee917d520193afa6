/** Files of a folder as one piece of bytes. */
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FormatError } from '../../src/base/errors.js';
import { hasFiles, headOf, packFolder, unpackFolder } from '../../src/sweep/queue/bundle.js';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lanegrad-bundle-'));
});
afterAll(() => rm(root, { recursive: true }));

const most = 2 ** 20;

describe('a bundle', () => {
  it('is the files of a folder, in place of what another one has', async () => {
    const from = join(root, 'from');
    await mkdir(join(from, 'checkpoints'), { recursive: true });
    await writeFile(join(from, 'config.json'), '{}');
    await writeFile(join(from, 'empty'), '');
    await writeFile(join(from, 'checkpoints', 'a.bin'), Uint8Array.from([0, 255, 10]));
    // What is of the moment, or not of the folder, stays.
    await writeFile(join(from, '.lanegrad-lock'), 'x');
    await symlink('/etc/passwd', join(from, 'link'));
    const bytes = (await packFolder(from, { state: 'complete', π: [1] }, most))!;
    expect(headOf(bytes)).toEqual({ state: 'complete', π: [1] });
    const to = join(root, 'to');
    await mkdir(to);
    await writeFile(join(to, 'old'), 'old');
    await unpackFolder(bytes, to);
    expect((await readdir(to, { recursive: true })).sort()).toEqual([
      'checkpoints',
      'checkpoints/a.bin',
      'config.json',
      'empty',
    ]);
    expect([...(await readFile(join(to, 'checkpoints', 'a.bin')))]).toEqual([0, 255, 10]);
    expect(await hasFiles(to)).toBe(true);
  });

  it('of a folder that is not there has no files', async () => {
    const none = join(root, 'none');
    expect(await hasFiles(none)).toBe(false);
    const to = join(root, 'emptied');
    await mkdir(to);
    await writeFile(join(to, 'old'), 'old');
    await unpackFolder((await packFolder(none, null, most))!, to);
    expect(await hasFiles(to)).toBe(false);
  });

  it('is not made of more than is allowed', async () => {
    const folder = join(root, 'large');
    await mkdir(folder);
    await writeFile(join(folder, 'a'), new Uint8Array(600));
    await writeFile(join(folder, 'b'), new Uint8Array(600));
    expect(await packFolder(folder, null, 1199)).toBeUndefined();
    expect(await packFolder(folder, null, 1200)).toBeDefined();
  });

  it.each(['../a', '/a', 'a/../../b', 'a//b', '', '.', 'a\\b', 'c:a', 'a\0'])(
    'never leaves its folder: %j',
    async (name) => {
      const header = Buffer.from(JSON.stringify({ head: 1, files: [[name, 1]] }));
      const length = Buffer.alloc(4);
      length.writeUInt32LE(header.length);
      const bytes = Buffer.concat([Buffer.from('lanegrad files 1'), length, header, Buffer.from('x')]);
      await expect(unpackFolder(bytes, join(root, 'kept'))).rejects.toThrow(FormatError);
    },
  );

  it('that is cut off or changed is refused, before anything is', async () => {
    const folder = join(root, 'whole');
    await mkdir(folder);
    await writeFile(join(folder, 'a'), 'some text');
    const bytes = (await packFolder(folder, { a: 1 }, most))!;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: bytes.length - 1 }), async (length) => {
        await expect(unpackFolder(bytes.subarray(0, length), folder)).rejects.toThrow(FormatError);
      }),
    );
    await expect(unpackFolder(Buffer.concat([bytes, Buffer.from('x')]), folder)).rejects.toThrow(FormatError);
    expect(await readFile(join(folder, 'a'), 'utf8')).toBe('some text');
  });
});
