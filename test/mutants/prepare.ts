/** What a run needs before its first mutant: the binary with its source map, and the tests as one script. */
import { createHash } from 'node:crypto';
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { build } from 'esbuild';
import type { Compiled } from './mutants.js';

const OUT = 'build/mutants/';

/** The strict binary as the build makes it, and where each of its bytes comes from; kept while its sources last. */
export async function compile(root: string): Promise<Compiled> {
  const sum = createHash('sha256');
  for (const folder of ['assembly', 'build/assembly']) {
    const files = readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' }).sort();
    for (const file of files)
      if (file.endsWith('.ts')) sum.update(file).update(readFileSync(`${root}${folder}/${file}`));
  }
  sum.update(readFileSync(`${root}asconfig.json`)).update(readFileSync(`${root}assembly/compile.mjs`));
  const key = sum.digest('hex');
  const read = (name: string) => readFileSync(`${root}${OUT}${name}`);
  try {
    if (String(read('simd.key')) === key)
      return { bytes: read('simd.wasm'), map: String(read('simd.wasm.map')), text: String(read('simd.wat')) };
  } catch {
    // Nothing is kept yet.
  }
  const made = await compileAnew(root);
  const write = (name: string, content: string | Uint8Array) =>
    writeFileSync(`${root}${OUT}${name}`, content);
  write('simd.wasm', made.bytes);
  write('simd.wasm.map', made.map);
  write('simd.wat', made.text);
  write('simd.key', key);
  return made;
}

function compileAnew(root: string): Promise<Compiled> {
  const worker = new Worker(new URL('../../assembly/compile.mjs', import.meta.url));
  const options = ['--sourceMap', '--outFile', `${OUT}simd.wasm`, '--textFile', `${OUT}simd.wat`];
  return new Promise<Compiled>((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', ({ written, problem }: { written: [string, string][]; problem?: string }) => {
      if (problem) reject(new Error(problem));
      const file = (name: string) => written.find(([path]) => path === OUT + name)![1];
      resolve({
        bytes: file('simd.wasm') as unknown as Uint8Array,
        map: file('simd.wasm.map'),
        text: file('simd.wat'),
      });
    });
    worker.postMessage({ root, source: 'build/assembly/index.ts', target: 'simd', options });
  }).finally(() => worker.terminate());
}

/** Tests of other things than kernels of the strict binary. */
const left = /\/(harness|signatures)\.test\.ts$/;

/** The tests of kernels and worker.ts, over the binary that the worker is given. */
export async function bundle(root: string): Promise<string> {
  const files = readdirSync(`${root}test/kernels`)
    .map((name) => `kernels/${name}`)
    .concat('engine/strided.test.ts', 'mutants/golden.ts')
    .filter((path) => /(test|golden)\.ts$/.test(path) && !left.test(path))
    .sort();
  const loads = files.map((path) => `['${path}', () => import('./${path}')],`);
  const contents = `import { serve } from './mutants/worker.ts';\nserve([\n${loads.join('\n')}\n]);`;
  const outfile = `${root}${OUT}worker.mjs`;
  // Read beside the script.
  copyFileSync(`${root}test/golden/hashes.json`, `${root}${OUT}hashes.json`);
  await build({
    absWorkingDir: root,
    stdin: { contents, resolveDir: `${root}test`, loader: 'ts' },
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    logLevel: 'warning',
    alias: { '#platform': `${root}src/base/platform/node.ts`, vitest: `${root}test/mutants/suite.ts` },
    plugins: [
      {
        name: 'backend',
        setup({ onResolve }) {
          onResolve({ filter: /\/wasm\.js$/ }, () => ({ path: `${root}test/mutants/backend.ts` }));
        },
      },
    ],
  });
  return outfile;
}
