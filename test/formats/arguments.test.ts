/**
 * What the readers and writers of files are given: anything but what they take is an error of ours, whichever
 * realm it is from.
 */
import vm from 'node:vm';
import { describe, expect, test } from 'vitest';
import {
  activation,
  dense,
  denseFromPytorch,
  epochScalars,
  eventFileHead,
  LanegradError,
  metricsCsv,
  metricsEvents,
  OptionError,
  onnxDataFiles,
  readCheckpoint,
  readIdx,
  readModel,
  readModelNpz,
  readNpy,
  readNpz,
  readOnnx,
  readPytorch,
  readSafetensors,
  scalarEvent,
  sequential,
  setParameters,
  summary,
  weightsSha256,
  writeCheckpoint,
  writeModel,
  writeModelNpz,
  writeNpy,
  writeNpz,
  writeOnnx,
  writePytorch,
  writeSafetensors,
} from '../../src/index.js';
import { tableModel } from '../../src/tables.js';

const model = () => sequential(3, [dense(2)], { seed: 1 });
const npy = writeNpy({ dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) });
const idx = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 7, 9);

/** Each reader with a file that it reads. */
const readers: [name: string, read: (bytes: never, where: never) => unknown, good: Uint8Array][] = [
  ['readModel', (bytes, where) => readModel(bytes, where).model.parameters, writeModel(model())],
  ['readSafetensors', readSafetensors, writeModel(model())],
  [
    'readCheckpoint',
    readCheckpoint,
    writeCheckpoint({
      parameters: new Map([['0.weight', Float32Array.of(1)]]),
      state: new Map(),
      configuration: {},
      engine: { backend: 'wasm', math: 'strict' },
      position: {
        ...{ epoch: 1, samples: 0, step: 0, lossSum: 0, weight: 0, correct: 0 },
        ...{ learningRate: 0.1, epochSeconds: 0, seconds: 0 },
      },
      records: [],
    }),
  ],
  ['readPytorch', (bytes, where) => readPytorch(bytes, where, model()), writePytorch(model())],
  [
    'denseFromPytorch',
    (bytes, where) => denseFromPytorch(bytes, where, { activation: 'relu' }).parameters,
    writePytorch(model()),
  ],
  ['readNpy', readNpy, npy],
  [
    'readNpz',
    readNpz,
    writeNpz(new Map([['a', { dtype: 'float32', shape: [1], data: Float32Array.of(1) }]])),
  ],
  ['readModelNpz', (bytes, where) => readModelNpz(bytes, where, model()), writeModelNpz(model())],
  ['readOnnx', (bytes, where) => readOnnx(bytes, where).model.parameters, writeOnnx(model())],
  ['onnxDataFiles', onnxDataFiles, writeOnnx(model())],
  ['readIdx', readIdx, idx],
];

const NO_BYTES: unknown[] = [
  'model.safetensors',
  undefined,
  null,
  7,
  7n,
  Symbol('bytes'),
  [80, 75],
  {},
  new Float32Array(4),
  new DataView(new ArrayBuffer(8)),
  new SharedArrayBuffer(8),
  Promise.resolve(idx),
  () => idx,
];

describe.each(readers)('%s', (name, read, good) => {
  test.each(NO_BYTES.map((value) => [typeof value, value]))('no bytes: %s', (_, value) => {
    expect(() => read(value as never, 'file' as never)).toThrow(OptionError);
    expect(() => read(value as never, 'file' as never)).toThrow(
      new RegExp(`^${name}: bytes: expected a Uint8Array or an ArrayBuffer, given `),
    );
  });

  test('a name of the file that is none', () => {
    for (const where of [undefined, null, 1, Symbol('file'), {}]) {
      expect(() => read(good as never, where as never)).toThrow(OptionError);
      expect(() => read(good as never, where as never)).toThrow(new RegExp(`^${name}: where: `));
    }
  });

  test('bytes of another realm, and a whole buffer, read the same', () => {
    const other = vm.runInNewContext('new Uint8Array(length)', { length: good.length }) as Uint8Array;
    other.set(good);
    expect(other).not.toBeInstanceOf(Uint8Array);
    const expected = read(good as never, 'file' as never);
    expect(read(other as never, 'file' as never)).toEqual(expected);
    expect(read(good.slice().buffer as never, 'file' as never)).toEqual(expected);
  });
});

const NO_MODELS: unknown[] = [
  undefined,
  null,
  'model',
  7,
  7n,
  [],
  {},
  { parameters: [] },
  { ...model(), layers: undefined },
  { ...model(), parameters: [null] },
  { ...model(), buffers: [{ name: 'a', layer: 0, shape: [1], values: [1] }] },
  { ...model(), sizes: [3] },
];

