/** Data sets that a small network can learn, or whose rows say which they are. */
import { type Dataset, dataset } from '../../src/data/dataset.js';
import type { Tensor } from '../../src/engine/tensor.js';
import { dense } from '../../src/nn/dense.js';
import { type Layer, layer } from '../../src/nn/layer.js';
import { reals, testNumbers } from '../kernels/harness.js';
import { copied } from '../nn/operations.js';

/** Clouds around one corner a class: linearly separable, in floats or in bytes. */
export function clouds(
  size: number,
  { width = 8, classes = 3, seed = 1, bytes = false, name = 'clouds' } = {},
): Dataset {
  const next = testNumbers(seed);
  const labels = Int32Array.from({ length: size }, () => Math.floor(next() * classes));
  const noise = reals(size * width, seed + 1, 0.3);
  const floats = Float32Array.from(
    noise,
    (v, i) => v + (i % width === labels[Math.floor(i / width)] ? 1 : 0),
  );
  const inputs = bytes ? Uint8Array.from(floats, (v) => Math.max(0, Math.round(v * 150))) : floats;
  return dataset({ name, inputs, labels, classes });
}

/** Row i is [i, i²/size, 1], its label i mod 3. */
export function numbered(size: number): Dataset {
  return dataset({
    name: 'numbered',
    inputs: Float32Array.from(
      { length: 3 * size },
      (_, j) => [Math.floor(j / 3), Math.floor(j / 3) ** 2 / size, 1][j % 3],
    ),
    labels: Array.from({ length: size }, (_, i) => i % 3),
    classes: 3,
  });
}

/** A dense layer that tells the first input of every row that it is shown. */
export function watched(units: number, seen: number[][]): Layer {
  const see = (x: Tensor) =>
    void seen.push(Array.from({ length: x.rows }, (_, row) => x.at(row * x.columns)));
  return layer('watched', (x) => dense(units)(copied(x, see)));
}
