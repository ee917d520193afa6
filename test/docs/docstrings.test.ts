/** Every public export says what it is: the reference is made of these comments. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The package's entries, as source files. */
function entries(): string[] {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    exports: Record<string, { types?: string }>;
  };
  return Object.values(exports).flatMap(({ types }) =>
    types ? [join(root, types.replace('./dist/', 'src/').replace(/\.d\.ts$/, '.ts'))] : [],
  );
}

test('every export of every entry has a docstring', () => {
  const files = entries();
  expect(files.length).toBeGreaterThanOrEqual(5);
  const program = ts.createProgram(files, {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    types: ['node'],
    noEmit: true,
  });
  const checker = program.getTypeChecker();
  const missing: string[] = [];
  let seen = 0;
  for (const file of files) {
    const source = program.getSourceFile(file)!;
    const symbol = checker.getSymbolAtLocation(source);
    // A worker's script exports nothing.
    if (!symbol) continue;
    for (const exported of checker.getExportsOfModule(symbol)) {
      const own = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      seen++;
      const text = ts.displayPartsToString(own.getDocumentationComment(checker)).trim();
      if (text.length < 10) missing.push(`${file.slice(root.length)}: ${exported.name}`);
    }
  }
  expect(seen).toBeGreaterThan(100);
  expect(missing).toEqual([]);
});
