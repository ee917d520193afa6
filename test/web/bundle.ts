/** Bundles a page's script from the built package, as a user's bundler would. */
import { nodeResolve } from '@rollup/plugin-node-resolve';
import { build, transform } from 'esbuild';
import { type OutputOptions, rollup } from 'rollup';
import { root } from './server.js';

/** The module's text. Serve it two folders deep beside `build`, as dist is: assets are found from there. */
export async function bundle(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [`${root}${entry}`],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    logLevel: 'silent',
  });
  return outputFiles[0].text;
}

/**
 * The module as Rollup splits it, minified: the texts of the files that a page loads at once, without those
 * that are loaded when they are wanted; but with what the module brings whose path ends in `later`.
 */
export async function bundleSplit(entry: string, later?: string): Promise<string[]> {
  return (await splitPage(entry, later)).texts;
}

/** The files that Rollup makes of it by the paths that it names them, the module itself first in its folder. */
export async function splitFiles(entry: string, folder: string): Promise<Record<string, string>> {
  const chunks = await chunksOf(entry, { entryFileNames: '[name].js' });
  return Object.fromEntries(chunks.map(({ fileName, code }) => [`${folder}/${fileName}`, code]));
}

/** The same, with the files of the package that they are made of. */
export async function splitPage(
  entry: string,
  later?: string,
): Promise<{ texts: string[]; modules: string[] }> {
  const chunks = await chunksOf(entry);
  const wanted = new Set(chunks.filter(({ isEntry }) => isEntry).map(({ fileName }) => fileName));
  if (later !== undefined) {
    // Not by the module that a file is named after: one that holds more than that module is named after none.
    const file = chunks.find(({ moduleIds }) => moduleIds.some((id) => id.endsWith(later)));
    if (!file) throw new Error(`${entry} loads no ${later}`);
    wanted.add(file.fileName);
  }
  // What a file imports joins the set, whose end the loop has not reached by then.
  for (const name of wanted) {
    for (const next of chunks.find(({ fileName }) => fileName === name)!.imports) wanted.add(next);
  }
  const loaded = chunks.filter(({ fileName }) => wanted.has(fileName));
  const texts = loaded.map(async ({ code }) => {
    return (await transform(code, { minify: true, format: 'esm', target: 'es2022' })).code;
  });
  const modules = loaded.flatMap((chunk) => Object.entries(chunk.modules));
  return {
    texts: await Promise.all(texts),
    modules: modules.flatMap(([id, { renderedLength }]) =>
      renderedLength > 0 ? [id.replace(root, '')] : [],
    ),
  };
}

async function chunksOf(entry: string, options: OutputOptions = {}) {
  const bundled = await rollup({
    input: `${root}${entry}`,
    plugins: [nodeResolve({ browser: true })],
    onLog: () => {},
  });
  const { output } = await bundled.generate({ format: 'es', ...options });
  await bundled.close();
  return output.filter((file) => file.type === 'chunk');
}
