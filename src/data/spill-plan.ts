/** How rows that are larger than memory are divided so that they take no more of it than they may. Node only. */
import { tmpdir } from 'node:os';
import { availableMemory } from '../base/memory.js';
import { OptionReader } from '../base/options.js';
import { type RowForm, rowBytes, rowsIn } from './spilled-rows.js';

/** Bytes that training may hold of rows where nothing else is said. */
export const DEFAULT_MEMORY = 2 ** 29;
/** The least that may be said. */
export const MIN_MEMORY = 2 ** 20;

/** Bytes of a chunk: enough for a disk to be fast, and few enough for many to be in a window. */
const MAX_CHUNK = 2 ** 22;
/**
 * Of the memory, half is for rows: two windows in the engine and one that is read ahead. The other half is for
 * what reads, and for the program itself.
 */
const WINDOWS = 6;

/** Where rows may be, and how much of them at a time in memory. */
export interface SpillLimits {
  readonly memory: number;
  /** Of the temporary file. */
  readonly spillFolder: string;
}

/** Options that are limits, and the others. Throws OptionError for limits that are none. */
export function readSpillLimits<T extends Partial<SpillLimits>>(where: string, options: T | undefined) {
  const { memory, spillFolder, ...others } = options ?? ({} as T);
  const reader = new OptionReader(where, { memory, spillFolder });
  const limits: SpillLimits = {
    memory: reader.integer('memory', { min: MIN_MEMORY }, DEFAULT_MEMORY),
    spillFolder: reader.string('spillFolder', tmpdir()),
  };
  return { limits, others };
}

/** In how large pieces rows are written, read and shuffled. */
export interface SpillPlan {
  /** Rows of a chunk. */
  readonly chunk: number;
  /** Rows that are shuffled together. */
  readonly window: number;
}

/** The plan depends on what the rows are and on the bytes of memory, and so does the order of training. */
export function planSpill(memory: number, form: RowForm): SpillPlan {
  const window = memory / WINDOWS;
  return { chunk: rowsIn(Math.min(MAX_CHUNK, window / 8), form), window: rowsIn(window, form) };
}

/**
 * Whether so many rows are better held in memory: if `memory` was said, where one window would hold them all, so
 * that training sees them in the same order either way; otherwise where they take no more than half of what is
 * free, twice, as a set and in the engine.
 */
export function fitsInMemory(rows: number, form: RowForm, memory?: number): boolean {
  const bytes = rows * rowBytes(form);
  return memory === undefined ? 4 * bytes <= availableMemory() : bytes <= memory / WINDOWS;
}
