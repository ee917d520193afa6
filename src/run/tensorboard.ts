/** TensorBoard's event file of a training run, written as it goes. Node only. */
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileError } from '../files/atomic.js';
import { epochScalars } from '../formats/metrics.js';
import { eventFileHead, scalarEvent } from '../formats/tfevents.js';
import { eventFileName } from './metrics.js';

export class EventFile {
  readonly path: string;
  #begun = false;
  readonly #began: number;

  /** A file in this folder, made when the first record comes. `began` is in seconds since 1970. */
  constructor(folder: string, began: number = Date.now() / 1000) {
    this.path = join(folder, eventFileName(began));
    this.#began = began;
  }

  /** Adds the numbers of an epoch's record. Throws FileError when the file cannot be written. */
  async append(record: { readonly step: number }): Promise<void> {
    const event = scalarEvent(Date.now() / 1000, record.step, epochScalars(record));
    const head = this.#begun ? new Uint8Array(0) : eventFileHead(this.#began);
    await appendFile(this.path, Buffer.concat([head, event])).catch((cause) => {
      throw fileError(this.path, 'cannot be written', cause);
    });
    this.#begun = true;
  }
}
