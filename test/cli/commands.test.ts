/** Every command as a user runs it, on a small set of images. */
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeModel } from '../../src/formats/model.js';
import { remember } from '../../src/nn/model.js';
import { loadModel } from '../../src/node.js';
import { lanegrad, lastObject, measured, type Outcome, start } from './command.js';
import { writeToy } from './toy.js';

const TRAIN = ['train', 'toy', '--hidden', '16', '--epochs', '4', '--batch-size', '16', '--seed', '3'];

let root: string;
let trained: Outcome;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lanegrad-cli-'));
  await writeToy(join(root, 'toy'));
  trained = await lanegrad(root, [...TRAIN, '--out', 'run', '--json']);
});
afterAll(() => rm(root, { recursive: true }));

describe('train', () => {
  it('ends with one object, alone on standard output', () => {
    expect(trained).toMatchObject({ code: 0 });
    expect(trained.stdout.trimEnd().split('\n')).toHaveLength(1);
    const score = { loss: expect.any(Number), accuracy: expect.any(Number) };
    expect(lastObject(trained)).toMatchObject({
      dataset: 'toy',
      layers: [64, 16, 4],
      parameters: 64 * 16 + 16 + 16 * 4 + 4,
      epochs: 4,
      batchSize: 16,
      seed: 3,
      engine: {
        math: 'strict',
        turbo: false,
        threads: expect.any(Number),
        numerics: expect.any(Number),
        wasmSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        runtime: `node ${process.versions.node}`,
      },
      train: { ...score, samplesPerSecond: expect.any(Number), secondsPerEpoch: expect.any(Number) },
      validation: score,
      test: { loss: expect.any(Number), accuracy: 1 },
      weightsSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      runDir: 'run',
      interrupted: false,
    });
    expect(trained.stderr).toMatch(/epoch 4\/4 .*validation loss/);
  });

  it('fills the run folder', async () => {
    const folder = join(root, 'run');
    expect((await readdir(folder)).sort()).toEqual([
      'config.json',
      'metrics.jsonl',
      'model.safetensors',
      'report.html',
    ]);
    const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'));
    expect(config).toMatchObject({
      dataset: { source: 'toy', train: 220, validation: 20, test: 60 },
      layers: [
        { kind: 'dense', units: 16, activation: 'sigmoid', initializer: 'glorotUniform' },
        { kind: 'dense', units: 4, activation: 'identity' },
      ],
      optimizer: { kind: 'sgd', learningRate: expect.any(Number) },
      epochs: 4,
      shuffle: true,
    });
    const metrics = (await readFile(join(folder, 'metrics.jsonl'), 'utf8')).trimEnd().split('\n');
    expect(metrics.map((line) => JSON.parse(line).epoch)).toEqual([1, 2, 3, 4]);
    const report = await readFile(join(folder, 'report.html'), 'utf8');
    expect(report).toMatch(/^<!doctype html>/i);
    expect(report).toContain(lastObject(trained).weightsSha256);
  });

  it('gives the same weights for the same seed, and others for another', async () => {
    const again = await lanegrad(root, [...TRAIN, '--json']);
    const other = await lanegrad(root, [...TRAIN, '--json', '--seed', '4']);
    expect(lastObject(again).weightsSha256).toBe(lastObject(trained).weightsSha256);
    expect(lastObject(other).weightsSha256).not.toBe(lastObject(trained).weightsSha256);
    expect(lastObject(again).runDir).toMatch(/^runs[\\/]\d{8}-\d{6}-toy-64-16-4(-2)?$/);
    expect(lastObject(again).runDir).not.toBe(lastObject(other).runDir);
  });

  it('makes two folders for two runs at once', async () => {
    const both = await Promise.all(
      [1, 2].map(() => start(root, [...TRAIN, '--epochs', '1', '--json']).outcome),
    );
    const [a, b] = both.map((outcome) => lastObject(outcome).runDir);
    expect(a).not.toBe(b);
  });

  it('prints for people: a line an epoch, the result, no escape codes', async () => {
    const { code, stdout, stderr } = await lanegrad(root, [...TRAIN, '--out', 'people']);
    expect(code).toBe(0);
    expect(stderr).toBe('');
    expect(stdout.match(/^epoch \d\/4 /gm)).toHaveLength(4);
    expect(stdout).toMatch(/^test +loss 0\.\d{4}, accuracy 100\.00 %$/m);
    expect(stdout).toContain(join('people', 'report.html'));
    expect(stdout).not.toContain('\x1b');
  });

  it('takes every option', async () => {
    const options = [
      '--hidden',
      '8,6',
      '--activation',
      'relu',
      '--learning-rate',
      '1e-1',
      '--full',
      '--no-shuffle',
    ];
    const rest = [
      '--initializer',
      'heUniform',
      '--backend',
      'reference',
      '--math',
      'strict',
      '--quiet',
      '--json',
    ];
    const outcome = await lanegrad(root, [...TRAIN, ...options, ...rest]);
    expect(lastObject(outcome)).toMatchObject({
      layers: [64, 8, 6, 4],
      engine: { backend: 'reference' },
      validation: null,
      activation: 'relu',
      learningRate: 0.1,
    });
    expect(outcome.stderr).not.toMatch(/^epoch/m);
    expect(lastObject(await lanegrad(root, [...TRAIN, '--hidden', 'none', '--json']))).toMatchObject({
      layers: [64, 4],
    });
  });
});

