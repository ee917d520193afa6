/** What is begun and found while mutants run, a line each, so that what was found outlives a process. */

import { appendFileSync, closeSync, fstatSync, openSync, readSync } from 'node:fs';

interface Line {
  readonly id: string;
  /** Its file and name. */
  readonly test: string;
  /**
   * `static`: code that runs as files are loaded reaches the mutant. `begun`: the test starts. `tainted`: it
   * failed, and failed again without the mutant. `doubted`: so it did after several, of which this is one. `hung`: it did
   * not end in the time it was given.
   */
  readonly found: 'static' | 'begun' | 'lived' | 'killed' | 'tainted' | 'doubted' | 'hung';
  /** Of what is begun: the process it runs in, and how long it may take, in milliseconds. */
  readonly by?: { readonly process: number; readonly limit: number };
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
  /** Tests that one of several mutants tainted. */
  readonly doubted = new Set<string>();
  /** Mutants that did not end. */
  readonly hung = new Set<string>();
  /** What each process began last and has not ended, and when that has taken too long. */
  readonly begun = new Map<number, { readonly line: Line; readonly end: number }>();
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

  /** How many processes were spoilt. */
  get spoilt(): number {
    return this.tainted.length + this.doubted.size + this.hung.size;
  }

  /** What has taken too long, and its process. */
  hanging(): (Line & { readonly process: number }) | undefined {
    for (const [process, { line, end }] of this.begun) {
      if (performance.now() > end) return { ...line, process };
    }
    return undefined;
  }

  #take(line: Line): void {
    const { id, test, found, by } = line;
    for (const [own, { line }] of this.begun) {
      if (line.id === id && line.test === test) this.begun.delete(own);
    }
    if (by) this.begun.set(by.process, { line, end: performance.now() + by.limit });
    if (found === 'doubted') this.doubted.add(test);
    if (found === 'hung') this.hung.add(id);
    if (found === 'static') this.loaded.add(id);
    if (found === 'killed' || found === 'hung' || (found === 'tainted' && this.tainted.includes(id)))
      this.dead.add(id);
    if (found === 'lived') this.tried.add(`${id} ${test}`);
    if (found === 'tainted') this.tainted.push(id);
  }
}
