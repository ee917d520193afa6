/**
 * What the first pass learns of a column whose texts may be dates: in which orders of day, month and year all
 * of them can be read.
 */
import { type DateOrder, readDate } from './dates.js';
import { Moments } from './moments.js';

/** A column of dates in one order. */
export class DateReading {
  /** Undefined where every date begins with its year. */
  readonly order: DateOrder | undefined;
  /** Of the dates that train, in days. */
  readonly days = new Moments();
  hasTime = false;
  /** Of the chunk at hand. */
  #chunk: Float64Array | undefined;

  constructor(order: DateOrder | undefined) {
    this.order = order;
  }

  set(rows: number, index: number, days: number): void {
    this.#chunk ??= new Float64Array(rows).fill(Number.NaN);
    this.#chunk[index] = days;
  }

  endChunk(parts: Uint8Array): void {
    if (this.#chunk) this.days.add(this.#chunk, parts);
    this.#chunk = undefined;
  }
}

export class DateProfile<Odd> {
  /**
   * The first cell that no order reads, or none of those that read all cells before it. Undefined while there
   * is one.
   */
  firstOdd: Odd | undefined;
  #readings = [undefined, 'dmy', 'mdy'].map((order) => new DateReading(order as DateOrder | undefined));

  /** Adds the text of a row of a chunk of so many. `odd` describes it. */
  add(text: string, rows: number, index: number, odd: () => Odd): void {
    if (this.firstOdd) return;
    const yearFirst = readDate(text);
    const still = this.#readings.filter((reading) => {
      const date = yearFirst ?? (reading.order && readDate(text, reading.order));
      if (!date) return false;
      reading.set(rows, index, date.days);
      reading.hasTime ||= date.hasTime;
      return true;
    });
    // Which orders read what came before is kept: the message names one of them.
    if (still.length === 0) this.firstOdd = odd();
    else this.#readings = still;
  }

  endChunk(parts: Uint8Array): void {
    for (const reading of this.#readings) reading.endChunk(parts);
  }

  /** Orders in which all texts are dates: the one that is sure, or both where the texts leave it open. */
  get readings(): readonly DateReading[] {
    if (this.firstOdd) return [];
    const yearFirst = this.#readings.find(({ order }) => order === undefined);
    return yearFirst ? [yearFirst] : this.#readings;
  }

  /** The order of the cells before the odd one, as far as they told. */
  get lastOrder(): DateOrder | undefined {
    return this.#readings[0].order;
  }
}
