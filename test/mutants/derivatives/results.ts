/** What is found while mutants run, a line each, so that what was found outlives a process. */

import { appendFileSync, closeSync, fstatSync, openSync, readSync } from 'node:fs';

interface Line {
  readonly id: string;
  /** Its file and name. */
  readonly test: string;
  /**
   * `static`: code that runs as files are loaded reaches the mutant. `tainted`: the test failed, and failed
   * again without the mutant.
   */
  readonly found: 'static' | 'lived' | 'killed' | 'tainted';
}

/**
 * What a file of such lines says, as far as it has been read. A mutant that taints twice is dead: the second
 * time it is the first that its process tries at this test.
 */
export class Results {
  /** Mutants that tests killed. */
  readonly dead = new Set<string>();
  /** Mutant and test, of what was tried and lived. */
  readonly tried = new Set<string>();
  /** Mutants that code which runs as files are loaded reaches. */
  readonly loaded = new Set<string>();
  /** Mutants that tainted a process, one entry for each time. */
  readonly tainted: string[] = [];
  readonly #path: string;
  #end = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** Reads what was written since the last time, by whatever process. */
  read(): this {
    const file = openSync(this.#path, 'r');
    const bytes = Buffer.alloc(fstatSync(file).size - this.#end);
    readSync(file, bytes, 0, bytes.length, this.#end);
    closeSync(file);
    // A line that is still being written is left for the next time.
    const length = bytes.lastIndexOf('\n') + 1;
    this.#end += length;
    for (const line of bytes.toString('utf8', 0, length).split('\n')) {
      if (line !== '') this.#take(JSON.parse(line) as Line);
    }
    return this;
  }

  write(line: Line): void {
    appendFileSync(this.#path, `${JSON.stringify(line)}\n`);
  }

  #take({ id, test, found }: Line): void {
    if (found === 'static') this.loaded.add(id);
    if (found === 'killed' || (found === 'tainted' && this.tainted.includes(id))) this.dead.add(id);
    if (found === 'lived') this.tried.add(`${id} ${test}`);
    if (found === 'tainted') this.tainted.push(id);
  }
}
