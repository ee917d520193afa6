/**
 * The hashes that are kept in hashes.json: by kernel and shape, of strict arithmetic, and behind it of fma
 * where its bits are others. Beside them a digest of the table for each version of the contract: hashes that
 * change want another version.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Computer, type GoldenCase, goldenCases, hashOf, keyOf } from './cases.js';

export type Arithmetic = 'simd' | 'fma';

type Hashes = Readonly<Record<string, Readonly<Record<string, string>>>>;

export interface Table {
  readonly version: number;
  /** SHA-256 of the hashes, by version: of today's, and of those before as they ended. */
  readonly digests: Readonly<Record<string, string>>;
  readonly hashes: Hashes;
}

export const tableUrl = new URL('hashes.json', import.meta.url);

export const table = JSON.parse(readFileSync(tableUrl, 'utf8')) as Table;

export const ADVICE =
  'a change of bits is a change of the contract: raise the version (src/engine/numerics.ts), write a line in ' +
  'CHANGELOG.md, and then `npm run golden`';

export function digestOf(hashes: Hashes): string {
  return createHash('sha256').update(JSON.stringify(hashes)).digest('hex');
}

/**
 * The cases, by their keys, whose hashes here are not those of the table. `arithmetic` is whose hashes these
 * are to be.
 */
export function differences(
  computer: Computer,
  arithmetic: Arithmetic,
  cases: readonly GoldenCase[] = goldenCases,
): string[] {
  const different = cases.filter((given) => {
    const [strict, fma = strict] = table.hashes[given.kernel]?.[given.shape]?.split(' ') ?? [];
    return hashOf(computer, given) !== (arithmetic === 'simd' ? strict : fma);
  });
  return [...new Set(different.map(keyOf))];
}

/** Whether multiply-adds round once here: of (1 + 2⁻¹²)² - (1 + 2⁻¹¹) then 2⁻²⁴ is left, else nothing. */
export function fuses(computer: Computer): boolean {
  const { kernels, reservedBytes: work } = computer;
  const at = Math.ceil((work + kernels.workspace_size()) / 64) * 64;
  computer.reserve(at + 64);
  const memory = new Float32Array(computer.buffer, at, 3);
  memory.set([1 + 2 ** -12, -(1 + 2 ** -11), 0]);
  const [factor, bias, result] = [at, at + 4, at + 8];
  const product = [factor, 1, 0, factor, 1, 0, bias, 1, 1, 1, 1, 0, 0, 0] as const;
  kernels.gemm_nn(result, 1, 0, work, ...product);
  return new Float32Array(computer.buffer, result, 1)[0] === 2 ** -24;
}

/** The hashes of these cases; throws where cases of one key do not agree. */
export function computeHashes(strict: Computer, fma: Computer): Hashes {
  const hashes: Record<string, Record<string, string>> = {};
  for (const given of goldenCases) {
    const [a, b] = [hashOf(strict, given), hashOf(fma, given)];
    const text = a === b ? a : `${a} ${b}`;
    hashes[given.kernel] ??= {};
    const known = hashes[given.kernel][given.shape];
    if (known !== undefined && known !== text) throw new Error(`${keyOf(given)}: two cases, two results`);
    hashes[given.kernel][given.shape] = text;
  }
  return hashes;
}

/** The table with these hashes. Throws where one of them has changed and the version has not. */
export function renewed(old: Table, hashes: Hashes, version: number): Table {
  const changed = Object.entries(hashes).flatMap(([kernel, shapes]) =>
    Object.entries(shapes).flatMap(([shape, hash]) => {
      const before = old.hashes[kernel]?.[shape];
      return before === undefined || before === hash ? [] : [`${kernel}, ${shape}`];
    }),
  );
  if (changed.length > 0 && version <= old.version) {
    throw new Error(`${ADVICE}\n${changed.length} have changed:\n${changed.join('\n')}`);
  }
  return { version, digests: { ...old.digests, [version]: digestOf(hashes) }, hashes };
}
