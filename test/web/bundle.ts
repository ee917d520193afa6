/** Bundles a page's script from the built package, as a user's bundler would. */
import { build } from 'esbuild';
import { root } from './server.js';

/** The module's text. Serve it two folders deep beside `build`, as dist is: assets are found from there. */
export async function bundle(entry: string, options: { minify?: boolean } = {}): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [`${root}${entry}`],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    logLevel: 'silent',
    minify: options.minify ?? false,
  });
  return outputFiles[0].text;
}
