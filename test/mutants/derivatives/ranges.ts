/**
 * The code of derivatives: the rule of each operation in `src/ops`, what only gradients
 * are made of, the twins of both, and a few files as a whole.
 */
import { readFileSync } from 'node:fs';
import ts from 'typescript';

/** A part of a file, in Stryker's terms: lines and columns are counted from 0. */
export interface Range {
  readonly start: Position;
  readonly end: Position;
}

interface Position {
  readonly line: number;
  readonly column: number;
}

/** All of these files: reverse derivation itself, and losses and functions, which stand beside their gradients. */
const whole = [
  'src/graph/derive.ts',
  'src/ops/gradients.ts',
  'src/ops/losses.ts',
  'src/ops/reference/losses.ts',
  'src/ops/reference/smooth.ts',
];

const gradient = /backward|gradient|derivative/i;
/** What only rules use, and no name gives away. */
const helpers = new Set([
  ...['columnSums', 'column_sums', 'place', 'shareOf', 'spread', 'sumTo', 'unspread'],
  ...['matmulTransposedA', 'matmulTransposedB', 'gemm_nt', 'gemm_tn'],
]);

function isDerivative(node: ts.Node): boolean {
  // The rule of an operation that a function makes: binaryOperation('add', 'add', (rule, dy) => …).
  if (ts.isArrowFunction(node) || ts.isMethodDeclaration(node)) {
    if (node.parameters[0]?.name.getText() === 'rule') return true;
  }
  const isNamed =
    ts.isFunctionDeclaration(node) ||
    ts.isMethodDeclaration(node) ||
    (ts.isPropertyAssignment(node) && ts.isArrowFunction(node.initializer)) ||
    (ts.isVariableDeclaration(node) &&
      (ts.isSourceFile(node.parent.parent.parent) ||
        (node.initializer && ts.isArrowFunction(node.initializer))));
  if (!isNamed) return false;
  const name = node.name?.getText() ?? '';
  return gradient.test(name) || helpers.has(name);
}

function rangesOf(path: string, content: string): Range[] {
  const source = ts.createSourceFile(path, content, ts.ScriptTarget.Latest, true);
  const ranges: Range[] = [];
  const place = (at: number): Position => {
    const { line, character } = source.getLineAndCharacterOfPosition(at);
    return { line, column: character };
  };
  const visit = (node: ts.Node): void => {
    if (isDerivative(node)) ranges.push({ start: place(node.getStart()), end: place(node.end) });
    else ts.forEachChild(node, visit);
  };
  visit(source);
  return ranges;
}

/** Files below the repository's root, and which parts of them are derivatives; true for all. */
export function derivatives(root: string): { name: string; content: string; mutate: true | Range[] }[] {
  const apart = ['src/ops/generated', 'src/ops/registry.ts', 'src/ops/**/optimizers.ts'];
  const files = ts.sys.readDirectory(
    `${root}src/ops`,
    ['.ts'],
    apart.map((path) => root + path),
  );
  const paths = new Set([...whole, ...files.map((path) => path.slice(root.length)).sort()]);
  return [...paths].flatMap((name) => {
    const content = readFileSync(root + name, 'utf8');
    const mutate = whole.includes(name) || rangesOf(name, content);
    return mutate === true || mutate.length > 0 ? [{ name, content, mutate }] : [];
  });
}
