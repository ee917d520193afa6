/**
 * Results that have been computed once and need not be again: one JSON file each, named by the hash of all
 * that the result depends on. A file is written whole or not at all; one that cannot be read, or is not what
 * its name says, is as good as none.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { readFileBytes, systemCode, writeFileAtomic } from '../base/files/atomic.js';
import { makeFolders } from '../base/files/folders.js';

interface Entry {
  readonly key: unknown;
  /** Of the result's JSON. */
  readonly sha256: string;
  readonly result: unknown;
}

export class Store {
  readonly folder: string;
  /** Files that were there and could not be used. They are replaced when their result is put. */
  readonly damaged: string[] = [];

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Makes the folder where it is missing. Throws FileError when it cannot be made. */
  static async open(folder: string): Promise<Store> {
    await makeFolders(folder);
    return new Store(folder);
  }

  /**
   * The result kept for `key`, or undefined. Throws FileError for a file that is there and cannot be read.
   */
  async get<T>(kind: string, key: unknown): Promise<T | undefined> {
    const path = this.#path(kind, key);
    let bytes: Uint8Array;
    try {
      bytes = await readFileBytes(path);
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw error;
    }
    const entry = parse(bytes);
    if (
      entry &&
      canonicalJson(entry.key) === canonicalJson(key) &&
      sha256(JSON.stringify(entry.result)) === entry.sha256
    ) {
      return entry.result as T;
    }
    this.damaged.push(path);
    return undefined;
  }

  /** Keeps a result, in place of what there was. */
  async put(kind: string, key: unknown, result: unknown): Promise<void> {
    const text = JSON.stringify(result);
    const entry = `{"key":${canonicalJson(key)},"sha256":"${sha256(text)}","result":${text}}\n`;
    await writeFileAtomic(this.#path(kind, key), entry);
  }

  #path(kind: string, key: unknown): string {
    return join(this.folder, `${kind}-${sha256(canonicalJson(key)).slice(0, 20)}.json`);
  }
}

/** JSON with the keys of every object sorted: equal values have equal texts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => {
    if (typeof item !== 'object' || item === null || Array.isArray(item)) return item;
    return Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function parse(bytes: Uint8Array): Entry | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof value === 'object' && value !== null && 'result' in value ? (value as Entry) : undefined;
  } catch {
    return undefined;
  }
}
