/** TensorBoard's event file of a training run, written as it goes. Node only. */
import { join } from 'node:path';
import { appendFileWhole, systemCode } from '../base/files/atomic.js';
import { epochScalars } from '../formats/metrics.js';
import { eventFileHead, scalarEvent } from '../formats/tfevents.js';
import { eventFileName } from './metrics.js';

export class EventFile {
  readonly #folder: string;
  readonly #began: number;
  #path: string | undefined;

  /** A file in this folder, made when the first record comes. `began` is in seconds since 1970. */
  constructor(folder: string, began: number = Date.now() / 1000) {
    this.#folder = folder;
    this.#began = began;
  }

  /** Adds the numbers of an epoch's record. Throws FileError when the file cannot be written. */
  async append(record: { readonly step: number }): Promise<void> {
    this.#path ??= await this.#create();
    await appendFileWhole(this.#path, scalarEvent(Date.now() / 1000, record.step, epochScalars(record)));
  }

  /** A file of its own: a run that goes on may begin in the second in which the one before did. */
  async #create(): Promise<string> {
    const base = join(this.#folder, eventFileName(this.#began));
    for (let count = 1; ; count++) {
      const path = count === 1 ? base : `${base}.${count}`;
      try {
        await appendFileWhole(path, eventFileHead(this.#began), 'ax');
        return path;
      } catch (error) {
        if (systemCode(error) !== 'EEXIST') throw error;
      }
    }
  }
}
