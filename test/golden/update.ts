/**
 * Writes hashes.json anew, after cases were added or bits were changed on purpose: `npm run golden`. It
 * refuses where a hash has changed and the version of the contract has not.
 */
import { writeFileSync } from 'node:fs';
import { platform } from '../../src/base/platform/node.js';
import { numericsVersion } from '../../src/engine/numerics.js';
import { createWasmBackend } from '../../src/engine/wasm.js';
import { computeHashes, fuses, renewed, table, tableUrl } from './table.js';

platform.enableRelaxedSimd();
const [strict, fma] = [
  await createWasmBackend({ binary: 'simd' }),
  await createWasmBackend({ binary: 'fma' }),
];
if (!fuses(fma)) throw new Error('multiply-adds round twice here: the hashes of fma are none');
const next = renewed(table, computeHashes(strict, fma), numericsVersion);
writeFileSync(tableUrl, `${JSON.stringify(next, null, 2)}\n`);
const count = Object.values(next.hashes).reduce((total, shapes) => total + Object.keys(shapes).length, 0);
console.log(`${count} hashes of version ${next.version}`);
