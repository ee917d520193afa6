/** What training carries along beside the parameters, as arrays by name, out of an engine and back. */

import { ShapeError, show } from '../base/errors.js';
import { checkMap } from '../base/options.js';
import type { Tensor } from '../engine/tensor.js';
import { layOut, viewsOf } from './layout.js';
import type { Network } from './model.js';
import { isTrainable } from './training.js';

/** The parts of slots, each laid out as the trained parameters are, and the buffers, by name: `adam.m/0.weight`, `buffer/1.runningMean`. */
export function statePlaces(
  { parameters, buffers }: Network,
  slots: ReadonlyMap<string, Tensor>,
  bufferViews: readonly Tensor[],
): Map<string, Tensor> {
  const places = new Map<string, Tensor>();
  const trained = parameters.filter(isTrainable);
  const { starts } = layOut(trained);
  for (const [slot, tensor] of slots) {
    for (const [i, view] of viewsOf(tensor, trained, starts).entries()) {
      places.set(`${slot}/${trained[i].name}`, view);
    }
  }
  for (const [i, { name }] of buffers.entries()) places.set(`buffer/${name}`, bufferViews[i]);
  return places;
}

export function readState(places: ReadonlyMap<string, Tensor>): Map<string, Float32Array> {
  return new Map([...places].map(([name, place]) => [name, Float32Array.from(place.read())]));
}

/** Throws ShapeError, before anything is changed, for names or lengths that are not those of `places`. */
export function writeState(
  places: ReadonlyMap<string, Tensor>,
  state: ReadonlyMap<string, Float32Array>,
): void {
  const where = 'writeState';
  checkMap(where, 'state', state);
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
