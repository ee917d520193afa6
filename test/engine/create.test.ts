/**
 * createEngine: what it picks and says, what it refuses, how it falls back; engines that end, and engines
 * side by side.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { EngineError, OptionError } from '../../src/base/errors.js';
import { platform } from '../../src/base/platform/node.js';
import { createEngine, type EngineOptions } from '../../src/create/engine.js';
import { createReferenceEngine } from '../../src/create/reference.js';
import type { Engine } from '../../src/engine/engine.js';
import { numericsVersion } from '../../src/engine/numerics.js';
import { matmul } from '../../src/ops/matmul.js';

afterEach(() => vi.restoreAllMocks());

/** A runtime that refuses some binaries. */
function accept(valid: (bytes: Uint8Array) => boolean) {
  return vi.spyOn(WebAssembly, 'validate').mockImplementation((bytes) => valid(bytes as Uint8Array));
}

const binary = (name: string) => readFileSync(new URL(`../../build/${name}.wasm`, import.meta.url));
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('what is picked', () => {
  test('strict is the simd binary, by its own hash', async () => {
    const { info } = await createEngine({ math: 'strict', threads: 1 });
    expect(info).toEqual({
      backend: 'wasm',
      math: 'strict',
      turbo: false,
      threads: 1,
      numerics: numericsVersion,
      binary: 'simd',
      wasmSha256: sha256(binary('simd')),
      runtime: `node ${process.versions.node}`,
      reason: 'strict was asked for; one thread asked for',
    });
  });

  test('fma is the fma binary', async () => {
    const { info } = await createEngine({ backend: 'wasm', math: 'fma', threads: 1 });
    const reason = 'fma was asked for; one thread asked for';
    expect(info).toMatchObject({ backend: 'wasm', math: 'fma', binary: 'fma', reason });
    expect(info.wasmSha256).toBe(sha256(binary('fma')));
  });

  test('auto takes fma where it is accepted, and strict elsewhere', async () => {
    const fma = [binary('fma').length, binary('fma-threads').length];
    // The binaries, and the few bytes with f32x4.relaxed_madd by which a runtime is asked.
    const isRelaxed = (bytes: Uint8Array) =>
      fma.includes(bytes.length) ||
      (bytes.length < 100 && Buffer.from(bytes).includes('\xfd\x85\x02', 'latin1'));
    accept(() => true).mockClear();
    // Relaxed SIMD has been enabled above; what validate says decides.
    const one = { threads: 1 };
    expect((await createEngine(one)).info).toMatchObject({
      math: 'fma',
      reason: 'relaxed SIMD is available; one thread asked for',
    });
    accept((bytes) => !isRelaxed(bytes));
    expect((await createEngine(one)).info).toMatchObject({
      backend: 'wasm',
      math: 'strict',
      binary: 'simd',
      reason: 'relaxed SIMD is not available; one thread asked for',
    });
    await expect(createEngine({ math: 'fma' })).rejects.toThrow(EngineError);
    await expect(createEngine({ math: 'fma' })).rejects.toThrow('does not accept relaxed SIMD');
  });

  test('the reference names no binary', async () => {
    const { info } = await createEngine({ backend: 'reference' });
    expect(info).toEqual({
      backend: 'reference',
      math: 'strict',
      turbo: false,
      threads: 1,
      numerics: numericsVersion,
      runtime: `node ${process.versions.node}`,
      reason: 'asked for',
    });
    await expect(createEngine({ backend: 'reference', math: 'fma' })).rejects.toThrow(EngineError);
    await expect(createEngine({ backend: 'reference', turbo: true })).rejects.toThrow(EngineError);
  });

  test.runIf(platform.turboUnavailable)('turbo says why it is not to be had', async () => {
    await expect(createEngine({ turbo: true })).rejects.toThrow(EngineError);
    await expect(createEngine({ turbo: true })).rejects.toThrow(platform.turboUnavailable);
  });

  test.skipIf(platform.turboUnavailable)('turbo is picked, and computes the same bits', async () => {
    const engine = await createEngine({ math: 'strict', turbo: true });
    expect(engine.info).toMatchObject({ math: 'strict', turbo: true });
    expect(engine.wide).toBe(1);
    expect(product(engine)).toEqual(product(await createEngine({ math: 'strict' })));
  });
});

