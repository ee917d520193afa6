/**
 * Kernels that are cut along one axis: into ranges of elements, of rows or of columns. How each argument
 * depends on the range is told by a code beside it, in the job; src/engine/threads/lines.ts writes both.
 *
 *   code 0: as it is · 1: a pointer, moved by elements · 2: a pointer, moved by rows, its leading dimension in the next argument
 *        3: how many there are in all · 4: a number, moved by the range · 5: scratch space, the thread's own
 */
import { LINE_ARGUMENTS } from '../../build/assembly/constants';
import { call_line } from '../../build/assembly/lines';
import { int } from './job';

/** Where the codes stand in a job: behind its head of three words and the arguments. */
// @ts-ignore: decorator
@inline const CODES: usize = 92;
/** And where, in a thread's scratch space, that of the kernels begins: behind the arguments. */
// @ts-ignore: decorator
@inline const WORK: usize = 128;

/** Argument i for the range that begins at `from`. */
// @ts-ignore: decorator
@inline
function part(job: usize, i: i32, from: i32, args: usize): i32 {
  const value = int(job, i);
  const code = load<u8>(job + CODES + <usize>i);
  if (code == 0 || value == 0 && code < 3) return value;
  if (code == 1) return value + (from << 2);
  if (code == 2) return value + ((from * int(job, i + 1)) << 2);
  if (code == 3) return min(load<i32>(job, 4), value - from);
  if (code == 5) return <i32>(args + WORK);
  return value + from;
}

/**
 * `args` is scratch space of the thread's own: the arguments for this range, laid out as a job, and behind
 * them what kernels use themselves.
 */
export function line(job: usize, kernel: i32, chunk: i32, args: usize): void {
  const from = chunk * load<i32>(job, 4);
  // All of them, moved or not: cheaper to compile than a case of its own for each.
  for (let i = 0; i < LINE_ARGUMENTS; i++) store<i32>(args + 12 + (<usize>i << 2), part(job, i, from, args));
  call_line(kernel, args);
}
