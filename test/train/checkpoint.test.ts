/**
 * The bytes of a checkpoint: what is written is read, whatever it holds, and what is no checkpoint is
 * refused.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FormatError } from '../../src/base/errors.js';
import { readSafetensors, type WritableTensor, writeSafetensors } from '../../src/formats/safetensors.js';
import { type Checkpoint, readCheckpoint, writeCheckpoint } from '../../src/train/checkpoint.js';

const number = fc.double({ noNaN: true, noDefaultInfinity: true });
/** JSON has no negative zero. */
const loss = fc.double().map((value) => value + 0);
const count = fc.nat({ max: 1e9 });
const values = fc
  .dictionary(fc.string(), fc.array(fc.float(), { maxLength: 9 }))
  .map((entries) => new Map(Object.entries(entries).map(([name, list]) => [name, Float32Array.from(list)])));
const score = { loss, accuracy: loss };
const record = fc.record({
  ...score,
  step: count,
  learningRate: number.map((v) => v + 0),
  seconds: loss,
  samplesPerSecond: loss,
  validation: fc.record({ ...score, metrics: fc.record({ f1: loss }) }),
});
const checkpoints: fc.Arbitrary<Checkpoint> = fc
  .record(
    {
      configuration: fc.constant({ seed: 3, list: [1, { a: null }] }),
      engine: fc.constant({ backend: 'wasm', math: 'strict', wasmSha256: 'ab' }),
      place: fc.record({
        samples: count,
        step: count,
        lossSum: number.map((v) => v + 0),
        correct: loss,
        weight: count,
        learningRate: fc.constant(0.1),
        epochSeconds: fc.constant(2),
        seconds: fc.constant(3.5),
      }),
      rows: fc.array(record, { maxLength: 4 }),
      parameters: values,
      state: values,
      earlyStopping: fc.record({ bestEpoch: count, bestValue: fc.option(loss), waited: count }),
      best: fc.record({ parameters: values, state: values }),
      schedule: fc.constant({ waited: 2 }),
    },
    { requiredKeys: ['configuration', 'engine', 'place', 'rows', 'parameters', 'state'] },
  )
  .map(({ place, rows, ...rest }) => ({
    ...rest,
    position: { ...place, epoch: rows.length + 1 },
    records: rows.map((row, i) => ({ ...row, epoch: i + 1 })),
  }));

test('a round trip changes nothing, NaN and infinities included', () => {
  fc.assert(
    fc.property(checkpoints, (checkpoint) => {
      const bytes = writeCheckpoint(checkpoint);
      expect(readCheckpoint(bytes, 'test')).toEqual(checkpoint);
      expect(writeCheckpoint(checkpoint)).toEqual(bytes);
    }),
  );
});

describe('what is no checkpoint', () => {
  const good: Checkpoint = {
    configuration: {},
    engine: { backend: 'wasm', math: 'strict' },
    position: {
      epoch: 2,
      samples: 0,
      step: 3,
      lossSum: 0,
      weight: 0,
      correct: 0,
      learningRate: 1,
      epochSeconds: 0,
      seconds: 0,
    },
    records: [{ epoch: 1, step: 3, learningRate: 1, loss: 1, accuracy: 1, seconds: 1, samplesPerSecond: 1 }],
    parameters: new Map([['0.weight', Float32Array.of(1)]]),
    state: new Map(),
    earlyStopping: { bestEpoch: 1, bestValue: null, waited: 0 },
  };
  const KEY = 'lanegrad.checkpoint';
  /** The file with its description changed. */
  function withDescription(change: (description: Record<string, unknown>) => unknown): Uint8Array {
    const { tensors, metadata } = readSafetensors(writeCheckpoint(good), 'test');
    const description = change(JSON.parse(metadata[KEY]));
    const text = typeof description === 'string' ? description : JSON.stringify(description);
    return writeSafetensors(tensors as Map<string, WritableTensor>, { [KEY]: text });
  }

  test.each<[string, RegExp, (own: Record<string, unknown>) => unknown]>([
    ['no JSON', /not JSON/, () => '{'],
    ['a list', /expected an options object/, () => []],
    [
      'another version',
      /expected a checkpoint of version 1, given version 2/,
      (own) => ({ ...own, version: 2 }),
    ],
    ['an unknown key', /unknown option "x"/, (own) => ({ ...own, x: 1 })],
    ['no position', /option position is required/, ({ position: _, ...own }) => own],
    [
      'a position that is no number',
      /option step: expected a whole number/,
      (own) => ({ ...own, position: { ...good.position, step: '3' } }),
    ],
    [
      'a loss that is no number',
      /option lossSum/,
      (own) => ({ ...own, position: { ...good.position, lossSum: { nonFinite: 'NaN' } } }),
    ],
    ['fewer records than epochs', /records: expected 1, given 0/, (own) => ({ ...own, records: [] })],
    [
      'records out of order',
      /option records/,
      (own) => ({ ...own, records: [{ ...good.records[0], epoch: 2 }] }),
    ],
    ['a record that is none', /option records/, (own) => ({ ...own, records: [7] })],
    [
      'a score that is none',
      /option records/,
      (own) => ({ ...own, records: [{ ...good.records[0], validation: {} }] }),
    ],
    ['an engine that is none', /option engine/, (own) => ({ ...own, engine: 'wasm' })],
    [
      'early stopping that is none',
      /option waited/,
      (own) => ({ ...own, earlyStopping: { bestEpoch: 1, bestValue: 1, waited: -1 } }),
    ],
  ])('%s is refused', (_, message, change) => {
    const bytes = withDescription(change);
    expect(() => readCheckpoint(bytes, 'a.safetensors')).toThrow(FormatError);
    expect(() => readCheckpoint(bytes, 'a.safetensors')).toThrow(message);
    expect(() => readCheckpoint(bytes, 'a.safetensors')).toThrow(/^a\.safetensors: /);
  });

  test('neither are other files, or one cut short', () => {
    const bytes = writeCheckpoint(good);
    expect(readCheckpoint(bytes, 'test')).toEqual(good);
    expect(() => readCheckpoint(bytes.subarray(0, bytes.length - 1), 'test')).toThrow(FormatError);
    expect(() => readCheckpoint(new TextEncoder().encode('hello, world'), 'test')).toThrow(FormatError);
    expect(() => readCheckpoint(writeSafetensors(new Map()), 'test')).toThrow(
      /have no key "lanegrad\.checkpoint"/,
    );
    const whole = new Map<string, WritableTensor>([
      ['state/x', { dtype: 'I32', shape: [1], data: Int32Array.of(1) }],
    ]);
    const { metadata } = readSafetensors(bytes, 'test');
    expect(() => readCheckpoint(writeSafetensors(whole, { ...metadata }), 'test')).toThrow(
      /"state\/x" is not float32/,
    );
  });
});
