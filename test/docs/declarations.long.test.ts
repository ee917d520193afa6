/**
 * The published declarations in a project as strict as can be: no error within them, whatever its `lib` has.
 * They are checked here with the TypeScript that is installed; what older ones lack is kept out by the second
 * test.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Inside the package, so that its own name resolves to it. */
const work = join(root, 'build', 'consumer');

const entries = Object.keys(
  (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { exports: object }).exports,
).filter((name) => !name.includes('*') && !name.endsWith('.json') && name !== './script');

const everything = entries
  .map((name, i) => `import * as entry${i} from '${name.replace('.', 'lanegrad')}';\nexport { entry${i} };`)
  .join('\n');

/** What has the types of globals in it, used as a project that has them does. */
const globals = `
import { createEngine, type FitOptions } from 'lanegrad';
import { createTrainer, type TrainerOptions } from 'lanegrad/trainer';
import { openTable } from 'lanegrad/tables';
export const signal: FitOptions['signal'] = new AbortController().signal;
export const engines = [
  createEngine({ wasm: new URL('https://example.org/simd.wasm') }),
  createEngine({ wasm: { simd: new Uint8Array(8) } }),
];
export const table = openTable(new Blob(['a,b']));
export const trainer = async (options: TrainerOptions) => {
  using made = await createTrainer({ ...options, worker: new URL('https://example.org/worker.js') });
  // @ts-expect-error: a number is no address
  await createTrainer({ ...options, worker: 7 });
  return made.info.reason;
};
`;

beforeAll(() => mkdirSync(work, { recursive: true }));
afterAll(() => rmSync(work, { recursive: true }));

function errors(source: string, lib: readonly string[], types: readonly string[] = []): string[] {
  const file = join(work, 'main.mts');
  writeFileSync(file, source);
  const program = ts.createProgram([file], {
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    skipLibCheck: false,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib: lib.map((name) => `lib.${name}.d.ts`),
    types: [...types],
    typeRoots: [join(root, 'node_modules', '@types')],
  });
  return ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => {
    const text = ts.flattenDiagnosticMessageText(messageText, '\n');
    return `${file?.fileName.replace(root, '')}: ${text}`;
  });
}

test.each<[string[], string[]]>([
  [['es2022'], []],
  [['es2022', 'dom'], []],
  [['es2022'], ['node']],
])('lib %j with types %j: no error within', (lib, types) => {
  expect(entries.length).toBeGreaterThanOrEqual(8);
  expect(errors(everything, lib, types)).toEqual([]);
});

test('globals that are there have their types', () => {
  expect(errors(globals, ['es2022', 'dom'])).toEqual([]);
  expect(errors(globals, ['es2022'], ['node'])).toEqual([]);
});

test('nothing that TypeScript before 5.7 does not know', () => {
  const files = readdirSync(join(root, 'dist'), { recursive: true, encoding: 'utf8' });
  const declarations = files.filter((name) => name.endsWith('.d.ts'));
  expect(declarations.length).toBeGreaterThan(100);
  const generic = declarations.filter((name) => {
    const code = readFileSync(join(root, 'dist', name), 'utf8').replace(/\/\*\*[\s\S]*?\*\//g, '');
    return /\b(\w+Array|DataView)<ArrayBuffer/.test(code);
  });
  expect(generic).toEqual([]);
});