describe.each<[name: string, call: (model: never) => unknown]>([
  ['writeModel', writeModel],
  ['writeOnnx', writeOnnx],
  ['writePytorch', writePytorch],
  ['writeModelNpz', writeModelNpz],
  ['summary', summary],
  ['setParameters', (given) => setParameters(given, new Map())],
  ['readModelNpz', (given) => readModelNpz(writeModelNpz(model()), 'file', given)],
  ['readPytorch', (given) => readPytorch(writePytorch(model()), 'file', given)],
])('%s', (name, call) => {
  test.each(NO_MODELS.map((value, index) => [index, value]))('no model: %i', (_, value) => {
    expect(() => call(value as never)).toThrow(OptionError);
    expect(() => call(value as never)).toThrow(
      new RegExp(`^${name}: model: expected one from sequential\\(\\) or network\\(\\), given `),
    );
  });
});

test('weightsSha256 rejects what is no model', async () => {
  for (const value of NO_MODELS) await expect(weightsSha256(value as never)).rejects.toThrow(OptionError);
});

describe('other arguments', () => {
  const data = new Float32Array(2);
  const loop: Record<string, unknown> = {};
  loop.self = loop;
  const cases: [what: string, call: () => unknown][] = [
    ...[undefined, null, 'a', 7n, [], {}, new Set([1])].flatMap((value): [string, () => unknown][] => [
      [`writeSafetensors ${typeof value}`, () => writeSafetensors(value as never)],
      [`writeNpz ${typeof value}`, () => writeNpz(value as never)],
      [`writeNpy ${typeof value}`, () => writeNpy(value as never)],
      [`setParameters ${typeof value}`, () => setParameters(model(), value as never)],
      [`tableModel ${typeof value}`, () => tableModel(value as never)],
      [`writeCheckpoint ${typeof value}`, () => writeCheckpoint(value as never)],
      [`metricsCsv, record ${typeof value}`, () => metricsCsv([[value], 1] as never)],
      [
        `readOnnx, externalData ${typeof value}`,
        () => readOnnx(writeOnnx(model()), 'f', { externalData: value ?? 'none' } as never),
      ],
    ]),
    ...[
      null,
      'a',
      7,
      { dtype: 'F32' },
      { dtype: 'F32', shape: 1, data },
      { dtype: 'F32', shape: [2], data: [1] },
    ].map((value): [string, () => unknown] => [
      'writeSafetensors, a tensor',
      () => writeSafetensors(new Map([['a', value]]) as never),
    ]),
    [
      'writeSafetensors, a name',
      () => writeSafetensors(new Map([[7, { dtype: 'F32', shape: [2], data }]]) as never),
    ],
    ['writeSafetensors, metadata', () => writeSafetensors(new Map(), null as never)],
    ['writeNpz, an array', () => writeNpz(new Map([['a', null]]) as never)],
    ['setParameters, a tensor', () => setParameters(model(), new Map([['0.weight', 7]]) as never)],
    [
      'setParameters, a shape',
      () =>
        setParameters(model(), new Map([['0.weight', { shape: 6, values: new Float32Array(6) }]]) as never),
    ],
    [
      'setParameters, values',
      () =>
        setParameters(
          model(),
          new Map([['0.weight', { shape: [3, 2], values: new BigInt64Array(6) }]]) as never,
        ),
    ],
    ['denseFromPytorch, no options', () => denseFromPytorch(writePytorch(model()), 'f', undefined as never)],
    [
      'denseFromPytorch, options',
      () => denseFromPytorch(writePytorch(model()), 'f', { activation: 'x' } as never),
    ],
    ['readNpz, a limit', () => readNpz(npy, 'f', 'much' as never)],
    ['metricsCsv', () => metricsCsv('epochs' as never)],
    ['metricsEvents', () => metricsEvents({} as never, 1)],
    ['metricsEvents, a time', () => metricsEvents([], 1n as never)],
    ['epochScalars', () => epochScalars(null as never)],
    ['eventFileHead', () => eventFileHead('now' as never)],
    ['scalarEvent, scalars', () => scalarEvent(1, 1, null as never)],
    ['scalarEvent, a step', () => scalarEvent(1, 1n as never, {})],
    ['scalarEvent, a time', () => scalarEvent(1n as never, 1, {})],
    ['scalarEvent, a scalar', () => scalarEvent(1, 1, { a: 1n } as never)],
    [
      'writeCheckpoint, a loop',
      () => writeCheckpoint({ parameters: new Map(), state: new Map(), configuration: loop } as never),
    ],
    [
      'writeCheckpoint, values',
      () => writeCheckpoint({ parameters: new Map([['a', [1]]]), state: new Map() } as never),
    ],
    ['a layer’s options', () => activation(null as never)],
  ];
  test.each(cases)('%s', (_, call) => {
    expect(call).toThrow(LanegradError);
  });
});
