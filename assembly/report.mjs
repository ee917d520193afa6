/**
 * What reports show and is not computed where they are drawn. build/report.js: the scripts that run inside a
 * report, as text. build/assignment.js: the assignment's formulas as MathML, by their LaTeX, and the pieces
 * of source that stand beside them.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';

const LISTS = ['src/assignment/report/formulas.ts', 'src/assignment/report/excerpts.ts'];
const OPTIONS = { throwOnError: true, strict: true, trust: false };

/** Their types, which TypeScript needs first. */
export function declareReport(build) {
  mkdirSync(build, { recursive: true });
  writeFileSync(
    `${build}report.d.ts`,
    `/** Makes a page's language one that Intl takes; to run before uPlot. */
export declare const languageScript: string;
/** Draws a page's charts with uPlot. */
export declare const clientScript: string;
/** Keeps a page that is served in step with its server. */
export declare const liveScript: string;
`,
  );
  writeFileSync(
    `${build}assignment.d.ts`,
    `/** MathML by LaTeX: of formulas on lines of their own, and of formulas within lines. */
export declare const mathml: {
  readonly display: Readonly<Record<string, string>>;
  readonly inline: Readonly<Record<string, string>>;
};
/**
 * Pieces of source by the names of report/excerpts.ts, without the indentation that all their lines share.
 */
export declare const code: Readonly<Record<string, string>>;
`,
  );
}

/**
 * Writes the files; says what it read and wrote. Throws for what is no LaTeX, and for a piece that is not
 * found.
 */
export async function writeReport(root) {
  const { default: temml } = await import('temml');
  const { inputs, lists } = await load(root);
  const { displayFormulas, inlineFormulas, excerpts } = lists;
  const typeset = (formulas, displayMode) =>
    Object.fromEntries(
      formulas.map((latex) => [latex, temml.renderToString(latex, { ...OPTIONS, displayMode })]),
    );
  const mathml = { display: typeset(displayFormulas, true), inline: typeset(inlineFormulas, false) };
  const sources = Object.values(excerpts).map(({ file }) => file);
  const code = Object.fromEntries(
    Object.entries(excerpts).map(([name, excerpt]) => [
      name,
      cut(name, readFileSync(`${root}${excerpt.file}`, 'utf8'), excerpt),
    ]),
  );
  const entryPoints = ['language', 'main', 'live'].map((name) => `src/report/client/${name}.ts`);
  const client = await bundle(root, { entryPoints, outdir: root, format: 'iife', minify: true });
  const [languageScript, clientScript, liveScript] = client.texts;
  declareReport(`${root}build/`);
  write(`${root}build/assignment.js`, { mathml, code });
  write(`${root}build/report.js`, { languageScript, clientScript, liveScript });
  return {
    inputs: [...new Set(['assembly/report.mjs', ...inputs, ...client.inputs, ...sources])],
    outputs: ['assignment', 'report'].flatMap((name) => [`build/${name}.js`, `build/${name}.d.ts`]),
  };
}

function write(path, values) {
  const lines = Object.entries(values).map(
    ([name, value]) => `export const ${name} = ${JSON.stringify(value, null, 1)};\n`,
  );
  writeFileSync(path, lines.join(''));
}

/** The lists, which are TypeScript, as a module of plain values. */
async function load(root) {
  const contents = LISTS.map((path) => `export * from './${path}';`).join('\n');
  const { texts, inputs } = await bundle(root, { stdin: { contents, resolveDir: root }, format: 'esm' });
  const lists = await import(`data:text/javascript;base64,${Buffer.from(texts[0]).toString('base64')}`);
  return { inputs, lists };
}

/** Modules, each with all that it imports, and the files that they came from. */
async function bundle(root, options) {
  const { build } = await import('esbuild');
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    bundle: true,
    platform: 'neutral',
    target: 'es2022',
    charset: 'utf8',
    write: false,
    metafile: true,
    ...options,
  });
  const inputs = Object.keys(metafile.inputs).filter((path) => path !== '<stdin>');
  return { texts: outputFiles.map(({ text }) => text), inputs };
}

/** See Excerpt in report/excerpts.ts. */
function cut(name, source, { file, from, to }) {
  const lines = source.split('\n');
  const indent = (line) => line.length - line.trimStart().length;
  const first = lines.findIndex((line) => line.trimStart().startsWith(from));
  if (first < 0) throw new Error(`excerpt ${name}: expected a line of ${file} that begins with: ${from}`);
  const margin = indent(lines[first]);
  const length = lines
    .slice(first)
    .findIndex((line) => line.trim() && indent(line) <= margin && line.trimStart().startsWith(to));
  if (length < 0) throw new Error(`excerpt ${name}: expected a line of ${file} that begins with: ${to}`);
  return lines
    .slice(first, first + length + 1)
    .map((line) => line.slice(Math.min(margin, indent(line))))
    .join('\n');
}
