/** A name for the values of a model, by which two runs are compared. */
import { platform } from '#platform';
import { fromHostOrder } from '../formats/bytes.js';
import { allValues, checkModel, type Network } from '../nn/model.js';

/**
 * SHA-256 of all parameters' values in the model's order, then its buffers', float32, little-endian;
 * lower-case hexadecimal. Rejects with OptionError for something that is no model.
 */
export async function weightsSha256(model: Network): Promise<string> {
  checkModel('weightsSha256', model);
  const all = allValues(model);
  const bytes = new Uint8Array(all.reduce((total, { values }) => total + values.byteLength, 0));
  let at = 0;
  for (const { values } of all) {
    bytes.set(fromHostOrder(values, 4, 'little'), at);
    at += values.byteLength;
  }
  return platform.sha256(bytes);
}
