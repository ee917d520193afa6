/** Completion in shells: the scripts are run by the shells themselves, as far as they are here; in CI all must be. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lacks } from '../programs.js';
import { lanegrad } from './command.js';

let root = '';
const scripts: Record<string, string> = {};
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lanegrad-completion-'));
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { code, stdout, stderr } = await lanegrad(root, ['completion', shell]);
    expect([code, stderr]).toEqual([0, '']);
    scripts[shell] = stdout;
    await writeFile(join(root, `script.${shell}`), stdout);
  }
});
afterAll(() => rm(root, { recursive: true }));

/** What bash offers for words, of which the last is being written. */
function bash(...words: string[]): string[] {
  const list = words.map((word) => `'${word}'`).join(' ');
  const commands = `
    compopt() { echo "compopt $*" >&2; }
    source script.bash
    COMP_WORDS=(lanegrad ${list})
    COMP_CWORD=${words.length}
    _lanegrad lanegrad "\${COMP_WORDS[COMP_CWORD]}" "\${COMP_WORDS[COMP_CWORD-1]}"
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const stdout = execFileSync('bash', ['--norc', '-uc', commands], {
    cwd: root,
    encoding: 'utf8',
    stdio: 'pipe',
  });
  return stdout.split('\n').filter((line) => line !== '');
}

describe.skipIf(lacks('bash'))('bash', () => {
  test('offers commands', () => {
    expect(bash('')).toEqual(expect.arrayContaining(['train', 'sweep', 'serve', 'predict', 'completion']));
    expect(bash('tr')).toEqual(['train']);
    expect(bash('sweep', '')).toEqual(expect.arrayContaining(['resume', 'status']));
    expect(bash('completion', '')).toEqual(['bash', 'zsh', 'fish']);
  });

  test('offers the options of a command, and no others', () => {
    expect(bash('train', '--optim')).toEqual(['--optimizer']);
    expect(bash('train', 'mnist', '--epochs', '3', '--opt')).toEqual(['--optimizer']);
    expect(bash('train', '--no-sh')).toEqual(['--no-shuffle']);
    expect(bash('predict', '--opt')).toEqual([]);
    expect(bash('serve', '--po')).toEqual(['--port']);
    expect(bash('--vers')).toEqual(['--version']);
    // Names of earlier versions are understood, and not offered.
    expect(bash('train', '--accum')).toEqual(['--accumulate-batches']);
  });

  test('offers the values of an option', () => {
    expect(bash('train', '--optimizer', '')).toEqual(expect.arrayContaining(['sgd', 'adam', 'adamW']));
    expect(bash('train', '--optimizer', 'adamW')).toEqual(['adamW']);
    expect(bash('train', '--preset', '')).toEqual(['fast', 'accurate', 'cnn']);
    expect(bash('evaluate', 'model', '--split', 'te')).toEqual(['test']);
    expect(bash('train', '--epochs', '')).toEqual([]);
    // Files, by bash itself.
    expect(bash('train', '--resume', '')).toEqual([]);
    expect(bash('train', 'mn')).toEqual(['mnist']);
  });

  test('completes as it is registered', () => {
    const commands = 'source script.bash; complete -p lanegrad';
    const stdout = execFileSync('bash', ['--norc', '-c', commands], { cwd: root, encoding: 'utf8' });
    expect(stdout.trim()).toBe('complete -o default -F _lanegrad lanegrad');
  });
});

test.skipIf(lacks('zsh'))('zsh takes the script', () => {
  const { status, stderr } = spawnSync('zsh', ['-n', 'script.zsh'], { cwd: root, encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
});

test.skipIf(lacks('fish'))('fish offers commands, options and values', () => {
  const ask = (line: string) =>
    execFileSync('fish', ['-c', `source script.fish; complete -C '${line}'`], {
      cwd: root,
      encoding: 'utf8',
    });
  expect(ask('lanegrad tr')).toMatch(/^train\t/);
  expect(ask('lanegrad train --optim')).toMatch(/^--optimizer\t/);
  expect(ask('lanegrad train --preset ')).toMatch(/^fast\t/m);
});

test('all three know every command, option and choice', async () => {
  const { stdout: help } = await lanegrad(root, ['train', '--help']);
  const flags = [...new Set(help.match(/--[a-z][a-z0-9-]+(?= |$)/gm))];
  expect(flags.length).toBeGreaterThan(40);
  for (const script of Object.values(scripts)) {
    for (const word of ['gradcheck', 'assignment', 'oneCycle', 'huber']) expect(script).toContain(word);
  }
  for (const flag of flags) {
    expect(scripts.bash).toContain(flag);
    expect(scripts.zsh).toContain(flag);
    expect(scripts.fish).toContain(`-l ${flag.slice(2)}`);
  }
});

test('another shell is an error that names those there are', async () => {
  const { code, stderr } = await lanegrad(root, ['completion', 'tcsh']);
  expect(code).toBe(2);
  expect(stderr).toMatch(/bash, zsh, fish/);
});
