/**
 * npm run check: what a page loads to train, as a server sends it compressed by Brotli at its best: what
 * training uses of `lanegrad`, minified, and one binary; not what is loaded only when it is wanted
 * (checkpoints, the reference without WebAssembly). Fails when it is more than was promised, or when a page loads
 * what only others need. Pages that share
 * memory load what runs the threads, and the file of a thread, too.
 */
import { readFile } from 'node:fs/promises';
import { brotliCompressSync } from 'node:zlib';
import { bundleSplit, splitPage } from './web/bundle.js';
import { root } from './web/server.js';

/**
 * What each page imports, what it may load, and what of the package it has no use for. Brotli makes of the same
 * code 70 bytes more or less, by the order of the modules: limits have room for that.
 */
const pages = [
  {
    trains: 'a dense network',
    entry: 'usual',
    limit: 74_500,
    without: /^dist\/(ops\/(conv|pool|resample)|formats\/onnx|sweep)/,
  },
  {
    trains: 'a convolutional network',
    entry: 'images',
    limit: 80_600,
    without: /^dist\/(ops\/upsample|formats\/onnx|sweep)/,
  },
];

const compressed = (data: string | Uint8Array) => brotliCompressSync(data).length;
const sum = (texts: readonly string[]) => texts.reduce((total, text) => total + compressed(text), 0);
const minified = async (entry: string) => sum(await bundleSplit(entry));
const show = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`;

const worker = await minified('dist/engine/threads/worker-browser.js');
const problems: string[] = [];
for (const { trains, entry, limit, without } of pages) {
  const path = `test/web/pages/${entry}.js`;
  const page = await splitPage(path);
  const script = sum(page.texts);
  const threads = sum(await bundleSplit(path, 'engine/threads/start.js')) + worker;
  console.log(`a page that trains ${trains}, at most ${show(limit)}`);
  for (const name of ['simd', 'fma', 'simd-threads', 'fma-threads']) {
    const kernels = compressed(await readFile(`${root}build/${name}.wasm`));
    const scripts = name.endsWith('threads') ? threads : script;
    const total = scripts + kernels;
    console.log(`  ${name}: ${show(scripts)} of script, ${show(kernels)} of kernels: ${show(total)}`);
    if (total > limit)
      problems.push(`a page that trains ${trains} would load ${total - limit} bytes more than it should`);
  }
  for (const module of page.modules.filter((own) => without.test(own)))
    problems.push(`a page that trains ${trains} would load ${module}`);
}
console.log(
  `everything of lanegrad and a trainer: ${show(await minified('test/web/pages/all.js'))} of script`,
);
console.log(
  `a trainer's worker: another ${show(sum(await bundleSplit('dist/trainer/worker.js', 'trainer/serve.js')))}`,
);
console.log(
  `one script with simd and fma: ${show(compressed(await readFile(`${root}dist/script/lanegrad.js`)))}`,
);
for (const problem of new Set(problems)) {
  console.error(`error: ${problem}`);
  process.exitCode = 1;
}
