/** What the package exports, as the compiler sees its sources. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Export {
  /** Of the entry, within the repository. */
  readonly file: string;
  readonly name: string;
  readonly docstring: string;
}

/** Every export of every entry, types too. */
export function packageExports(): Export[] {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    exports: Record<string, { types?: string }>;
  };
  const files = Object.values(exports).flatMap(({ types }) =>
    types ? [join(root, types.replace('./dist/', 'src/').replace(/\.d\.ts$/, '.ts'))] : [],
  );
  const program = ts.createProgram(files, {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    types: ['node'],
    noEmit: true,
  });
  const checker = program.getTypeChecker();
  return files.flatMap((file) => {
    const symbol = checker.getSymbolAtLocation(program.getSourceFile(file)!);
    // A worker's script exports nothing.
    if (!symbol) return [];
    return checker.getExportsOfModule(symbol).map((exported) => {
      const own = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      const docstring = ts.displayPartsToString(own.getDocumentationComment(checker)).trim();
      return { file: file.slice(root.length), name: exported.name, docstring };
    });
  });
}
