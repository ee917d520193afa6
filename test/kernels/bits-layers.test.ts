/**
 * Fingerprints of the strict binary's layers, losses and optimizers, and the same from re-vectorised code
 * where this Node has it. A change that is meant changes a line here. See bits.test.ts.
 */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { platform } from '../../src/base/platform/node.js';
import type { Backend } from '../../src/engine/kernels.js';
import { createWasmBackend } from '../../src/engine/wasm.js';
import { Arena, filled, reals } from './harness.js';
import { input, output, runOn, vector, vectorInout, vectorOut, words } from './operands.js';
import { sampled } from './samples.js';

const backends: [string, Backend][] = [['plain', await createWasmBackend({ binary: 'simd' })]];
if (!platform.turboUnavailable) {
  backends.push(['turbo', await createWasmBackend({ binary: 'simd', turbo: true })]);
}

/** The sign and payload of a NaN are the machine's; everything else counts. */
function fingerprint(...all: ArrayLike<number>[]): string {
  const hash = createHash('sha256');
  for (const values of all) {
    const canonical = Float32Array.from(values, (v) => (Number.isNaN(v) ? Number.NaN : v));
    const bits = new Uint32Array(canonical.buffer);
    hash.update(bits.map((b) => ((b & 0x7fffffff) > 0x7f800000 ? 0x7fc00000 : b)));
  }
  return hash.digest('hex').slice(0, 16);
}

