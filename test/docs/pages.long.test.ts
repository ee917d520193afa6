/**
 * README and the pages of the documentation: every block of `ts` is type-checked against the built package, and
 * each page's blocks run in order, by Node as they are. Blocks of `ts page` are modules of web pages: each is checked by itself, and
 * does not run. Links lead somewhere, and flags of the command line are known.
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
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll, describe, expect, test } from 'vitest';
import { createProgram } from './program.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Inside the package, so that its own name resolves to it. */
const work = join(root, 'build', 'pages');

interface Page {
  /** Its path in the repository. */
  name: string;
  text: string;
  /** The modules that its blocks make, on the lines on which they stand: first the one that runs. */
  modules: string[];
}

/** What has a test of its own, is written by tools, or holds no pages. */
const others = /^docs\/(extending\.md|api\/|\.vitepress\/|(examples|project)\/\[)/;

function readPage(name: string): Page {
  const text = readFileSync(join(root, name), 'utf8');
  const modules: string[][] = [[]];
  let inside: string[] | undefined;
  text.split('\n').forEach((line, number) => {
    const fence = /^```(.*)$/.exec(line);
    if (fence && !inside) {
      if (fence[1] === 'ts page') modules.push([]);
      inside = fence[1] === 'ts' ? modules[0] : fence[1] === 'ts page' ? modules.at(-1)! : [];
    } else if (fence) inside = undefined;
    else if (inside) inside[number] = line;
  });
  return { name, text, modules: modules.map((lines) => Array.from(lines, (line) => line ?? '').join('\n')) };
}

const files = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).map(
  (name) => `docs/${name}`,
);
const pages = ['README.md', ...files]
  .filter((name) => name.endsWith('.md') && !others.test(name))
  .map((name) => readPage(name.replaceAll('\\', '/')));
const scriptOf = (name: string, index = 0) =>
  join(work, `${name.replaceAll('/', '_').replace('.md', '')}${index || ''}.mts`);
const runnable = pages.filter(({ modules }) => modules[0].trim() !== '');

mkdirSync(work, { recursive: true });
const scripts = pages.flatMap(({ name, modules }) =>
  modules.flatMap((source, index) => {
    if (source.trim() === '') return [];
    writeFileSync(scriptOf(name, index), `export {};${source}`);
    return [scriptOf(name, index)];
  }),
);
afterAll(() => rmSync(work, { recursive: true }));

test('there is something to run', () => {
  expect(runnable.length).toBeGreaterThanOrEqual(18);
  expect(scripts.length).toBeGreaterThan(runnable.length);
});

test('blocks are correct TypeScript, as strict as a careful user has it', () => {
  const program = ts.createProgram(scripts, {
    strict: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
    types: ['node'],
    typeRoots: [join(root, 'node_modules', '@types')],
    skipLibCheck: true,
  });
  // Blocks are JavaScript, which has no types for parameters of the reader's own functions.
  const untyped = new Set([7006, 7019, 7031]);
  const found = ts.getPreEmitDiagnostics(program).filter(({ code }) => !untyped.has(code));
  const problems = found.map(({ file, start = 0, messageText }) => {
    const line = file ? file.getLineAndCharacterOfPosition(start).line + 1 : 0;
    return `${file?.fileName.slice(work.length + 1)}:${line} ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
  });
  expect(problems).toEqual([]);
});

describe('pages run', () => {
  test.each(runnable)('$name', async ({ name, modules }) => {
    const script = scriptOf(name).replace('.mts', '.mjs');
    writeFileSync(script, `export {};${modules[0]}`);
    const folder = mkdtempSync(join(tmpdir(), 'lanegrad-page-'));
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
  test.each(pages)('of $name lead somewhere', ({ name, text }) => {
    const prose = text.replace(/^```.*?^```/gms, '');
    const targets = [...prose.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map((match) => match[1]);
    // The reference is made by npm run docs, whose own search for dead links includes it.
    const isThere = (target: string) =>
      /(^|\/)api(\/|$)/.test(target) || existsSync(join(root, dirname(name), target));
    expect(targets.filter((target) => !/^https?:/.test(target) && !isThere(target))).toEqual([]);
  });
});

/** Commands of a page, one a line, as they are typed. */
function commandsOf(text: string): string[] {
  return [...text.matchAll(/^```sh\n(.*?)^```/gms)]
    .flatMap(([, block]) => block.split('\n'))
    .flatMap(
      (line) =>
        /(?:^|\| *)(?:npx )?lanegrad ([^|&]*)/.exec(line.replace(/\s#.*|, and then.*/, ''))?.slice(1) ?? [],
    );
}

describe('the command line', () => {
  test.each(pages.filter(({ text }) => commandsOf(text).length > 0))(
    'of $name has the flags that are written',
    async ({ text }) => {
      const program = await createProgram();
      const unknown = commandsOf(text).flatMap((line) => {
        let command = program;
        for (const word of line.split(' ')) {
          // Nested ones too, as `sweep resume`.
          const nested = command.commands.find((own) => own.name() === word);
          if (!nested) break;
          command = nested;
        }
        if (command === program) return [line];
        const flags = command.options.flatMap(({ short, long }) => [short, long]);
        const given = line.replace(/(["']).*?\1/g, '').match(/(?<=\s)--?[a-z][\w-]*/gi) ?? [];
        return given
          .filter((flag) => flag !== '--help' && !flags.includes(flag))
          .map((flag) => `${flag} of ${line}`);
      });
      expect(unknown).toEqual([]);
    },
  );
});
