/**
 * npm run check: what a page loads to train, as a server sends it compressed by Brotli at its best: what
 * training uses of `lanegrad`, minified, and one binary; not what is loaded only when it is wanted
 * (checkpoints, the reference without WebAssembly). Fails when it is more than was promised. Pages that share
 * memory load what runs the threads, and the file of a thread, too.
 */
import { readFile } from 'node:fs/promises';
import { brotliCompressSync } from 'node:zlib';
import { bundleSplit } from './web/bundle.js';
import { root } from './web/server.js';

const LIMIT = 60_000;

const compressed = (data: string | Uint8Array) => brotliCompressSync(data).length;
const minified = async (entry: string, later?: string) =>
  (await bundleSplit(entry, later)).reduce((total, text) => total + compressed(text), 0);
const show = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`;

const script = await minified('test/web/pages/usual.js');
const threads = await minified('test/web/pages/usual.js', 'engine/threads/start.js');
const worker = await minified('dist/engine/threads/worker-browser.js');
let failed = false;
for (const name of ['simd', 'fma', 'simd-threads', 'fma-threads']) {
  const kernels = compressed(await readFile(`${root}build/${name}.wasm`));
  const scripts = name.endsWith('threads') ? threads + worker : script;
  const total = scripts + kernels;
  console.log(
    `${name}: ${show(scripts)} of script, ${show(kernels)} of kernels: ${show(total)} of ${show(LIMIT)}`,
  );
  failed ||= total > LIMIT;
}
console.log(
  `everything of lanegrad and a trainer: ${show(await minified('test/web/pages/all.js'))} of script`,
);
console.log(`a trainer's worker: another ${show(await minified('dist/trainer/worker.js'))}`);
console.log(
  `one script with simd and fma: ${show(compressed(await readFile(`${root}dist/script/lanegrad.js`)))}`,
);
if (failed) {
  console.error('error: a page would load more than it should');
  process.exitCode = 1;
}