describe.each(backends)('the bits of the strict binary (%s)', (_, backend) => {
  const arena = new Arena(backend);
  const k = arena.kernels;
  const n = sampled.length;

  test.each([
    ['leaky_relu', '592e20f6c70d37d1'],
    ['gelu', 'dd9a90e0068fcb8a'],
    ['gelu_tanh', '10b0bd02896882c5'],
    ['silu', 'd6e60f21afe82fb2'],
    ['softplus', '2758c89d14abf19a'],
    ['elu', '300e2b2299a51fbf'],
  ] as const)('%s and its derivative', (name, expected) => {
    const operands = { y: vectorOut(n), dx: vectorOut(n), x: vector(sampled), dy: vector(filled(n, 0.7)) };
    const { y, dx } = runOn(arena, name, operands, (p) => {
      k[`${name}_forward`](p.y.pointer, p.x.pointer, n, 0.3);
      k[`${name}_backward`](p.dx.pointer, p.x.pointer, p.dy.pointer, n, 0.3);
    });
    expect(fingerprint(y, dx)).toBe(expected);
  });

  test('normalisation and dropout', () => {
    const [M, N] = [33, 29];
    const [x, dy, w, b] = [reals(M * N, 1, 3), reals(M * N, 2), reals(N, 3), reals(N, 4)];
    const got = runOn(
      arena,
      'norm',
      {
        ...{ bn: output(M, N), ln: output(M, N), drop: output(M, N), mask: output(M, N), dx: output(M, N) },
        ...{ dl: output(M, N), mean: vectorOut(N), rstd: vectorOut(N), rm: vectorOut(M), rr: vectorOut(M) },
        ...{ run: vectorInout(filled(2 * N, 1)), dw: vectorOut(N), db: vectorOut(N), dw2: vectorOut(N) },
        ...{ db2: vectorOut(N), x: input(x, M, N), dy: input(dy, M, N), w: vector(w), b: vector(b) },
      },
      (p) => {
        const at = Object.fromEntries(Object.entries(p).map(([name, place]) => [name, place.pointer]));
        k.batch_norm_statistics(at.mean, at.rstd, at.run, p.run.after(N), at.x, N, M, N, 0.1, 1e-5);
        k.batch_norm_forward(at.bn, N, at.mean, at.rstd, at.x, N, at.w, at.b, M, N);
        k.batch_norm_backward(
          ...([at.dx, N, at.dw, at.db, at.mean, at.rstd, at.x, N, at.dy, N, at.w, M, N, 1] as const),
        );
        k.layer_norm_forward(at.ln, N, at.rm, at.rr, at.x, N, at.w, at.b, M, N, 1e-5);
        k.layer_norm_backward(at.dl, N, at.rm, at.rr, at.x, N, at.dy, N, at.w, M, N);
        k.layer_norm_parameters(at.dw2, at.db2, at.rm, at.rr, at.x, N, at.dy, N, M, N);
        k.dropout_forward(at.drop, N, at.mask, N, at.x, N, M, N, 1, 2, 3, 4, 5, 6, 0.3);
      },
    );
    expect([
      fingerprint(got.bn, got.mean, got.rstd, got.run, got.dx, got.dw, got.db),
      fingerprint(got.ln, got.rm, got.rr, got.dl, got.dw2, got.db2),
      fingerprint(got.drop, got.mask),
    ]).toEqual(['d1dc4ef5f131d7f4', '63231ec3439c701d', 'a8b65c110f98a701']);
  });

  test('losses', () => {
    const [M, N] = [21, 19];
    const [x, t] = [reals(M * N, 1, 6), reals(M * N, 2).map(Math.abs)];
    const labels = Int32Array.from({ length: M }, (_, m) => (m * 5) % N);
    const operands = {
      ...{
        losses: vectorOut(M),
        dx: output(M, N),
        x: input(x, M, N),
        t: input(t, M, N),
        labels: words(labels),
      },
      ...{ weights: vector(reals(M, 3).map(Math.abs)), classes: vector(reals(N, 4).map(Math.abs)) },
    };
    const prints = (['squared', 'absolute', 'huber', 'binary', 'weighted'] as const).map((kind) => {
      const { losses, dx } = runOn(arena, kind, operands, (p) => {
        const out = [p.losses.pointer, p.dx.pointer, N, p.x.pointer, N] as const;
        const given = [p.t.pointer, N, p.weights.pointer, M, N] as const;
        if (kind === 'squared') k.squared_error(...out, ...given, 0.1);
        else if (kind === 'absolute') k.absolute_error(...out, ...given, 0.1);
        else if (kind === 'huber') k.huber_error(...out, ...given, 0.7, 0.1);
        else if (kind === 'binary') k.binary_cross_entropy(...out, ...given, 2.5, 0.1);
        else {
          const weights = [p.weights.pointer, p.classes.pointer, 0] as const;
          k.weighted_cross_entropy(...out, p.labels.pointer, ...weights, M, N, 0.1, 0.1);
        }
      });
      return fingerprint(losses, dx);
    });
    expect(prints).toEqual([
      '628d234c081322ef',
      '2cfb38d5d41a8894',
      '002cf4871d7bf780',
      '30ec6665fe5280c8',
      '21dae70eab442cfe',
    ]);
  });

  test('optimizers', () => {
    const size = 1001;
    const operands = () => ({
      ...{ w: vectorInout(reals(size, 1)), a: vectorInout(reals(size, 2).map((v) => v * v + 1)) },
      ...{ b: vectorInout(reals(size, 3).map((v) => v * v)), c: vectorInout(reals(size, 4)) },
      g: vector(reals(size, 5)),
    });
    const prints = (['momentum', 'adam', 'rmsprop', 'adagrad'] as const).map((kind) => {
      const { w, a, b, c } = runOn(arena, kind, operands(), (p) => {
        const [W, A, B, C, G] = [p.w, p.a, p.b, p.c, p.g].map((place) => place.pointer);
        if (kind === 'momentum') k.sgd_momentum_step(W, A, G, size, 0.1, 0.9, 0.7, 1, 0.01);
        else if (kind === 'adam') k.adam_step(W, C, A, G, size, 0.1, 0.9, 0.1, 0.99, 0.01, 2, 1e-8, 0.1, 0.9);
        else if (kind === 'rmsprop') k.rmsprop_step(W, A, C, B, G, size, 0.1, 0.9, 0.1, 1e-8, 0.1, 0.5);
        else k.adagrad_step(W, A, G, size, 0.1, 1e-10, 0.1);
      });
      return fingerprint(w, a, b, c);
    });
    expect(prints).toEqual(['754903fd512fff31', '230a158498aa7ea4', 'a3e57015733fe99c', '75850d6642ac9852']);
  });
});
