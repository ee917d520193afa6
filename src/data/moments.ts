/** Mean and deviation of the channels of images, by which a model normalises them. */
import { isUint8Array } from '../base/arrays.js';
import { DataError, OptionError, show } from '../base/errors.js';
import { checkFinite } from './numbers.js';
import { checkDataset, type Dataset } from './set.js';

/**
 * The mean of each channel over all pixels of all images, and the deviation from it (biased, as of a whole
 * population), of values as a model gets them: bytes scaled. Of a channel that never changes the deviation is said
 * to be 1. Of a set that is not of images, all inputs together are one channel. For `normalization`, as the first
 * layer of a model: `sequential([32, 32, 3], [normalization(channelMoments(train)), …])`.
 *
 * @throws OptionError for something that is no data set, or one with several inputs.
 * @throws DataError for an input that is NaN or infinite, and for moments beyond what float32 holds.
 */
export function channelMoments(set: Dataset): { mean: Float32Array; deviation: Float32Array } {
  const where = 'channelMoments';
  checkDataset(where, 'set', set);
  const { inputs, imageShape, inputsByName, name, width, scale, offset } = set;
  if (Object.keys(inputsByName ?? {}).length > 1) {
    throw new OptionError(where, `${show(name)} has several inputs; expected one, which are images`);
  }
  const channels = imageShape?.[2] ?? 1;
  const mean = new Float32Array(channels);
  const deviation = new Float32Array(channels);
  if (!isUint8Array(inputs)) checkFinite({ where, one: 'input' }, inputs, width);
  for (let channel = 0; channel < channels; channel++) {
    const own = isUint8Array(inputs)
      ? ofBytes(inputs, channel, channels)
      : ofFloats(inputs, channel, channels);
    mean[channel] = own.mean * scale + offset;
    deviation[channel] = own.deviation > 0 ? own.deviation * Math.abs(scale) : 1;
    checkMoments(where, name, mean[channel], deviation[channel]);
  }
  return { mean, deviation };
}

/** Inputs may be finite and their moments, as float32, not; nor may a deviation vanish. */
function checkMoments(where: string, name: string, mean: number, deviation: number): void {
  if (Number.isFinite(mean) && Number.isFinite(deviation) && deviation > 0) return;
  const given = `given a mean of ${mean} and a deviation of ${deviation}`;
  throw new DataError(where, `${show(name)}: expected inputs of a usual range, ${given}`);
}

/** From how often each byte comes: sums of whole numbers, which are exact. */
function ofBytes(bytes: Uint8Array, channel: number, channels: number): { mean: number; deviation: number } {
  const counts = new Float64Array(256);
  for (let i = channel; i < bytes.length; i += channels) counts[bytes[i]]++;
  const count = bytes.length / channels;
  const mean = counts.reduce((sum, times, byte) => sum + times * byte, 0) / count;
  const square = counts.reduce((sum, times, byte) => sum + times * (byte - mean) * (byte - mean), 0) / count;
  return { mean, deviation: Math.sqrt(square) };
}

function ofFloats(
  values: Float32Array,
  channel: number,
  channels: number,
): { mean: number; deviation: number } {
  const count = values.length / channels;
  let sum = 0;
  for (let i = channel; i < values.length; i += channels) sum += values[i];
  const mean = sum / count;
  let squares = 0;
  for (let i = channel; i < values.length; i += channels) squares += (values[i] - mean) * (values[i] - mean);
  return { mean, deviation: Math.sqrt(squares / count) };
}
