/** The metrics of a run folder, read back; and the file that TensorBoard looks for there. Node only. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError, FormatError } from '../base/errors.js';
import { readFileBytes } from '../base/files/atomic.js';

/** The metrics' file within a run folder: JSON lines, an object an epoch. */
const METRICS_FILE = 'metrics.jsonl';

export interface RunMetrics {
  /** Of the file itself. */
  readonly path: string;
  readonly records: readonly object[];
  /** Seconds since 1970 at which the file was last written. */
  readonly endSeconds: number;
}

/**
 * Reads metrics.jsonl of a run folder, or such a file by its own name. Throws FileError when it cannot be
 * read, FormatError for a line that is no JSON object, DataError when it has none. What a process that was killed
 * left of a last line is not seen.
 */
export async function readMetrics(given: string): Promise<RunMetrics> {
  const found = await stat(given).catch(() => undefined);
  const path = found?.isFile() ? given : join(given, METRICS_FILE);
  const bytes = await readFileBytes(path);
  const { mtimeMs } = await stat(path);
  const records = parseJsonLines(bytes, path);
  if (records.length === 0)
    throw new DataError(path, 'expected the metrics of at least one epoch, given an empty file');
  return { path, records, endSeconds: mtimeMs / 1000 };
}

function parseJsonLines(bytes: Uint8Array, where: string): object[] {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new FormatError(where, 'expected lines of JSON, given bytes that are not UTF-8', { cause });
  }
  return text.split('\n').flatMap((line, index, lines) => {
    if (line.trim() === '') return [];
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch (cause) {
      if (index > 0 && index === lines.length - 1) return [];
      throw new FormatError(where, `line ${index + 1} is not JSON: ${(cause as Error).message}`, { cause });
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new FormatError(where, `line ${index + 1}: expected a JSON object`);
    }
    return [value];
  });
}

/** TensorBoard finds event files by the middle of their names. */
export function eventFileName(seconds: number): string {
  return `events.out.tfevents.${Math.floor(seconds)}.lanegrad`;
}
