/** A name for the values of a model, by which two runs are compared. */
import { platform } from '#platform';
import { fromHostOrder } from '../formats/bytes.js';
import type { Sequential } from '../nn/sequential.js';

/** SHA-256 of all parameters' values in the model's order, float32, little-endian; lower-case hexadecimal. */
export async function weightsSha256(model: Sequential): Promise<string> {
  const bytes = new Uint8Array(4 * model.parameterCount);
  let at = 0;
  for (const { values } of model.parameters) {
    bytes.set(fromHostOrder(values, 4, 'little'), at);
    at += values.byteLength;
  }
  return platform.sha256(bytes);
}