describe('evaluate', () => {
  it('finds what training found, from the folder or the file', async () => {
    const ofFolder = await lanegrad(root, ['evaluate', 'run', 'toy', '--json']);
    const ofFile = await lanegrad(root, ['evaluate', join('run', 'model.safetensors'), './toy', '--json']);
    const { test, weightsSha256 } = lastObject(trained);
    expect(lastObject(ofFolder)).toMatchObject({
      ...(test as object),
      weightsSha256,
      split: 'test',
      samples: 60,
    });
    expect(lastObject(ofFolder).classes).toHaveLength(4);
    expect({ ...measured(ofFile), dataset: 'toy' }).toEqual(measured(ofFolder));
  });

  it('measures any split', async () => {
    for (const [split, samples] of Object.entries({ train: 220, validation: 20, full: 240 })) {
      const { code, stdout } = await lanegrad(root, ['evaluate', 'run', 'toy', '--split', split]);
      expect(code).toBe(0);
      expect(stdout).toContain(`${split}: ${samples} samples`);
      expect(stdout).toMatch(/^3 +\d+ +\d+ +\d+\.\d\d % +\d+\.\d\d %$/m);
    }
  });
});

describe('predict', () => {
  it('names class, probability and label', async () => {
    const outcome = await lanegrad(root, ['predict', 'run', 'toy', '--json']);
    const predictions = lastObject(outcome).predictions as Record<string, unknown>[];
    expect(predictions).toHaveLength(10);
    expect(predictions[6]).toMatchObject({ index: 6, class: 2, name: '2', label: 2 });
    expect(predictions[6].probabilities).toHaveLength(4);
    const one = await lanegrad(root, ['predict', 'run', 'toy', '--index', '7']);
    expect(one.stdout).toMatch(/^ +7 +3 +\d+\.\d\d % +3$/m);
  });

  it('reads a file of images, also compressed, and gives the same answers', async () => {
    const file = join(root, 'toy', 't10k-images-idx3-ubyte');
    const packed = join(root, 'packed');
    await writeFile(packed, gzipSync(await readFile(file)));
    const range = ['--range', '20:23', '--json'];
    const ofSet = lastObject(await lanegrad(root, ['predict', 'run', 'toy', ...range]));
    for (const path of [file, packed]) {
      const { predictions } = lastObject(await lanegrad(root, ['predict', 'run', path, ...range]));
      expect(predictions).toEqual((ofSet.predictions as object[]).map((one) => ({ ...one, label: null })));
    }
  });

  it('a model whose file does not say its loss', async () => {
    const { model, metadata } = await loadModel(join(root, 'run', 'model.safetensors'));
    expect(model.loss?.kind).toBe('softmaxCrossEntropy');
    remember(model, {});
    const bytes = writeModel(model, metadata);
    await writeFile(join(root, 'alone.safetensors'), bytes);
    await mkdir(join(root, 'old'));
    await writeFile(join(root, 'old', 'model.safetensors'), bytes);
    await copyFile(join(root, 'run', 'config.json'), join(root, 'old', 'config.json'));
    const { predictions } = lastObject(await lanegrad(root, ['predict', 'run', 'toy', '--json']));
    const said = ['--loss', 'softmaxCrossEntropy'];
    for (const args of [['old'], [join('old', 'model.safetensors')], ['alone.safetensors', ...said]]) {
      const [path, ...more] = args;
      const outcome = await lanegrad(root, ['predict', path, 'toy', ...more, '--json']);
      expect(lastObject(outcome).predictions, path).toEqual(predictions);
    }
    const refused = await lanegrad(root, ['predict', 'alone.safetensors', 'toy']);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toMatch(/^error: --loss: alone\.safetensors does not say what its outputs are/);
    // The labels of classes say enough.
    const { loss } = lastObject(await lanegrad(root, ['evaluate', 'run', 'toy', '--json']));
    expect(lastObject(await lanegrad(root, ['evaluate', 'alone.safetensors', 'toy', '--json'])).loss).toBe(
      loss,
    );
    const wrong = await lanegrad(root, ['evaluate', 'run', 'toy', '--loss', 'huber']);
    expect(wrong.stderr).toMatch(/^error: --loss: .*"softmaxCrossEntropy" .* given "huber"/);
    expect(wrong.code).toBe(2);
  });

  it('draws the image', async () => {
    const { stdout } = await lanegrad(root, ['predict', 'run', 'toy', '--index', '0', '--show']);
    expect(stdout).toMatch(/^████$/m);
    expect(stdout).not.toContain('\x1b');
  });
});

describe('info', () => {
  it('tells the engine', async () => {
    const plain = await lanegrad(root, ['info']);
    expect(plain.stdout).toMatch(/^backend +wasm/m);
    const { engine, cores } = lastObject(await lanegrad(root, ['info', '--json']));
    expect(engine).toMatchObject({ backend: 'wasm', math: 'strict', reason: expect.any(String) });
    expect(cores).toBeGreaterThan(0);
  });
});

describe('inspect', () => {
  it('tells what a model holds', async () => {
    const { model } = lastObject(
      await lanegrad(root, ['inspect', join('run', 'model.safetensors'), '--json']),
    );
    expect(model).toMatchObject({
      sizes: [64, 16, 4],
      seed: 3,
      layers: [{ kind: 'dense', parameters: 1040 }, { parameters: 68 }],
      metadata: { input: { imageShape: [8, 8] } },
      weightsSha256: lastObject(trained).weightsSha256,
    });
  });
});

describe('help', () => {
  it.each(['train', 'evaluate', 'predict', 'export', 'import', 'inspect', 'gradcheck', 'info'])(
    'of %s has examples',
    async (command) => {
      const { code, stdout } = await lanegrad(root, [command, '--help']);
      expect(code).toBe(0);
      expect(stdout).toMatch(/Examples:\n {2}lanegrad /);
    },
  );

  it('and version go to standard output', async () => {
    expect(await lanegrad(root, ['--help'])).toMatchObject({ code: 0, stderr: '' });
    expect((await lanegrad(root, ['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
