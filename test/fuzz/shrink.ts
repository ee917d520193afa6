/** Makes a case smaller that goes wrong, as long as it goes wrong in the same way. */

/** After this time what is left is small enough. */
const MILLISECONDS = 10_000;

/** Whether what is left still goes wrong in the same way. */
type Fails = (candidate: readonly number[]) => Promise<boolean>;

/**
 * Leaves out parts of a list, first large ones and then small ones, and writes 0 in the place of what has to stay,
 * until nothing more goes or the time is over. Bytes and drawn numbers are such lists.
 */
export async function shrink(given: readonly number[], fails: Fails): Promise<number[]> {
  const end = Date.now() + MILLISECONDS;
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
      if (part.every((own) => own === 0)) continue;
      await take([...best.slice(0, at), ...part.fill(0), ...best.slice(at + size)]);
    }
  }
  return best;
}
