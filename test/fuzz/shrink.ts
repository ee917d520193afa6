/** Makes a case smaller that goes wrong, as long as it goes wrong in the same way. */

/** Whether what is left still goes wrong in the same way. */
export type Fails = (candidate: readonly number[]) => Promise<boolean>;

/**
 * Leaves out parts of a list, first large ones and then small ones, and writes `plain` in the place of what has to stay,
 * until nothing more goes or the time is over. Bytes and drawn numbers are such lists.
 */
export async function shrink(
  given: readonly number[],
  fails: Fails,
  { plain = 0, milliseconds = 10_000 } = {},
): Promise<number[]> {
  const end = Date.now() + milliseconds;
  let best = [...given];
  const take = async (candidate: number[]): Promise<boolean> => {
    if (Date.now() > end || !(await fails(candidate))) return false;
    best = candidate;
    return true;
  };
  for (let size = Math.ceil(best.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < best.length && Date.now() < end; ) {
      if (!(await take([...best.slice(0, at), ...best.slice(at + size)]))) at += size;
    }
  }
  for (let size = Math.ceil(best.length / 4); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < best.length && Date.now() < end; at += size) {
      const part = best.slice(at, at + size);
      if (part.every((own) => own === plain)) continue;
      await take([...best.slice(0, at), ...part.fill(plain), ...best.slice(at + size)]);
    }
  }
  return best;
}
