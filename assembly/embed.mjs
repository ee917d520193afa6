/**
 * build/embedded.js: the binaries for one thread, one after the other, compressed as one, in base64, for
 * `lanegrad/inline`. As a server sends it (gzip -9) that is 40.4 kB for simd and fma, against 41.0 kB
 * compressed one by one and 58.7 kB as plain base64.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const names = ['simd', 'fma'];

/** Its types, which TypeScript needs before there are binaries. */
export function declareEmbedded(build) {
  mkdirSync(build, { recursive: true });
  writeFileSync(
    `${build}embedded.d.ts`,
    `/** Bytes of each binary, in the order in which they follow each other. */
export declare const lengths: { readonly [name in ${names.map((name) => `'${name}'`).join(' | ')}]: number };
/** The binaries, gzip, base64. */
export declare const text: string;
`,
  );
}

/** Writes the file; says what it read and wrote. */
export function embed(build) {
  const binaries = names.map((name) => readFileSync(`${build}${name}.wasm`));
  const lengths = Object.fromEntries(names.map((name, i) => [name, binaries[i].length]));
  const text = gzipSync(Buffer.concat(binaries), { level: 9 }).toString('base64');
  writeFileSync(
    `${build}embedded.js`,
    `export const lengths = ${JSON.stringify(lengths)};\nexport const text =\n  '${text}';\n`,
  );
  declareEmbedded(build);
  const own = (name) => `build/${name}`;
  return {
    inputs: ['assembly/embed.mjs', ...names.map((name) => own(`${name}.wasm`))],
    outputs: [own('embedded.js'), own('embedded.d.ts')],
  };
}
