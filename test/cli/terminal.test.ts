/** What reaches a terminal: nothing that it would obey, whatever files and folders are called. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { Output, printable } from '../../src/cli/output.js';
import { lanegrad } from './command.js';
import { writeToy } from './toy.js';

/** A new title, all red, erased; C1's way to begin such; text that runs the other way; a line of its own. */
const HOSTILE = 'run\x1b]0;owned\x07\x1b[31m\x1b[2J\x9b2J\u202egnp.exe\u2066\u061c\u2028x';
const OBEYED = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lanegrad-terminal-'));
  await writeToy(join(root, 'toy'), { train: 480 });
});
afterAll(() => rm(root, { recursive: true }));
afterEach(() => vi.restoreAllMocks());

const lines = (text: string) => text.replaceAll('\n', '');

describe('a folder with such a name', () => {
  it('is spelt out in results, warnings, errors and stacks', async () => {
    const run = [
      'train',
      'toy',
      '--hidden',
      '8',
      '--epochs',
      '2',
      '--checkpoint-every',
      '1epoch',
      '--out',
      HOSTILE,
    ];
    const trained = await lanegrad(root, run);
    expect(trained).toMatchObject({ code: 0, stderr: '' });
    const folder = join(root, HOSTILE, 'checkpoints');
    for (const name of await readdir(folder)) await writeFile(join(folder, name), 'damaged');
    const resumed = await lanegrad(root, ['train', '--resume', HOSTILE, '--debug']);
    expect(resumed.stderr).toMatch(/^warning: run\\x1b\]0;owned\\x07.*trying the next newest$/m);
    expect(resumed.stderr).toMatch(/^error: run\\x1b\]0;owned\\x07\\x1b\[31m/m);
    expect(resumed.stderr).toMatch(/^FormatError: run\\x1b.*\\u202egnp\.exe\\u2066\\u061c\\u2028x/m);
    const evaluated = await lanegrad(root, ['evaluate', HOSTILE, 'toy', '--json']);
    expect(evaluated.code).toBe(0);
    expect(JSON.parse(evaluated.stdout)).toMatchObject({ model: join(HOSTILE, 'model.safetensors') });
    for (const { stdout, stderr } of [trained, resumed, evaluated]) {
      expect(lines(stdout)).not.toMatch(OBEYED);
      expect(lines(stderr)).not.toMatch(OBEYED);
    }
  });
});

describe('the one place', () => {
  function written(colour: boolean, write: (out: Output) => void): string {
    const texts: string[] = [];
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => texts.push(String(text)) > 0);
    const out = new Output();
    Object.assign(out, { colour });
    write(out);
    return texts.join('');
  }

  it('cleans what a command forgot to', () => {
    expect(written(false, (out) => out.line(HOSTILE))).toBe(`${printable(HOSTILE)}\n`);
    expect(written(true, (out) => out.line(out.bold('a\x1b[2Jb')))).toBe('\x1b[1ma\\x1b[2Jb\x1b[22m\n');
    expect(written(true, (out) => out.redraw('a\rb'))).toBe('\ra\\x0db\x1b[K');
  });
});
