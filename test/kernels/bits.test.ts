/**
 * Fingerprints of the strict binary's results, or a loop with the same roundings. Its bits are a promise over
 * Node versions and machines, and error bounds are too wide to notice a small change in a leading
 * coefficient. A change that is meant changes a line here.
 */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { LONGEST_CHAIN } from '../../src/engine/kernels.js';
import { tilings } from '../../src/engine/tiles.js';
import { createWasmBackend } from '../../src/engine/wasm.js';
import { Arena, type Floats, filled, integers, reals } from './harness.js';
import { sampled } from './samples.js';

/** The sign and payload of a NaN are the machine's; everything else counts. */
function fingerprint(values: Floats): string {
  const canonical = Float32Array.from(values, (v) => (Number.isNaN(v) ? Number.NaN : v));
  const bits = new Uint32Array(canonical.buffer).map((b) => ((b & 0x7fffffff) > 0x7f800000 ? 0x7fc00000 : b));
  return createHash('sha256').update(bits).digest('hex').slice(0, 16);
}

const arena = new Arena(await createWasmBackend({ binary: 'simd' }));

describe('the bits of the strict binary', () => {
  test.each([
    ['exp', '7d2ec214edbaae30'],
    ['log', 'cddfa96696b91ea9'],
    ['sigmoid_forward', '924b17375cbff153'],
    ['tanh_forward', 'dd099eedda3f4df8'],
  ] as const)('%s', (name, expected) => {
    arena.begin();
    const x = arena.input('x', sampled);
    const y = arena.output('y', filled(sampled.length, 0));
    arena.kernels[name](y.pointer, x.pointer, sampled.length);
    expect(fingerprint(y.read())).toBe(expected);
  });

  test('softmax_cross_entropy', () => {
    const [M, N] = [64, 37];
    arena.begin();
    const x = arena.input('x', reals(M * N, 1, 8));
    const labels = arena.inputInts(
      'labels',
      Int32Array.from(integers(M, 2), (v) => v + 8),
    );
    const losses = arena.output('losses', filled(M, 0));
    const dx = arena.output('dx', filled(M * N, 0));
    arena.kernels.softmax_cross_entropy(
      losses.pointer,
      dx.pointer,
      N,
      x.pointer,
      N,
      labels.pointer,
      M,
      N,
      1 / 64,
    );
    expect([fingerprint(losses.read()), fingerprint(dx.read())]).toEqual([
      'c147d4f8ab39b047',
      '4ff46f18261a64d9',
    ]);
  });

  test.each([
    [37, 53, 700],
    [41, 93, 333],
    [7, 19, LONGEST_CHAIN],
  ])('gemm_nn of %ix%i multiplies, rounds and adds in ascending k up to %i, with any tiles', (M, N, K) => {
    const [x, w] = [reals(M * K, 1), reals(K * N, 2)];
    const expected = new Float32Array(M * N);
    for (let m = 0; m < M; m++) {
      for (let n = 0; n < N; n++) {
        let sum = 0;
        for (let k = 0; k < K; k++) sum = Math.fround(sum + Math.fround(x[m * K + k] * w[k * N + n]));
        expected[m * N + n] = sum;
      }
    }
    for (const [tiles, tiling] of Object.entries(tilings)) {
      arena.begin();
      const a = arena.input('a', x);
      const b = arena.input('b', w);
      const c = arena.output('c', filled(M * N, 0));
      const { pointer } = c;
      arena.kernels.gemm_nn(
        pointer,
        N,
        0,
        arena.work,
        a.pointer,
        K,
        0,
        b.pointer,
        N,
        0,
        0,
        1,
        M,
        N,
        K,
        0,
        0,
        tiling,
      );
      expect(fingerprint(c.read()), tiles).toBe(fingerprint(expected));
    }
  });
});
