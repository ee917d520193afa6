/** What is known of sets that stream, beside the sets themselves. */
export interface Streaming {
  /** Bytes of their rows on the disk. */
  readonly bytes: number;
  /** Where these are, in words. */
  readonly place: string;
  /** Bytes of memory that training was given, by which the order of the rows is shuffled. */
  readonly memory: number;
  /** Rows of each class that train; absent for numbers, and where nobody has counted. */
  readonly classCounts?: readonly number[];
  /** Gives the disk back. Twice is fine. */
  close(): Promise<void>;
}

/** The place of a temporary file. */
export function temporaryIn(folder: string): string {
  return `a temporary file in ${folder}`;
}
