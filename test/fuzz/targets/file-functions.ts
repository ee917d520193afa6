/**
 * The functions of `lanegrad` that read and write files' bytes, on misuse. Files that were changed are the targets of
 * test/fuzz/files and of models.ts.
 */
import * as lanegrad from '../../../src/index.js';
import { bytesOf, idx, npy, zip } from '../encode.js';
import type { Random } from '../random.js';
import { expectThat } from '../target.js';
import type { Call } from './functions.js';
import { refused } from './harmless.js';
import { classifier } from './samples.js';

const {
  denseFromPytorch,
  epochScalars,
  eventFileHead,
  metricsCsv,
  metricsEvents,
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
  writeCheckpoint,
  writeModel,
  writeModelNpz,
  writeNpy,
  writeNpz,
  writeOnnx,
  writePytorch,
  writeSafetensors,
} = lanegrad;

const record = (r: Random) => ({
  epoch: 1,
  step: 3,
  learningRate: 0.1,
  loss: r.next(),
  accuracy: 0.5,
  validation: { loss: 1, accuracy: 0.5 },
  seconds: 1,
  samplesPerSecond: 100,
});

const npyArray = () => ({ dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) });

export const fileFunctions: Record<string, Call> = {
  denseFromPytorch: {
    valid: (r) => [writePytorch(classifier(r)), 'f', { activation: 'tanh', prefix: '' }],
    call: denseFromPytorch,
  },
  epochScalars: { valid: (r) => [record(r)], call: epochScalars },
  eventFileHead: { valid: () => [1e9], call: eventFileHead },
  metricsCsv: {
    valid: (r) => [[record(r), record(r)]],
    call: metricsCsv,
    check: (text) => expectThat(typeof text === 'string', () => 'no text'),
  },
  metricsEvents: { valid: (r) => [[record(r), record(r)], 1e9], call: metricsEvents },
  onnxDataFiles: {
    valid: (r) => [writeOnnx(classifier(r)), 'f'],
    call: onnxDataFiles,
    check: (files) => expectThat(String(files) === '', () => `files ${String(files)}`),
  },
  readCheckpoint: { valid: () => [new Uint8Array(9), 'f'], call: refused(readCheckpoint) },
  readIdx: { valid: () => [idx(8, [2], Uint8Array.of(1, 2)), 'f'], call: readIdx },
  readModel: { valid: (r) => [writeModel(classifier(r)), 'f'], call: readModel },
  readModelNpz: { valid: (r) => [writeModelNpz(classifier(r)), 'f', classifier(r)], call: readModelNpz },
  readNpy: { valid: () => [npy('<f4', '(2,)', bytesOf(Float32Array.of(1, 2))), 'f'], call: readNpy },
  readNpz: {
    valid: () => [zip([['a.npy', npy('|u1', '(1,)', Uint8Array.of(1))]]), 'f', 2 ** 20],
    call: readNpz,
  },
  readOnnx: { valid: (r) => [writeOnnx(classifier(r)), 'f'], call: readOnnx },
  readPytorch: {
    valid: (r) => [writePytorch(classifier(r)), 'f', classifier(r), { prefix: '', modules: ['0', '2'] }],
    call: readPytorch,
  },
  readSafetensors: { valid: (r) => [writeModel(classifier(r)), 'f'], call: readSafetensors },
  scalarEvent: { valid: () => [1e9, 3, { 'loss/train': 0.5 }], call: scalarEvent },
  writeCheckpoint: { valid: () => [{}], call: refused(writeCheckpoint) },
  writeModel: {
    weight: 2,
    valid: (r) => [classifier(r), { classNames: ['a', 'b'], input: { scale: 1, offset: 0 } }],
    call: writeModel,
  },
  writeModelNpz: { valid: (r) => [classifier(r)], call: writeModelNpz },
  writeNpy: { weight: 2, valid: () => [npyArray()], call: writeNpy },
  writeNpz: { weight: 2, valid: () => [new Map([['a', npyArray()]])], call: writeNpz },
  writeOnnx: {
    valid: (r) => [classifier(r), { metadata: { classNames: ['a', 'b'] }, rawInputs: false }],
    call: writeOnnx,
  },
  writePytorch: { valid: (r) => [classifier(r), { prefix: 'net.' }], call: writePytorch },
  writeSafetensors: {
    weight: 2,
    valid: () => [new Map([['a', { dtype: 'F32', shape: [2], data: Float32Array.of(1, 2) }]]), { note: 'x' }],
    call: writeSafetensors,
  },
};
