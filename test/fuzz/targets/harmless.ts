/** How functions that read and write files are called without harm, and with what is not there. */
import { join } from 'node:path';
import { LanegradError } from '../../../src/index.js';
import { apply } from './functions.js';

/**
 * Of a path: nothing may be written outside of the folder of the cases. Odd texts are made names within it.
 */
export const safely = (folder: string, path: unknown): unknown =>
  typeof path === 'string' && !path.startsWith(folder)
    ? join(folder, path.replace(/[\\/.]/g, '_').slice(0, 300))
    : path;

/** A function whose arguments are never right here: an error of ours is what it should give. */
export function refused(use: (...args: never[]) => unknown) {
  return async (...args: readonly unknown[]): Promise<unknown> => {
    try {
      return await apply(use, args);
    } catch (error) {
      if (!(error instanceof LanegradError)) throw error;
      return undefined;
    }
  };
}
