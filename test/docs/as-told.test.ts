/**
 * What a reader is told to run runs as told: blocks are JavaScript unless their page says otherwise, README's first
 * script and the tutorial's do what they promise in a folder that has the package and nothing else.
 */
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transform } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const textOf = (page: string) => readFileSync(join(root, page), 'utf8');
/** The blocks of a page, and the lines on which their fences stand. */
const blocksOf = (text: string) =>
  [...text.matchAll(/^```ts(?: page)?\n(.*?)^```$/gms)].map(({ index, 1: code }) => ({
    code,
    line: text.slice(0, index).split('\n').length,
  }));

const all = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' });
const pages = ['README.md', ...all.map((name) => `docs/${name.replaceAll('\\', '/')}`)]
  .filter((name) => name.endsWith('.md') && !/\/(api|\.vitepress)\/|\[/.test(name))
  .map((name) => ({ name, text: textOf(name), blocks: blocksOf(textOf(name)) }))
  .filter(({ blocks }) => blocks.length > 0);
const isTyped = (text: string) =>
  text.split('\n').slice(0, 4).join(' ').includes('blocks of this page are TypeScript');

describe('blocks are JavaScript', () => {
  test('on nearly all pages', () => {
    expect(pages.length).toBeGreaterThanOrEqual(20);
    expect(pages.filter(({ text }) => isTyped(text)).map(({ name }) => name)).toEqual(['docs/extending.md']);
  });

  test.each(pages.filter(({ text }) => !isTyped(text)))('on $name', async ({ blocks }) => {
    for (const { code, line } of blocks) {
      const problem = await transform(code, { loader: 'js', format: 'esm', logLevel: 'silent' }).then(
        () => '',
        (error) => `the block of line ${line}: ${error}`,
      );
      expect(problem).toBe('');
    }
  });
});

describe('in a folder that has the package and nothing else', () => {
  let folder = '';
  beforeAll(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'lanegrad-told-')));
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(root, join(folder, 'node_modules', 'lanegrad'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function run(file: string, content: string): string {
    writeFileSync(join(folder, file), content);
    return execFileSync(process.execPath, [file], { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
  }

  test("README's first script prints what it says", () => {
    const text = textOf('README.md');
    const file = /Save it as `(\S+)`/.exec(text)?.[1] ?? '';
    expect(text).toContain(`\`node ${file}\` prints an accuracy near 1`);
    const [accuracy, probabilities] = run(file, blocksOf(text)[0].code).trim().split('\n');
    expect(Number(accuracy)).toBeGreaterThan(0.97);
    const [left, right] = /\[(.*?)\] \[ 'left', 'right' \]/.exec(probabilities)![1].split(',').map(Number);
    expect(left).toBeLessThan(0.1);
    expect(right).toBeGreaterThan(0.9);
  });

  test("the tutorial's script, of all its blocks, prints what it says", () => {
    const text = textOf('docs/tutorial.md');
    const file = /into a file `(\S+)`/.exec(text)?.[1] ?? '';
    expect(text).toContain(`\`node ${file}\``);
    expect(text).toContain('npm pkg set type=module');
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    const printed = run(
      file,
      blocksOf(text)
        .map(({ code }) => code)
        .join('\n'),
    );
    // What stands behind its lines, in comments.
    for (const promise of ["1000 2 [ 'in the ring', 'outside' ]", '700 150 150']) {
      expect(text).toContain(`// ${promise}`);
      expect(printed).toContain(`${promise}\n`);
    }
    expect(printed).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/m);
    expect(printed).toMatch(/class: 0,\s+name: 'in the ring'/);
    expect(printed).toMatch(/^400 \{"error":/m);
  });
});
