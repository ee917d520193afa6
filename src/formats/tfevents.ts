/**
 * TensorBoard's event files: scalars by tag and step, each event a protocol buffer in a TFRecord frame. It
 * opens no file.
 *
 *   | length: u64 | masked CRC-32C of the length: u32 | event | masked CRC-32C of the event: u32 |   little-endian
 *
 * Sources: TensorFlow's tfrecord format (https://www.tensorflow.org/tutorials/load_data/tfrecord), and the
 * field numbers of tensorflow/core/util/event.proto and tensorflow/core/framework/summary.proto.
 */
import { OptionError, show } from '../base/errors.js';
import { checkInteger } from '../base/options.js';
import { crc32c } from './crc.js';
import { ProtoWriter } from './protobuf.js';

/** What every file begins with. `seconds` since 1970. Throws OptionError when they are no finite number. */
export function eventFileHead(seconds: number): Uint8Array {
  return frame(
    new ProtoWriter().double(1, checkSeconds('eventFileHead', seconds)).string(3, 'brain.Event:2').finish(),
  );
}

/**
 * One event with the scalars of a step, such as `{ 'loss/train': 0.1 }`; the part before the slash groups
 * charts.
 *
 * @throws OptionError for a step or time that is not a number of the right kind, or a scalar that is no
 * number. NaN and
 *   infinities are kept, as TensorBoard shows them.
 */
export function scalarEvent(
  seconds: number,
  step: number,
  scalars: Readonly<Record<string, number>>,
): Uint8Array {
  const where = 'scalarEvent';
  checkSeconds(where, seconds);
  checkInteger(where, 'step', step);
  if (typeof scalars !== 'object' || scalars === null)
    throw new OptionError(where, `scalars: expected an object of numbers, given ${show(scalars)}`);
  const summary = new ProtoWriter();
  for (const [tag, value] of Object.entries(scalars)) {
    if (typeof value !== 'number')
      throw new OptionError(where, `${tag}: expected a number, given ${show(value)}`);
    summary.message(1, new ProtoWriter().string(1, tag).float(2, value));
  }
  return frame(new ProtoWriter().double(1, seconds).int(2, step).message(5, summary).finish());
}

/** @internal Throws OptionError for a time that is no finite number. */
export function checkSeconds(where: string, seconds: number): number {
  if (Number.isFinite(seconds)) return seconds;
  throw new OptionError(where, `seconds: expected a finite number, given ${show(seconds)}`);
}

function frame(event: Uint8Array): Uint8Array {
  const record = new Uint8Array(16 + event.length);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(event.length), true);
  view.setUint32(8, masked(record.subarray(0, 8)), true);
  record.set(event, 12);
  view.setUint32(12 + event.length, masked(event), true);
  return record;
}

/** Rotated and offset, so that a checksum of data that hold checksums is no coincidence. */
function masked(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
