/**
 * The machine's arithmetic limit: twelve independent chains of c·y + x that never leave the registers. Nothing that a
 * matrix product does can be faster. The accumulators are loaded and stored in adjacent pairs, so that V8's re-vectoriser
 * may fuse them to 256 bits just as it does in the kernels.
 */
import { madd } from '../../assembly/lanes';

/** Does `steps` times 12 multiply-adds on 4 lanes: 96 floating-point operations a step. `p` points to 228 bytes. */
export function multiply_add_limit(p: usize, steps: i32): void {
  let c0 = v128.load(p), c1 = v128.load(p, 16), c2 = v128.load(p, 32), c3 = v128.load(p, 48);
  let c4 = v128.load(p, 64), c5 = v128.load(p, 80), c6 = v128.load(p, 96), c7 = v128.load(p, 112);
  let c8 = v128.load(p, 128), c9 = v128.load(p, 144), c10 = v128.load(p, 160), c11 = v128.load(p, 176);
  const x0 = v128.load(p, 192), x1 = v128.load(p, 208);
  const y = v128.load32_splat(p, 224);
  for (; steps > 0; steps--) {
    c0 = madd(c0, y, x0);
    c1 = madd(c1, y, x1);
    c2 = madd(c2, y, x0);
    c3 = madd(c3, y, x1);
    c4 = madd(c4, y, x0);
    c5 = madd(c5, y, x1);
    c6 = madd(c6, y, x0);
    c7 = madd(c7, y, x1);
    c8 = madd(c8, y, x0);
    c9 = madd(c9, y, x1);
    c10 = madd(c10, y, x0);
    c11 = madd(c11, y, x1);
  }
  v128.store(p, c0);
  v128.store(p, c1, 16);
  v128.store(p, c2, 32);
  v128.store(p, c3, 48);
  v128.store(p, c4, 64);
  v128.store(p, c5, 80);
  v128.store(p, c6, 96);
  v128.store(p, c7, 112);
  v128.store(p, c8, 128);
  v128.store(p, c9, 144);
  v128.store(p, c10, 160);
  v128.store(p, c11, 176);
}
