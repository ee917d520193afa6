/** TensorBoard's event files, read by protobufjs and by the format's definition. */
import protobuf from 'protobufjs';
import { describe, expect, test } from 'vitest';
import { OptionError } from '../../src/base/errors.js';
import { crc32c } from '../../src/formats/crc.js';
import { epochScalars, flattenRecord, metricsCsv, metricsEvents } from '../../src/formats/metrics.js';
import { eventFileHead, scalarEvent } from '../../src/formats/tfevents.js';

const { root } = protobuf.parse(`
  syntax = "proto3";
  message Event { double wall_time = 1; int64 step = 2; string file_version = 3; Summary summary = 5; }
  message Summary { repeated Value value = 1; }
  message Value { string tag = 1; float simple_value = 2; }
`);

interface Read {
  wallTime: number;
  step?: number;
  fileVersion?: string;
  summary?: { value: { tag: string; simpleValue: number }[] };
}

/** The inverse of the mask, as TensorFlow's crc32c.h defines it. */
function unmask(masked: number): number {
  const rotated = (masked - 0xa282ead8) >>> 0;
  return ((rotated >>> 17) | (rotated << 15)) >>> 0;
}

function readEvents(file: Uint8Array): Read[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const type = root.lookupType('Event');
  const events: Read[] = [];
  for (let at = 0; at < file.length; ) {
    const length = Number(view.getBigUint64(at, true));
    expect(unmask(view.getUint32(at + 8, true))).toBe(crc32c(file.subarray(at, at + 8)));
    const event = file.subarray(at + 12, at + 12 + length);
    expect(unmask(view.getUint32(at + 12 + length, true))).toBe(crc32c(event));
    events.push(type.toObject(type.decode(event), { longs: Number }) as Read);
    at += 16 + length;
  }
  return events;
}

test('an event file begins with its version', () => {
  expect(readEvents(eventFileHead(12.5))).toEqual([{ wallTime: 12.5, fileVersion: 'brain.Event:2' }]);
  // The frame of TensorFlow's own first records: 24 bytes, whose length has this checksum.
  const [head] = [eventFileHead(1.7e9)];
  expect(Array.from(head.subarray(0, 8))).toEqual([24, 0, 0, 0, 0, 0, 0, 0]);
  expect(Buffer.from(head.subarray(8, 12)).toString('hex')).toBe('a37f4b22');
});

test('scalars by tag, step and time', () => {
  const [event] = readEvents(scalarEvent(1.5, 300, { 'loss/train': 0.25, rate: -1e-3, odd: Number.NaN }));
  expect(event).toMatchObject({ wallTime: 1.5, step: 300 });
  expect(event.summary?.value).toEqual([
    { tag: 'loss/train', simpleValue: 0.25 },
    { tag: 'rate', simpleValue: Math.fround(-1e-3) },
    { tag: 'odd', simpleValue: Number.NaN },
  ]);
});

test('refusals', () => {
  expect(() => scalarEvent(1, 0.5, {})).toThrow(OptionError);
  expect(() => scalarEvent(Number.NaN, 1, {})).toThrow(/seconds/);
  expect(() => scalarEvent(1, 1, { loss: '1' } as never)).toThrow(/loss: expected a number, given "1"/);
});

const epochs = [
  {
    epoch: 1,
    step: 10,
    learningRate: 0.1,
    loss: 0.5,
    accuracy: 0.75,
    validation: { loss: 1, accuracy: 0.5 },
    seconds: 2,
  },
  { epoch: 2, step: 20, learningRate: 0.1, loss: 0.25, accuracy: 1, note: 'a "b", c', seconds: 3 },
];

describe('records of epochs', () => {
  test('are flattened', () => {
    expect(flattenRecord('epochs', epochs[0])).toMatchObject({
      epoch: 1,
      'validation/loss': 1,
      'validation/accuracy': 0.5,
    });
    expect(flattenRecord('epochs', { list: [1], nothing: undefined, empty: null })).toEqual({ empty: null });
  });

  test('as CSV', () => {
    expect(metricsCsv(epochs)).toBe(
      'epoch,step,learningRate,loss,accuracy,validation/loss,validation/accuracy,seconds,note\n' +
        '1,10,0.1,0.5,0.75,1,0.5,2,\n' +
        '2,20,0.1,0.25,1,,,3,"a ""b"", c"\n',
    );
    expect(metricsCsv([])).toBe('\n');
    const formulas = [{ '=1+1': -0.5, '@a': '-2+3', note: '+49' }];
    expect(metricsCsv(formulas)).toBe('=1+1,@a,note\n-0.5,-2+3,+49\n');
    expect(metricsCsv(formulas, { escapeFormulas: true })).toBe("'=1+1,'@a,note\n-0.5,'-2+3,+49\n");
    expect(() => metricsCsv([], { escape: true } as object)).toThrow(/metricsCsv: unknown option "escape"/);
  });

  test('as an event file, its times from the end backwards', () => {
    const [head, first, second] = readEvents(metricsEvents(epochs, 100));
    expect(head).toEqual({ wallTime: 95, fileVersion: 'brain.Event:2' });
    expect(first).toMatchObject({ wallTime: 97, step: 10 });
    expect(second).toMatchObject({ wallTime: 100, step: 20 });
    const tags = first.summary?.value.map(({ tag, simpleValue }) => [tag, simpleValue]);
    expect(Object.fromEntries(tags ?? [])).toEqual({
      learningRate: Math.fround(0.1),
      'loss/train': 0.5,
      'accuracy/train': 0.75,
      'loss/validation': 1,
      'accuracy/validation': 0.5,
      seconds: 2,
    });
    expect(epochScalars(epochs[1])).not.toHaveProperty('note/train');
  });
});
