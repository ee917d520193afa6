/** What is known of sets that stream from a temporary file, beside the sets themselves. */
export interface SpilledSets {
  /** Bytes on the disk, and the folder that they are in. */
  readonly bytes: number;
  readonly folder: string;
  /** Bytes of memory that training was given, by which the order of the rows is shuffled. */
  readonly memory: number;
  /** Rows of each class that train; absent for numbers. */
  readonly classCounts?: readonly number[];
  /** Gives the disk back. Twice is fine. */
  close(): Promise<void>;
}
