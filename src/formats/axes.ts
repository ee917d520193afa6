/**
 * What formats need in which images have their channels first: arrays with their axes in another order, and
 * which operations do not mind the order.
 */
import { elementsOf } from '../base/arrays.js';

/** Operations that work element by element, by their names. */
export const ELEMENTWISE: ReadonlySet<string> = new Set([
  ...['activation', 'dropout', 'stopGradient', 'where'],
  ...['add', 'sub', 'mul', 'div', 'pow', 'maximum', 'minimum'],
  ...['less', 'lessEqual', 'greater', 'greaterEqual', 'equal', 'notEqual'],
  ...['neg', 'exp', 'log', 'sqrt', 'square', 'abs', 'sign', 'sin', 'cos', 'reciprocal', 'erf'],
  ...['floor', 'ceil', 'round'],
]);

/** The places of numbers, row-major, in an array whose axis i is axis axes[i] of one of this shape. */
export function placesOf(shape: readonly number[], axes: readonly number[]): Uint32Array {
  const strides = shape.map((_, i) => elementsOf(shape.slice(i + 1)));
  const lengths = axes.map((axis) => shape[axis]);
  const steps = axes.map((axis) => strides[axis]);
  const places = new Uint32Array(elementsOf(shape));
  eachPlace(lengths, steps, (place, to) => {
    places[to] = place;
  });
  return places;
}

/**
 * Calls `visit` for each element of an array of these lengths, row-major, with the place that is `steps[i]` further
 * for each place along axis i, and how many came before.
 */
export function eachPlace(
  lengths: readonly number[],
  steps: readonly number[],
  visit: (place: number, index: number) => void,
): void {
  const count = elementsOf(lengths);
  const at = lengths.map(() => 0);
  let place = 0;
  for (let index = 0; index < count; index++) {
    visit(place, index);
    for (let axis = lengths.length - 1; axis >= 0; axis--) {
      place += steps[axis];
      if (++at[axis] < lengths[axis]) break;
      place -= steps[axis] * lengths[axis];
      at[axis] = 0;
    }
  }
}

/** The values that stand at these places. */
export function gathered(values: Float32Array, places: Uint32Array): Float32Array {
  const picked = new Float32Array(places.length);
  for (let i = 0; i < places.length; i++) picked[i] = values[places[i]];
  return picked;
}

/** Numbers of an array, row-major, in the order of other axes: axis i of the result is axis axes[i]. */
export function permuted(
  values: Float32Array,
  shape: readonly number[],
  axes: readonly number[],
): Float32Array {
  return gathered(values, placesOf(shape, axes));
}
