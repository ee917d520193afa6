/** The geometry of windows over images in an arena's memory, once for all calls that have the same. */
import { GEOMETRY, type Geometry } from '../engine/geometry.js';
import type { Arena, Tensor } from '../engine/tensor.js';

const kept = new WeakMap<Arena, Map<string, Tensor>>();

/** The words of a geometry, as kernels read them: i32. */
export function geometryTensor(arena: Arena, geometry: Geometry): Tensor {
  const known = kept.get(arena) ?? new Map<string, Tensor>();
  kept.set(arena, known);
  const words = GEOMETRY.map((name) => geometry[name]);
  const key = words.join();
  const tensor = known.get(key) ?? arena.tensor('i32', [words.length]).write(words);
  known.set(key, tensor);
  return tensor;
}
