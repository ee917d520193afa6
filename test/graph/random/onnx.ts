/** ONNX there and back: what a network predicts when its file is read again, and what another runtime makes of it. */
import { expect } from 'vitest';
import { FormatError, OptionError } from '../../../src/base/errors.js';
import { readOnnx } from '../../../src/formats/onnx/read.js';
import { writeOnnx } from '../../../src/formats/onnx/write.js';
import type { Network } from '../../../src/nn/model.js';
import { outputsOf } from '../../formats/graphs.js';
import { layoutOf, runNetwork } from '../../formats/onnx/run-network.js';
import { worstDifference } from '../../formats/onnx/runtime.js';
import { inputsOf } from './properties.js';

/** Undefined of batches whose rows know each other: they have no form in files that are read one row at a time. */
function bytesOf(model: Network): Uint8Array | undefined {
  try {
    return writeOnnx(model);
  } catch (error) {
    if (error instanceof OptionError && error.message.includes('ONNX')) return undefined;
    throw error;
  }
}

/** Whether the file of this model could be read again; then it predicts the same. */
export function comesBack(model: Network, bound: number): boolean {
  const bytes = bytesOf(model);
  if (!bytes) return false;
  // Images that no operator on images reads come back with their axes in another order.
  if (Object.values(layoutOf(bytes)).includes('NHWC')) return false;
  let back: Network;
  try {
    back = readOnnx(bytes, 'random.onnx').model;
  } catch (error) {
    if (error instanceof FormatError) return false;
    throw error;
  }
  for (const rows of [1, 3]) {
    const numbers = inputsOf(model, rows);
    const [own, other] = [model, back].map((one) => outputsOf(one, numbers, rows));
    for (const [i, values] of own.entries()) expect(worstDifference(other[i], values)).toBeLessThan(bound);
  }
  return true;
}

/** Whether there is a file of this model; then ONNX Runtime predicts the same of it. */
export async function runsElsewhere(model: Network, bound: number): Promise<boolean> {
  const bytes = bytesOf(model);
  if (!bytes) return false;
  const rows = 3;
  const numbers = inputsOf(model, rows);
  const { values } = await runNetwork(bytes, model, numbers, rows);
  const own = outputsOf(model, numbers, rows);
  for (const [i, expected] of own.entries()) expect(worstDifference(values[i], expected)).toBeLessThan(bound);
  return true;
}
