/** How functions that read and write files are called without harm, and with what is not there. */
import { join } from 'node:path';
import type { Call } from './functions.js';

/**
 * Of a path: nothing may be written outside of the folder of the cases. Odd texts are made names within it.
 */
export const safely = (folder: string, path: unknown): unknown =>
  typeof path === 'string' && !path.startsWith(folder)
    ? join(folder, path.replace(/[\\/.]/g, '_').slice(0, 300))
    : path;

/** For arguments of which nothing is there: an error of ours is what they should get. */
export function refused(use: (...args: never[]) => Promise<unknown>): Call['call'] {
  return async (...args) => {
    const { LanegradError } = await import('../../../src/index.js');
    return use(...args).catch((error: unknown) => {
      if (!(error instanceof LanegradError)) throw error;
    });
  };
}
