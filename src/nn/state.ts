/** What training carries along beside the parameters, as arrays by name, out of an engine and back. */

import { ShapeError, show } from '../base/errors.js';
import { checkMap } from '../base/options.js';
import type { Tensor } from '../engine/tensor.js';
import type { Compiled } from './compiled.js';
import { layOut, viewsOf } from './layout.js';
import { isTrainable } from './training.js';

/**
 * The parts of slots, each laid out as the trained parameters are, and the buffers, by name:
 * `adam.m/0.weight`, `buffer/1.runningMean`.
 */
function placesOf(compiled: Compiled): Map<string, Tensor> {
  const { parameters, buffers } = compiled.model;
  const { slots, bufferViews } = compiled.carried();
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

/**
 * A copy of what training carries along beside the parameters: the optimizer's tensors by parameter
 * (`adam.m/0.weight`), the moving average (`average/0.weight`) and the layers' buffers
 * (`buffer/1.runningMean`). Gathered gradients are not among it.
 */
export function readState(compiled: Compiled): Map<string, Float32Array> {
  return new Map([...placesOf(compiled)].map(([name, place]) => [name, Float32Array.from(place.read())]));
}

/**
 * Puts back what `readState` gave. Throws ShapeError, before anything is changed, for names or lengths that
 * are not this model's.
 */
export function writeState(compiled: Compiled, state: ReadonlyMap<string, Float32Array>): void {
  const places = placesOf(compiled);
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

/** A copy of the engine's values, by parameter name. */
export function readParameters(compiled: Compiled): Map<string, Float32Array> {
  const { parameterViews } = compiled.carried();
  return new Map(
    compiled.model.parameters.map(({ name }, i) => [name, Float32Array.from(parameterViews[i].read())]),
  );
}

/** Replaces the engine's values. Throws ShapeError for one that is missing or has another length. */
export function writeParameters(compiled: Compiled, values: ReadonlyMap<string, ArrayLike<number>>): void {
  const where = 'CompiledModel.writeParameters';
  checkMap(where, 'values', values);
  const { parameterViews } = compiled.carried();
  for (const [i, { name }] of compiled.model.parameters.entries()) {
    const given = values.get(name);
    if (!given) throw new ShapeError(where, `parameter ${name} is missing`);
    parameterViews[i].write(given);
  }
}
