/**
 * Builds everything that the package holds, or the steps that are named: `node assembly/build.mjs simd fma
 * limit`.
 *
 *   signatures                             what is written from the kernels' signatures: see signatures.mjs
 *   simd, fma, simd-threads, fma-threads   build/NAME.wasm
 *   limit, limit-fma                       build/bench/NAME.wasm, only when named
 *   embed                                  build/embedded.js: the binaries of one thread as text
 *   report                                 build/report.js, build/assignment.js: scripts, formulas and code that reports show
 *   typescript                             dist/
 *   script                                 dist/script/: bundles for pages without a bundler
 *
 * Steps that need not wait for each other run side by side, one a core. asc takes most of the time, and half
 * as long once V8 has optimized it, so a thread that has compiled one binary compiles the next. A step is
 * left out when its inputs, its options and its tools are those of the last time, and its outputs are still
 * what it wrote: build/stamps.json keeps their hashes.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { declareEmbedded, embed } from './embed.mjs';
import { declareReport, writeReport } from './report.mjs';
import { writeSignatures } from './signatures.mjs';

const root = fileURLToPath(new URL('../', import.meta.url));
const STAMPS = 'build/stamps.json';
const THIRD_PARTY = 'dist/script/THIRD-PARTY.txt';
const { targets } = JSON.parse(readFileSync(`${root}asconfig.json`, 'utf8'));
// Those with threads take longest, and so come first.
const library = Object.keys(targets)
  .filter((name) => !name.startsWith('limit'))
  .sort((a, b) => Number(b.endsWith('-threads')) - Number(a.endsWith('-threads')));

/** What a step needs before it, what it reads beside what `run` says it read, and how it is done. */
const steps = {
  signatures: { run: () => writeSignatures(root), tools: ['esbuild'] },
  ...Object.fromEntries(
    Object.keys(targets).map((name) => [
      name,
      { after: ['signatures'], run: () => assemblyScript(name), tools: ['assemblyscript'] },
    ]),
  ),
  embed: { after: ['simd', 'fma'], run: () => embed(`${root}build/`), tools: [] },
  report: { run: () => writeReport(root), tools: ['esbuild', 'temml'] },
  typescript: { after: ['signatures'], run: typeScript, tools: ['typescript-native', '@types/node'] },
  script: { after: ['embed', 'typescript'], run: bundle, tools: ['esbuild'] },
};

const named = process.argv.slice(2);
const wanted = named.length > 0 ? named : [...library, 'embed', 'report', 'typescript', 'script'];
for (const name of wanted) {
  if (!Object.hasOwn(steps, name))
    fail(`there is no step ${name}; the steps are ${Object.keys(steps).join(', ')}`);
}
const stamps = readStamps();
const compilers = [];
const queue = [];
let running = 0;
const done = new Map();
try {
  await Promise.all(wanted.map(step));
} catch (error) {
  fail(error.message);
} finally {
  for (const { worker } of compilers) worker.terminate();
}

/** The step's end; begun once, when all that it needs has ended and a core is free. */
function step(name) {
  if (!done.has(name)) done.set(name, runStep(name, steps[name]));
  return done.get(name);
}

async function runStep(name, { after = [], run, tools }) {
  await Promise.all(after.map(step));
  const settings = hash([...tools.map(version), readFileSync(fileURLToPath(import.meta.url))]);
  const last = stamps[name];
  if (last?.settings === settings && unchanged(last.inputs) && unchanged(last.outputs)) return;
  await turn();
  const began = performance.now();
  try {
    const { inputs, outputs } = await run();
    stamps[name] = { settings, inputs: hashes(inputs), outputs: hashes(outputs) };
    write(STAMPS, JSON.stringify(stamps, null, 1));
    console.log(`${name}: ${((performance.now() - began) / 1000).toFixed(1)} s`);
  } finally {
    running--;
    queue.shift()?.();
  }
}

/** Resolves when fewer steps run than there are cores. */
async function turn() {
  while (running >= Math.max(1, availableParallelism())) await new Promise((resolve) => queue.push(resolve));
  running++;
}

/** One binary, by a thread that is free. */
async function assemblyScript(target) {
  let compiler = compilers.find(({ busy }) => !busy);
  if (!compiler) {
    compiler = { worker: new Worker(new URL('compile.mjs', import.meta.url)), busy: false };
    compilers.push(compiler);
  }
  compiler.busy = true;
  const entry = `build/assembly/${target.endsWith('-threads') ? 'threads' : 'index'}.ts`;
  const source = target.startsWith('limit') ? 'bench/assembly/limit.ts' : entry;
  const { read, written, problem } = await new Promise((resolve, reject) => {
    compiler.worker.once('message', resolve).once('error', reject);
    compiler.worker.postMessage({ root, source, target });
  });
  compiler.worker.removeAllListeners('error');
  compiler.busy = false;
  if (problem) throw new Error(`${target}: ${problem}`);
  for (const [path, content] of written) write(path, content);
  return { inputs: ['assembly/compile.mjs', ...read], outputs: written.map(([path]) => path) };
}

