/**
 * npm run check: who may import whom, type imports counted. The strata of src, from the bottom up, stand here
 * and nowhere else: a file imports from its own stratum and from those below it. And no files import each
 * other in a circle.
 */
const strata = [
  ['base/'],
  ['engine/'],
  ['ops/'],
  ['create/'],
  ['graph/'],
  ['nn/'],
  ['formats/'],
  ['data/'],
  ['train/'],
  ['trainer/', 'tables/'],
  ['tasks/'],
  ['run/', 'report/', 'inspect/'],
  ['sweep/', 'serve/'],
  ['assignment/'],
  ['index.ts', 'node.ts', 'inline.ts', 'reference.ts', 'tables.ts'],
  ['cli/'],
];

const escaped = (names) => names.map((name) => name.replaceAll('.', '\\.')).join('|');
const path = (names) => `^src/(?:${escaped(names)})`;

module.exports = {
  forbidden: [
    {
      name: 'no-circle',
      comment: 'Files that import each other can only be understood, and moved, together.',
      severity: 'error',
      from: { path: '^src/' },
      to: { circular: true },
    },
    ...strata.slice(0, -1).map((names, i) => ({
      name: `above-${names[0].replace(/\W/g, '')}`,
      comment: `${names.join(', ')} may not import from the strata above.`,
      severity: 'error',
      from: { path: path(names) },
      to: { path: path(strata.slice(i + 1).flat()) },
    })),
    {
      name: 'not-to-unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^(#platform|\\.\\./\\.\\./build/)' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.mjs'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
    },
    doNotFollow: { path: 'node_modules' },
  },
};
