/** No code is made of text, in nothing that is published: read from the syntax tree, where a comment or a name is none. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { clientScript, languageScript, liveScript } from '../../build/report.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const GLOBALS = ['globalThis', 'window', 'self', 'global'];

/** The global that is named, by itself or as a property of the global object. */
function globalName(node: ts.Expression): string | undefined {
  if (ts.isIdentifier(node)) return node.text;
  const isOfGlobal =
    ts.isPropertyAccessExpression(node) &&
    ts.isIdentifier(node.expression) &&
    GLOBALS.includes(node.expression.text);
  return isOfGlobal ? node.name.text : undefined;
}

/** Whether the node runs a text as code. */
function runsText(node: ts.Node): boolean {
  if (ts.isStringLiteralLike(node)) return /^(node:)?vm$|^javascript:/.test(node.text);
  if (!ts.isCallExpression(node) && !ts.isNewExpression(node)) return false;
  const name = globalName(node.expression);
  if (name === 'eval' || name === 'Function') return true;
  const [first] = node.arguments ?? [];
  const isText =
    first !== undefined &&
    (ts.isStringLiteralLike(first) || ts.isTemplateExpression(first) || isSumOfTexts(first));
  if (name === 'setTimeout' || name === 'setInterval' || name === 'setImmediate') return isText;
  // `x.constructor('code')`, where x is a function.
  const isConstructor =
    ts.isPropertyAccessExpression(node.expression) && node.expression.name.text === 'constructor';
  return isConstructor && isText;
}

function isSumOfTexts(node: ts.Node): boolean {
  return (
    ts.isBinaryExpression(node) &&
    node.operatorToken.kind === ts.SyntaxKind.PlusToken &&
    [node.left, node.right].some((side) => ts.isStringLiteralLike(side))
  );
}

/** Without any of these words nothing is found, which spares reading most files. */
const WORDS = /\b(eval|Function|set(Timeout|Interval|Immediate))\b|\.constructor\b|vm['"`]|javascript:/;

/** What runs text, as it is written. */
function found(name: string, code: string): string[] {
  if (!WORDS.test(code)) return [];
  const source = ts.createSourceFile(name, code, ts.ScriptTarget.ES2022, false, ts.ScriptKind.JS);
  const all: string[] = [];
  const walk = (node: ts.Node): void => {
    if (runsText(node)) all.push(`${name}: ${code.slice(node.pos, node.end).trim().slice(0, 80)}`);
    ts.forEachChild(node, walk);
  };
  walk(source);
  return all;
}

const scripts = ['dist', 'build'].flatMap((folder) =>
  readdirSync(root + folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.js'))
    .map((path) => `${folder}/${path}`),
);

test('what is published, the script for script tags among it', () => {
  expect(scripts).toContain('dist/script/lanegrad.js');
  expect(scripts).toContain('dist/trainer/worker.js');
  expect(scripts.length).toBeGreaterThan(300);
  expect(scripts.flatMap((path) => found(path, readFileSync(root + path, 'utf8')))).toEqual([]);
});

test('what runs within a report', () => {
  const uplot = readFileSync(`${root}node_modules/uplot/dist/uPlot.iife.min.js`, 'utf8');
  const all = { clientScript, languageScript, liveScript, uplot };
  expect(Object.entries(all).flatMap(([name, code]) => found(name, code))).toEqual([]);
});

test.each([
  'eval("1")',
  'globalThis.eval(text)',
  'new Function("return 1")',
  'Function(text)()',
  'window.setTimeout("run()", 5)',
  'setInterval(`run(1)`, 5)',
  'setTimeout("a" + b)',
  'import vm from "node:vm"',
  '(() => 1).constructor("return 1")()',
])('the test itself sees %s', (code) => {
  expect(found('text', code)).toHaveLength(1);
});

test.each(['redis.eval(script, 1)', 'setTimeout(run, 5)', '// eval("1")', 'class A { constructor(a) {} }'])(
  'and passes %s',
  (code) => {
    expect(found('text', code)).toEqual([]);
  },
);