/** dist/ from src/. What tsc wrote for a source that is gone goes too. */
async function typeScript() {
  declareEmbedded(`${root}build/`);
  declareReport(`${root}build/`);
  const info = 'build/typescript.tsbuildinfo';
  // Outputs that somebody else changed would not be written again.
  if (!stamps.typescript || !unchanged(stamps.typescript.outputs)) rmSync(`${root}${info}`, { force: true });
  await command('typescript-native/bin/tsc', ['--incremental', '--tsBuildInfoFile', info]);
  const sources = files('src').filter((path) => !path.startsWith('src/report/client/'));
  const stems = new Set(sources.map((path) => path.replace(/^src\/(.*)\.[jt]s$/, '$1')));
  const outputs = files('dist').filter((path) => !path.startsWith('dist/script/'));
  const stale = outputs.filter((path) => !stems.has(path.replace(/^dist\/(.*?)(\.d\.ts|\.js)$/, '$1')));
  for (const path of stale) rmSync(`${root}${path}`);
  const inputs = [
    'tsconfig.json',
    'package.json',
    'build/embedded.d.ts',
    'build/assignment.d.ts',
    'build/report.d.ts',
    ...sources,
  ];
  return { inputs, outputs: outputs.filter((path) => !stale.includes(path)) };
}

/** The module for script tags and the worker beside it. */
async function bundle() {
  const { build } = await import('esbuild');
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [
      { in: 'dist/inline.js', out: 'lanegrad' },
      { in: 'dist/trainer/inline-worker.js', out: 'trainer/inline-worker' },
    ],
    outdir: 'dist/script',
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    logLevel: 'warning',
    metafile: true,
  });
  write(THIRD_PARTY, thirdParty(metafile));
  return { inputs: Object.keys(metafile.inputs), outputs: [...Object.keys(metafile.outputs), THIRD_PARTY] };
}

/** The licences of other people's code that is within bundles. Throws where a package comes without one. */
function thirdParty({ outputs }) {
  const inputs = Object.values(outputs).flatMap((output) => Object.entries(output.inputs));
  const folders = inputs.flatMap(([path, { bytesInOutput }]) => {
    const folder = /^.*node_modules\/(?:@[^/]+\/)?[^/]+\//.exec(path)?.[0];
    return folder && bytesInOutput > 0 ? [folder] : [];
  });
  const texts = [...new Set(folders)].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    const file = readdirSync(join(root, folder)).find((entry) => /^licen[cs]e(\.|$)/i.test(entry));
    if (!file) throw new Error(`${name} is bundled, and has no file of its licence`);
    return `${name} ${version}, ${license}\n\n${readFileSync(join(root, folder, file), 'utf8').trim()}\n`;
  });
  return `Code of other people in the scripts of this folder, and their licences.\n\n${texts.join(`\n${'-'.repeat(72)}\n\n`)}`;
}

/** Runs a package's script; what it prints is shown. */
function command(script, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [`${root}node_modules/${script}`, ...args], {
      cwd: root,
      stdio: 'inherit',
    });
    child.once('error', reject);
    child.once('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`${script} ended with ${code}`)),
    );
  });
}

/** The hash of each file, by its path from the root. A file that is missing has none. */
function hashes(paths) {
  return Object.fromEntries(paths.map((path) => [path, hashFile(path)]));
}

function unchanged(last) {
  return Object.entries(last).every(([path, before]) => hashFile(path) === before);
}

/** Of a folder, its names: a file that is new counts too. */
function hashFile(path) {
  try {
    const own = `${root}${path}`;
    return hash(statSync(own).isDirectory() ? readdirSync(own).sort() : [readFileSync(own)]);
  } catch {
    return '';
  }
}

function hash(parts) {
  const sum = createHash('sha256');
  for (const part of parts) sum.update(part).update('\0');
  return sum.digest('base64url');
}

function version(name) {
  return `${name} ${JSON.parse(readFileSync(`${root}node_modules/${name}/package.json`, 'utf8')).version}`;
}

/** All files below a folder, in a fixed order. */
function files(folder) {
  const entries = readdirSync(`${root}${folder}`, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length).replaceAll('\\', '/'))
    .sort();
}

/** In one step, so that whoever runs beside this build sees the old file or the new one. */
function write(path, content) {
  const full = `${root}${path}`;
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(`${full}.${process.pid}`, content);
  renameSync(`${full}.${process.pid}`, full);
}

function readStamps() {
  try {
    return JSON.parse(readFileSync(`${root}${STAMPS}`, 'utf8'));
  } catch {
    return {};
  }
}

function fail(message) {
  console.error(`build: ${message}`);
  process.exit(1);
}
