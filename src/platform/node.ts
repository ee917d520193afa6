/** The platform seam in Node. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { FileError } from '../errors.js';
import type { Platform } from './types.js';

export const platform: Platform = {
  runtime: `node ${process.versions.node}`,

  async readAsset(url) {
    try {
      return new Uint8Array(await readFile(url));
    } catch (cause) {
      throw new FileError(url.pathname, 'a file of the lanegrad package cannot be read', { cause });
    }
  },

  async sha256(bytes) {
    return createHash('sha256').update(bytes).digest('hex');
  },

  yieldToEventLoop() {
    return new Promise((resolve) => setImmediate(resolve));
  },
};