describe('without SIMD', () => {
  test.each<EngineOptions | undefined>([undefined, {}, { backend: 'auto' }, { math: 'strict' }])(
    '%j falls back to the reference, and says why',
    async (options) => {
      accept(() => false);
      const { info } = await createEngine(options);
      expect(info.backend).toBe('reference');
      expect(info.reason).toMatch(/does not accept the simd binary/);
    },
  );

  test.each<EngineOptions>([
    { backend: 'wasm' },
    { backend: 'wasm', math: 'strict' },
    { math: 'fma' },
    { backend: 'wasm', math: 'fma' },
  ])('%j is an error', async (options) => {
    accept(() => false);
    await expect(createEngine(options)).rejects.toThrow(EngineError);
  });

  test('nor any WebAssembly, as where a browser is locked down', async () => {
    vi.stubGlobal('WebAssembly', undefined);
    try {
      expect((await createEngine()).info.backend).toBe('reference');
      await expect(createEngine({ backend: 'wasm' })).rejects.toThrow(EngineError);
    } finally {
      vi.unstubAllGlobals();
    }
  });

  test('the fallback computes', async () => {
    accept(() => false);
    const engine = await createEngine();
    expect(product(engine)).toEqual([19, 22, 43, 50]);
  });
});

describe('bad options', () => {
  test.each([
    [
      { bakend: 'wasm' },
      'createEngine: unknown option "bakend"; expected one of backend, math, threads, turbo, wasm, tiles; did you mean "backend"?',
    ],
    [
      { Math: 'fma' },
      'unknown option "Math"; expected one of backend, math, threads, turbo, wasm, tiles; did you mean "math"?',
    ],
    [{ gpu: true }, 'unknown option "gpu"; expected one of backend, math, threads, turbo, wasm, tiles'],
    [{ backend: 'webgl' }, 'option backend: expected one of "auto", "wasm", "reference", given "webgl"'],
    [{ math: 'fast' }, 'option math: expected one of "auto", "strict", "fma", given "fast"'],
    [{ math: null }, 'given null'],
    [{ turbo: 1 }, 'option turbo: expected true or false, given 1'],
    ['wasm', 'expected an options object, given "wasm"'],
    [null, 'expected an options object, given null'],
    [[], 'expected an options object, given []'],
  ])('%j', async (options, message) => {
    const created = createEngine(options as EngineOptions);
    await expect(created).rejects.toThrow(OptionError);
    await expect(created).rejects.toThrow(message);
  });

  test('createReferenceEngine', () => {
    expect(() => createReferenceEngine({ precision: 'float16' as 'float32' })).toThrow(OptionError);
    expect(() => createReferenceEngine({ precission: 'float64' } as object)).toThrow(
      'did you mean "precision"?',
    );
  });
});

/** [1 2; 3 4] · [5 6; 7 8], and a word that depends on rounding behind it. */
function product(engine: Engine): number[] {
  const arena = engine.arena();
  const [a, b, c] = [1, 2, 3].map(() => arena.tensor('float', [2, 2]));
  a.write([1, 2, 3, 4]);
  b.write([5, 6, 7, 8]);
  matmul({ c, a, b })();
  return [...c.read()];
}

describe.each<[string, () => Promise<Engine>]>([
  ['wasm', () => createEngine({ backend: 'wasm', math: 'strict', threads: 2 })],
  ['reference', () => createEngine({ backend: 'reference' })],
])('life of an engine (%s)', (_, create) => {
  test('ends once, and everything of it throws afterwards', async () => {
    const engine = await create();
    const arena = engine.arena();
    const tensor = arena.tensor('float', [2]);
    expect(engine.disposed).toBe(false);
    engine.dispose();
    engine.dispose();
    expect(engine.disposed).toBe(true);
    expect(arena.disposed).toBe(true);
    for (const use of [
      () => engine.kernels,
      () => engine.backend,
      () => engine.memoryBytes,
      () => arena.tensor('float', [2]),
      () => engine.arena().tensor('float', [2]),
      () => tensor.read(),
      () => tensor.write([1, 2]),
    ]) {
      expect(use).toThrow(EngineError);
      expect(use).toThrow(/disposed of/);
    }
    // Freeing after the end, and what was picked, stay harmless.
    expect(() => arena.dispose()).not.toThrow();
    expect(engine.info.threads).toBeGreaterThan(0);
  });

  test('two engines know nothing of each other', async () => {
    const [one, two] = await Promise.all([create(), create()]);
    const [x, y] = [one, two].map((engine) => engine.arena().tensor('float', [1000]));
    expect(x.pointer).toBe(y.pointer);
    x.fill(1);
    y.fill(2);
    expect([x.at(999), y.at(999)]).toEqual([1, 2]);
    const held = two.memoryBytes;
    one.arena().tensor('u8', [10 * held]);
    expect(one.memoryBytes).toBeGreaterThan(10 * held);
    expect(two.memoryBytes).toBe(held);
    one.dispose();
    expect(y.read().every((v) => v === 2)).toBe(true);
    expect(product(two)).toEqual([19, 22, 43, 50]);
  });
});
