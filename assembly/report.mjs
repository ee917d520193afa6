/**
 * build/assignment.js: what the assignment's report shows and is not computed where it is drawn: its formulas as
 * MathML, by their LaTeX, and the pieces of source that stand beside them.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';

const LISTS = ['src/assignment/report/formulas.ts', 'src/assignment/report/excerpts.ts'];
const OPTIONS = { throwOnError: true, strict: true, trust: false };

/** Its types, which TypeScript needs first. */
export function declareReport(build) {
  mkdirSync(build, { recursive: true });
  writeFileSync(
    `${build}assignment.d.ts`,
    `/** MathML by LaTeX: of formulas on lines of their own, and of formulas within lines. */
export declare const mathml: {
  readonly display: Readonly<Record<string, string>>;
  readonly inline: Readonly<Record<string, string>>;
};
/** Pieces of source by the names of report/excerpts.ts, without the indentation that all their lines share. */
export declare const code: Readonly<Record<string, string>>;
`,
  );
}

/** Writes the file; says what it read and wrote. Throws for what is no LaTeX, and for a piece that is not found. */
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
  declareReport(`${root}build/`);
  const text = Object.entries({ mathml, code }).map(
    ([name, value]) => `export const ${name} = ${JSON.stringify(value, null, 1)};\n`,
  );
  writeFileSync(`${root}build/assignment.js`, text.join(''));
  return {
    inputs: [...new Set(['assembly/report.mjs', ...inputs, ...sources])],
    outputs: ['build/assignment.js', 'build/assignment.d.ts'],
  };
}

/** The lists, which are TypeScript, as a module of plain values. */
async function load(root) {
  const { build } = await import('esbuild');
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    stdin: { contents: LISTS.map((path) => `export * from './${path}';`).join('\n'), resolveDir: root },
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    write: false,
    metafile: true,
  });
  const url = `data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString('base64')}`;
  const inputs = Object.keys(metafile.inputs).filter((path) => path !== '<stdin>');
  return { inputs, lists: await import(url) };
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
