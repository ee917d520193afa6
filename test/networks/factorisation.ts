/**
 * Matrix factorisation: a rating is the product of two vectors, one of the user and one of the item, and a
 * bias of each.
 */
import { add, dot, input, layer, network, parameter, reshape, take, type Value } from 'lanegrad';

export function factorisation() {
  const table = (count: number, width: number) => (numbers: Value) =>
    layer('table', (i) => take(parameter('rows', [count, width], 'heNormal'), i))(numbers);
  const [user, item] = [input([1], { name: 'user' }), input([1], { name: 'item' })];
  const match = dot(table(7, 4)(user), table(5, 4)(item));
  const biases = add(table(7, 1)(user), table(5, 1)(item));
  const rating = add(match, reshape(biases, [1]));
  return { model: network({ user, item }, rating, { seed: 1 }), loss: 'meanSquaredError' as const };
}
