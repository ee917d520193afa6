/** Bundles a page's script from the built package, as a user's bundler would. */
import { nodeResolve } from '@rollup/plugin-node-resolve';
import { build, transform } from 'esbuild';
import { rollup } from 'rollup';
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
  const bundled = await rollup({
    input: `${root}${entry}`,
    plugins: [nodeResolve({ browser: true })],
    onLog: () => {},
  });
  const { output } = await bundled.generate({ format: 'es', entryFileNames: '[name].js' });
  await bundled.close();
  return Object.fromEntries(
    output.flatMap((file) => (file.type === 'chunk' ? [[`${folder}/${file.fileName}`, file.code]] : [])),
  );
}

/** The same, with the files of the package that they are made of. */
export async function splitPage(
  entry: string,
  later?: string,
): Promise<{ texts: string[]; modules: string[] }> {
  const bundled = await rollup({
    input: `${root}${entry}`,
    plugins: [nodeResolve({ browser: true })],
    onLog: () => {},
  });
  const { output } = await bundled.generate({ format: 'es' });
  await bundled.close();
  const chunks = output.filter((file) => file.type === 'chunk');
  const first = chunks.filter(
    ({ isEntry, facadeModuleId }) => isEntry || (later !== undefined && facadeModuleId?.endsWith(later)),
  );
  const wanted = new Set(first.map(({ fileName }) => fileName));
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
