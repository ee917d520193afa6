/** Files by a pattern such as `data/part-*.csv`. Node only. */
import { readdir } from 'node:fs/promises';
import { join, parse, sep } from 'node:path';
import { fileError, systemCode } from './atomic.js';

/** Whether a word has characters that stand for others. */
export function isPattern(word: string): boolean {
  return /[*?]/.test(word);
}

/**
 * The files that a pattern stands for, in the order of their code units. `*` stands for any characters of a name,
 * `?` for one, and `**` for any folders; what begins with a point is meant only where the pattern says so.
 *
 * @throws FileError for a folder that cannot be read.
 */
export async function filesOf(pattern: string): Promise<string[]> {
  const { root } = parse(pattern);
  const steps = pattern
    .slice(root.length)
    .split(sep === '/' ? '/' : /[\\/]/)
    .filter((step) => step !== '' && step !== '.');
  const found = new Set<string>();
  await walk(root, steps, found);
  return [...found].sort();
}

async function walk(folder: string, [step, ...rest]: readonly string[], found: Set<string>): Promise<void> {
  if (!isPattern(step) && rest.length > 0) return walk(join(folder, step), rest, found);
  if (step === '**') await walk(folder, rest.length > 0 ? rest : ['*'], found);
  for (const entry of await entriesOf(folder)) {
    const { name } = entry;
    if (name.startsWith('.') && !step.startsWith('.')) continue;
    const path = join(folder, name);
    const isFolder = entry.isDirectory();
    if (step === '**') {
      if (isFolder) await walk(path, [step, ...rest], found);
    } else if (matches(name, step)) {
      // A link may lead to either; whoever opens it will know.
      if (rest.length === 0 ? !isFolder : isFolder || entry.isSymbolicLink()) {
        if (rest.length === 0) found.add(path);
        else await walk(path, rest, found);
      }
    }
  }
}

async function entriesOf(folder: string) {
  try {
    return await readdir(folder || '.', { withFileTypes: true });
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(cause) ?? '')) return [];
    throw fileError(folder, 'cannot be read', cause);
  }
}

/** In time by the product of the lengths at most: a star that took too little takes one character more. */
function matches(name: string, pattern: string): boolean {
  let at = 0;
  let place = 0;
  let star = -1;
  let taken = 0;
  while (at < name.length) {
    if (pattern[place] === '*') {
      star = place++;
      taken = at;
    } else if (pattern[place] === '?' || pattern[place] === name[at]) {
      place++;
      at++;
    } else if (star >= 0) {
      place = star + 1;
      at = ++taken;
    } else {
      return false;
    }
  }
  while (pattern[place] === '*') place++;
  return place === pattern.length;
}
