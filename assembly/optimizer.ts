/** Parameter updates, one pass over flat arrays. */
import { nmadd } from './lanes';
import { load_once, store_once } from './tail';

export function sgd_step(w: usize, g: usize, n: i32, learningRate: f32): void {
  const rate = f32x4.splat(learningRate);
  for (; n >= 16; n -= 16) {
    v128.store(w, nmadd(rate, v128.load(g), v128.load(w)));
    v128.store(w, nmadd(rate, v128.load(g, 16), v128.load(w, 16)), 16);
    v128.store(w, nmadd(rate, v128.load(g, 32), v128.load(w, 32)), 32);
    v128.store(w, nmadd(rate, v128.load(g, 48), v128.load(w, 48)), 48);
    w += 64;
    g += 64;
  }
  for (; n >= 4; n -= 4) {
    v128.store(w, nmadd(rate, v128.load(g), v128.load(w)));
    w += 16;
    g += 16;
  }
  if (n > 0) store_once(w, nmadd(rate, load_once(g, n), load_once(w, n)), n);
}
