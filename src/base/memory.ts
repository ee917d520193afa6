/** What memory there is. Node only. */
import { freemem } from 'node:os';

/** Bytes that this process may still take, as far as the system tells. */
export function availableMemory(): number {
  // Heeds the limits of containers; not in all of Node 20.
  const { availableMemory: available } = process as { availableMemory?: () => number };
  return available?.call(process) ?? freemem();
}
