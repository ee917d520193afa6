/** What training carries along beside the parameters, as arrays by name, out of an engine and back. */
import type { Tensor } from '../engine/tensor.js';
import { ShapeError, show } from '../errors.js';

export function readState(places: ReadonlyMap<string, Tensor>): Map<string, Float32Array> {
  return new Map([...places].map(([name, place]) => [name, Float32Array.from(place.read())]));
}

/** Throws ShapeError, before anything is changed, for names or lengths that are not those of `places`. */
export function writeState(
  places: ReadonlyMap<string, Tensor>,
  state: ReadonlyMap<string, Float32Array>,
): void {
  const where = 'writeState';
  for (const [name, place] of places) {
    const given = state.get(name);
    if (!given) throw new ShapeError(where, `${show(name)} is missing`);
    if (given.length !== place.size) {
      throw new ShapeError(where, `${name}: expected ${place.size} values, given ${given.length}`);
    }
  }
  for (const name of state.keys()) {
    if (!places.has(name)) throw new ShapeError(where, `training has no state ${show(name)}`);
  }
  for (const [name, place] of places) place.write(state.get(name)!);
}
