/**
 * The guide: every TypeScript block is type-checked against the built package, and each page's blocks run in
 * order.
 */
import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const guide = join(root, 'docs', 'guide');
/** Inside the package, so that its own name resolves to it. */
const work = join(root, 'build', 'guide');

interface Page {
  name: string;
  text: string;
  /** TypeScript of its blocks, on the lines on which they stand in the page. */
  source: string;
}

function readPage(name: string): Page {
  const text = readFileSync(join(guide, name), 'utf8');
  let inside = false;
  const lines = text.split('\n').map((line) => {
    if (line.startsWith('```')) {
      inside = line === '```ts';
      return '';
    }
    return inside ? line : '';
  });
  return { name, text, source: lines.join('\n') };
}

const pages = readdirSync(guide)
  .filter((name) => name.endsWith('.md'))
  .map(readPage);
const runnable = pages.filter(({ source }) => source.trim() !== '');

mkdirSync(work, { recursive: true });
for (const { name, source } of runnable)
  writeFileSync(join(work, name.replace('.md', '.mts')), `export {};${source}`);
afterAll(() => rmSync(work, { recursive: true }));

test('there is something to run', () => {
  expect(runnable.length).toBeGreaterThanOrEqual(6);
});

test('blocks are correct TypeScript, as strict as a careful user has it', () => {
  const program = ts.createProgram(
    runnable.map(({ name }) => join(work, name.replace('.md', '.mts'))),
    {
      strict: true,
      noEmit: true,
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'],
      types: ['node'],
      typeRoots: [join(root, 'node_modules', '@types')],
      skipLibCheck: true,
    },
  );
  const problems = ts.getPreEmitDiagnostics(program).map(({ file, start = 0, messageText }) => {
    const line = file ? file.getLineAndCharacterOfPosition(start).line + 1 : 0;
    return `${file?.fileName.slice(work.length + 1)}:${line} ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
  });
  expect(problems).toEqual([]);
});

describe('pages run', () => {
  test.each(runnable)('$name', async ({ name, source }) => {
    const { outputText } = ts.transpileModule(`export {};${source}`, {
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
    });
    const script = join(work, name.replace('.md', '.mjs'));
    writeFileSync(script, outputText);
    const folder = mkdtempSync(join(tmpdir(), 'lanegrad-guide-'));
    try {
      const failure = await new Promise<string>((resolve) => {
        execFile(process.execPath, [script], { cwd: folder }, (error, _, stderr) =>
          resolve(error ? `${error}${stderr}` : ''),
        );
      });
      expect(failure).toBe('');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('links', () => {
  test.each(pages)('of $name lead somewhere', ({ text }) => {
    const targets = [...text.matchAll(/\]\(([^)#]+)\)/g)].map((match) => match[1]);
    // The reference is made by npm run docs.
    const isThere = (target: string) => target === '../api' || existsSync(join(guide, target));
    expect(targets.filter((target) => !target.startsWith('http') && !isThere(target))).toEqual([]);
  });
});
