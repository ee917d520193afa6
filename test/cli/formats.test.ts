/** export, import, inspect and gradcheck as a user runs them, with good input and bad. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeModel } from '../../src/formats/model.js';
import { writeNpy } from '../../src/formats/npy.js';
import { writePytorch } from '../../src/formats/pytorch.js';
import { writeSafetensors } from '../../src/formats/safetensors.js';
import { writeZip } from '../../src/formats/zip.js';
import { dense } from '../../src/nn/dense.js';
import { sequential } from '../../src/nn/sequential.js';
import { loadModel } from '../../src/node.js';
import { runModel, runOnnx, softmaxRows, worstDifference } from '../formats/onnx/runtime.js';
import { node, onnxFile } from '../formats/onnx/schema.js';
import { lanegrad, lastObject } from './command.js';
import { writeToy } from './toy.js';

let root: string;
const at = (...parts: string[]) => join(root, ...parts);

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lanegrad-formats-'));
  await writeToy(at('toy'));
  const args = [
    'train',
    'toy',
    '--hidden',
    '6',
    '--epochs',
    '3',
    '--seed',
    '3',
    '--tensorboard',
    '--out',
    'run',
  ];
  expect(await lanegrad(root, args)).toMatchObject({ code: 0 });
  const model = sequential(3, [dense(2, { activation: 'relu' }), dense(2)], { seed: 1 });
  await writeFile(at('other.safetensors'), writeModel(model));
  await writeFile(at('state.safetensors'), writePytorch(model, { prefix: 'net.' }));
  await writeFile(at('cut.onnx'), Buffer.from([0x08, 9, 0x3a, 200, 1]));
  await writeFile(at('empty'), '');
  await writeFile(at('table.csv'), 'height,kind,when\n1.5,a,2024-01-01\n2.5,b,2024-01-02\n,a,2024-02-01\n');
  await writeFile(
    at('array.npy'),
    writeNpy({ dtype: 'float32', shape: [4], data: Float32Array.of(0, 1, Number.NaN, -3) }),
  );
  await writeFile(
    at('odd.safetensors'),
    writeSafetensors(new Map([['x', { dtype: 'I64', shape: [2], data: BigInt64Array.of(1n, 2n) }]]), {
      note: 'hello',
    }),
  );
  await writeFile(at('images.gz'), gzipSync(await readFile(at('toy', 't10k-images-idx3-ubyte'))));
  await mkdir(at('nothing'));
  const empty = new Uint8Array(1);
  await writeFile(at('torch.pt'), writeZip(new Map([['torch/data.pkl', empty]])));
  await writeFile(at('old.pt'), Uint8Array.of(0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46));
  await writeFile(at('keras.h5'), Uint8Array.of(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a));
  const weights = Float32Array.of(1, 2, 3, 4, 5, 6);
  await writeFile(at('beside.onnx.data'), new Uint8Array(weights.buffer));
  for (const [name, location] of [
    ['beside.onnx', 'beside.onnx.data'],
    ['alone.onnx', 'alone.onnx.data'],
  ])
    await writeFile(
      at(name),
      onnxFile(
        {
          node: [node('MatMul', ['x', 'w'], 'y')],
          initializer: [
            {
              ...{ name: 'w', dims: [3, 2], dataType: 1, dataLocation: 1 },
              externalData: [{ key: 'location', value: location }],
            },
          ],
        },
        [3],
      ),
    );
});
afterAll(() => rm(root, { recursive: true }));

async function ok(...args: string[]) {
  const outcome = await lanegrad(root, args);
  expect(outcome).toMatchObject({ code: 0, stderr: '' });
  return outcome.stdout;
}

describe('export', () => {
  it('to ONNX, which computes what the model does', async () => {
    await ok('export', 'run', '--to', 'onnx', '--raw-inputs', '--softmax');
    const { model, metadata } = await loadModel(at('run', 'model.safetensors'));
    const pixels = Float32Array.from({ length: 128 }, (_, i) => (i * 7) % 256);
    const { name, values } = await runOnnx(await readFile(at('run', 'model.onnx')), pixels, 64);
    const scaled = Array.from(pixels, (pixel) => pixel * metadata.input!.scale);
    expect(name).toBe('probabilities');
    expect(worstDifference(values, softmaxRows(runModel(model, scaled), 4))).toBeLessThan(1e-5);
  });

  it.each([
    ['npz', [], 'model.npz', 0x50],
    ['csv', [], 'metrics.csv', 'e'.charCodeAt(0)],
    ['safetensors', ['--layout', 'pytorch'], 'model.pytorch.safetensors', undefined],
    ['safetensors', [], 'model.copy.safetensors', undefined],
  ] as const)('to %s %j', async (to, more, file, first) => {
    const outcome = await lanegrad(root, ['export', 'run', '--to', to, ...more, '--json']);
    expect(outcome.code).toBe(0);
    const bytes = await readFile(at('run', file));
    expect(lastObject(outcome)).toEqual({
      source: 'run',
      format: to,
      path: join('run', file),
      bytes: bytes.length,
    });
    if (first !== undefined) expect(bytes[0]).toBe(first);
  });

  it('for TensorBoard, during training and afterwards', async () => {
    const during = (await readdir(at('run'))).filter((name) => name.startsWith('events.out.tfevents.'));
    expect(during).toHaveLength(1);
    expect((await readFile(at('run', during[0]))).includes('accuracy/validation')).toBe(true);
    await ok('export', 'run', '--to', 'tensorboard', '--out', 'events');
    expect((await readFile(at('events'))).includes('loss/train')).toBe(true);
  });
});

describe('import', () => {
  it('gives back what was exported, whatever the format', async () => {
    const sha = async (path: string) => {
      const { stdout } = await lanegrad(root, ['evaluate', path, 'toy', '--json']);
      return lastObject({ code: 0, stdout, stderr: '' }).weightsSha256;
    };
    await ok('export', 'run', '--to', 'onnx', '--out', 'm.onnx');
    await ok('export', 'run', '--to', 'npz', '--out', 'm.npz');
    await ok('export', 'run', '--to', 'safetensors', '--layout', 'pytorch', '--out', 'm.pt.safetensors');
    await ok('import', 'm.onnx', '--out', 'a.safetensors');
    await ok('import', 'm.npz', '--like', 'run', '--out', 'b.safetensors');
    await ok('import', 'm.pt.safetensors', '--like', 'run', '--out', 'c.safetensors');
    await ok('import', 'm.pt.safetensors', '--activation', 'sigmoid', '--out', 'd.safetensors');
    const original = await sha('run');
    expect(original).toMatch(/^[0-9a-f]{64}$/);
    for (const file of ['a', 'b', 'c', 'd']) expect(await sha(`${file}.safetensors`), file).toBe(original);
  });
});

describe('weights of ONNX in a file beside it', () => {
  it('are imported', async () => {
    await ok('import', 'beside.onnx', '--out', 'beside.safetensors');
    const { model } = await loadModel(at('beside.safetensors'));
    expect(Array.from(model.parameters[0].values)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('are shown, or why they are not', async () => {
    expect(await ok('inspect', 'beside.onnx')).toMatch(/^import +possible: 3-2$[\s\S]*^w .* 1 +3\.5 +6 /m);
    expect(await ok('inspect', 'alone.onnx')).toMatch(
      /^import +not possible: alone\.onnx\.data: which .* cannot be read: no such file/m,
    );
  });
});

describe('inspect', () => {
  it('a run folder: metrics, layers, statistics, pictures', async () => {
    const stdout = await ok('inspect', 'run');
    expect(stdout).toMatch(/^file +metrics of 3 epochs$/m);
    expect(stdout).toMatch(/^validation\/loss .*[▁-█]{3}$/m);
    expect(stdout).toMatch(/^layer 0 +dense 64 to 6, activation sigmoid, bias true$/m);
    expect(stdout).toMatch(/^0\.weight +(F32 +)?64x6 +-0\.\d+/m);
    expect(stdout).toMatch(/^0\.weight, 6 of 8x8\n[ ▄▀█]+$/m);
    expect(stdout).not.toContain('\x1b');
    expect(stdout.split('\n').filter((line) => line.length > 80 && !line.startsWith('files'))).toEqual([]);
  });

  it('one tensor, with a histogram', async () => {
    const stdout = await ok('inspect', 'run', '--tensor', '1.weight', '--pictures', '0');
    expect(stdout.match(/^ *-?[\d.e-]+ {2}█* +\d+$/gm)).toHaveLength(20);
  });

  it.each([
    ['array.npy', /^data +4 +-3 +-0\.6667 +1 +1\.7 +1 {2}[▁-█]{16}$/m],
    ['odd.safetensors', /^note +hello$[\s\S]*^x +I64 +2 +1 +1\.5 +2/m],
    ['images.gz', /^data +u8 +60x8x8 [\s\S]*^data, 60 of 8x8$/m],
    [join('toy', 't10k-labels-idx1-ubyte'), /^data +u8 +60 +0 +1\.5 +3/m],
    [
      'table.csv',
      /^rows +3$[\s\S]*^height +number +1 +1\.5 to 2\.5[\s\S]*^kind +category[\s\S]*^when +date/m,
    ],
    ['toy', /^folder +of IDX files$/m],
  ])('%s', async (path, pattern) => {
    expect(await ok('inspect', path)).toMatch(pattern);
  });

  it('an ONNX file, and whether it can be imported', async () => {
    await ok('export', 'other.safetensors', '--to', 'onnx', '--out', 'other.onnx');
    const stdout = await ok('inspect', 'other.onnx');
    expect(stdout).toMatch(/^nodes +2 Gemm, 1 Relu$/m);
    expect(stdout).toMatch(/^import +possible: 3-2-2$/m);
  });

  it('as one object', async () => {
    const outcome = await lanegrad(root, ['inspect', 'run', '--json']);
    const { kind, parts } = lastObject(outcome) as { kind: string; parts: Record<string, unknown>[] };
    expect(kind).toBe('run');
    expect(parts.map((part) => part.kind)).toEqual(['metrics', 'model']);
    expect(parts[1].tensors).toMatchObject([
      { name: '0.weight', shape: [64, 6], count: 384, nonFinite: 0 },
      {},
      {},
      {},
    ]);
    expect(outcome.stderr).toContain('0.weight');
  });
});

describe('gradcheck', () => {
  it('a model, and layers by options', async () => {
    expect(await ok('gradcheck', 'run')).toMatch(/^0\.weight .* right$[\s\S]*^all gradients are right$/m);
    const outcome = await lanegrad(root, [
      'gradcheck',
      '--hidden',
      '5',
      '--activation',
      'gelu',
      '--batch-norm',
      '--json',
    ]);
    expect(outcome.code).toBe(0);
    expect(lastObject(outcome)).toMatchObject({
      model: null,
      layers: [12, 5, 5, 4],
      passed: true,
      parameters: expect.arrayContaining([
        expect.objectContaining({
          name: '1.weight',
          passed: true,
          engines: expect.objectContaining({ strict: expect.anything() }),
        }),
      ]),
    });
  });
});

describe('bad input gets one line', () => {
  it.concurrent.each<[code: number, args: string[], message: RegExp]>([
    [2, ['export', 'run'], /required option '--to <format>'/],
    [
      2,
      ['export', 'run', '--to', 'npz', '--softmax'],
      /--softmax: expected only with --to onnx, given with --to npz/,
    ],
    [
      2,
      ['export', 'run', '--to', 'safetensors', '--prefix', 'x'],
      /--prefix: expected only with --layout pytorch/,
    ],
    [2, ['export', 'other.safetensors', '--to', 'onnx', '--raw-inputs'], /rawInputs.*metadata\.input/],
    [
      2,
      ['export', 'other.safetensors', '--to', 'onnx', '--out', 'other.safetensors'],
      /another file than the source/,
    ],
    [
      1,
      ['export', 'other.safetensors', '--to', 'onnx', '--out', 'nothing'],
      /nothing: expected a file to write, but it is a folder/,
    ],
    [1, ['export', 'nothing', '--to', 'csv'], /metrics\.jsonl: cannot be read/],
    [2, ['import', 'state.safetensors', '--out', 'x'], /--like: the file holds values only/],
    [
      2,
      ['import', 'state.safetensors', '--out', 'x', '--like', 'run', '--activation', 'relu'],
      /--like: expected without --activation/,
    ],
    [
      1,
      ['import', 'state.safetensors', '--out', 'x', '--like', 'run', '--prefix', 'net.'],
      /expected shape \[6, 64\], given \[2, 3\]/,
    ],
    ...(['import', 'inspect'] as const).flatMap((command): [number, string[], RegExp][] => {
      const more = command === 'import' ? ['--out', 'x', '--like', 'run'] : [];
      return [
        [1, [command, 'torch.pt', ...more], /torch\.pt: expected .* given a file of torch\.save .*save_file/],
        [1, [command, 'old.pt', ...more], /old\.pt: expected .* given a pickle of Python.*save_file/],
        [1, [command, 'keras.h5', ...more], /keras\.h5: expected .* given an HDF5 file.*model\.export/],
      ];
    }),
    [1, ['import', 'alone.onnx', '--out', 'x'], /alone\.onnx\.data: which alone\.onnx names, cannot be read/],
    [1, ['import', 'array.npy', '--out', 'x'], /array\.npy: expected an ONNX model, .* given a file of npy/],
    [1, ['import', 'table.csv', '--out', 'x', '--prefix', 'a'], /table\.csv: .* given something else/],
    [1, ['import', 'cut.onnx', '--out', 'x'], /cut\.onnx: .*ends beyond its message/],
    [
      2,
      ['import', 'cut.onnx', '--out', 'x', '--prefix', 'net.'],
      /--prefix: expected only with a state_dict/,
    ],
    [1, ['inspect', 'nowhere'], /nowhere: cannot be read: no such file/],
    [1, ['inspect', 'nothing'], /nothing: expected a run folder/],
    [2, ['inspect', 'run', '--tensor', '0.wieght'], /no tensor "0\.wieght"; did you mean "0\.weight"\?/],
    [2, ['gradcheck', 'run', '--hidden', '3'], /--hidden: expected only without a model/],
    [2, ['gradcheck', '--samples', '0'], /--samples.*'0'.*or all/],
  ])('%i %j', async (code, args, message) => {
    const outcome = await lanegrad(root, args);
    expect(outcome.stderr).toMatch(message);
    expect(outcome.stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(outcome.stderr).toMatch(/^error: /);
    expect(outcome).toMatchObject({ code, stdout: '' });
    expect(await readdir(root)).not.toContain('x');
  });
});
