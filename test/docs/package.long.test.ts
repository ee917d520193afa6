/** What the package holds beside its code: types for resolvers of older days, licences, and no maps without sources. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const work = join(root, 'build', 'older');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  exports: Record<string, { types?: string }>;
  types: string;
  typesVersions: { '*': Record<string, string[]> };
};
const entries = Object.entries(manifest.exports).filter(([, { types }]) => types !== undefined);

beforeAll(() => {
  mkdirSync(join(work, 'node_modules'), { recursive: true });
  symlinkSync(root, join(work, 'node_modules', 'lanegrad'));
});
afterAll(() => rmSync(work, { recursive: true }));

test('a resolver that knows no exports finds the types of every entry', () => {
  const all = Object.fromEntries(entries.map(([name, { types }]) => [name.replace('./', ''), [types]]));
  const { '.': main, ...others } = all;
  expect(manifest.types).toBe(main[0]);
  expect(manifest.typesVersions['*']).toEqual(others);

  const file = join(work, 'main.ts');
  const lines = entries.map(([name], i) => `export * as entry${i} from '${name.replace('.', 'lanegrad')}';`);
  writeFileSync(file, `${lines.join('\n')}\n`);
  const program = ts.createProgram([file], {
    ...{ strict: true, noEmit: true, skipLibCheck: false, ignoreDeprecations: '6.0', types: ['node'] },
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ES2022,
    moduleResolution: ts.ModuleResolutionKind.Node10,
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.esnext.disposable.d.ts'],
    typeRoots: [join(root, 'node_modules', '@types')],
  });
  const problems = ts.getPreEmitDiagnostics(program).map(({ messageText, file: own }) => {
    return `${own?.fileName ?? ''}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  });
  expect(problems).toEqual([]);
  const used = program.getSourceFiles().map(({ fileName }) => fileName);
  expect(used).toContain(join(root, 'dist', 'node.d.ts'));
});

test('scripts that hold the code of others come with their licences, and nothing with a map', () => {
  const packed = execFileSync('npm', ['pack', '--ignore-scripts', '--json', '--dry-run'], {
    ...{ cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  });
  const [{ files }] = JSON.parse(packed) as { files: { path: string }[] }[];
  const paths = files.map(({ path }) => path);
  expect(paths).toContain('LICENSE');
  expect(paths).toContain('dist/script/THIRD-PARTY.txt');
  expect(paths.filter((path) => path.endsWith('.map'))).toEqual([]);
  const named = paths.filter((path) => /\.(js|d\.ts)$/.test(path));
  expect(
    named.filter((path) => readFileSync(join(root, path), 'utf8').includes('sourceMappingURL=')),
  ).toEqual([]);
  const licences = readFileSync(join(root, 'dist/script/THIRD-PARTY.txt'), 'utf8');
  expect(licences).toMatch(/^fflate \d+\.\d+\.\d+, MIT$/m);
  expect(licences).toContain(readFileSync(join(root, 'node_modules/fflate/LICENSE'), 'utf8').trim());
});
