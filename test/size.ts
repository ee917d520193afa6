/**
 * npm run check: what a page loads to train, as a server sends it compressed (gzip -9): what training uses of `lanegrad`, minified, and one
 * binary. Fails when it is more than was promised. Pages that share memory load the file of a thread, too, once for all threads.
 */
import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { bundle } from './web/bundle.js';
import { root } from './web/server.js';

const LIMIT = 60_000;

const compressed = (data: string | Uint8Array) => gzipSync(data, { level: 9 }).length;
const show = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`;

const script = compressed(await bundle('test/web/pages/usual.js', { minify: true }));
const thread = compressed(await readFile(`${root}dist/engine/threads/worker-browser.js`));
let failed = false;
for (const name of ['simd', 'fma', 'simd-threads', 'fma-threads']) {
  const kernels = compressed(await readFile(`${root}build/${name}.wasm`));
  const total = script + kernels + (name.endsWith('threads') ? thread : 0);
  console.log(
    `${name}: ${show(script)} of script, ${show(kernels)} of kernels: ${show(total)} of ${show(LIMIT)}`,
  );
  failed ||= total > LIMIT;
}
const all = compressed(await bundle('test/web/pages/all.js', { minify: true }));
const inline = compressed(await readFile(`${root}dist/script/lanegrad.js`));
console.log(`everything of lanegrad: ${show(all)}; with simd and fma in one script: ${show(inline)}`);
if (failed) {
  console.error('error: a page would load more than it should');
  process.exitCode = 1;
}
