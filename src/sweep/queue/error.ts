/** The error of queues. Apart from what loads BullMQ's types, which not everybody has who imports this one. */
import { LanegradError } from '../../base/errors.js';

/** A queue cannot be reached, or has something that it should not have. `where` is its URL without a password. */
export class QueueError extends LanegradError {
  static override readonly name: string = 'QueueError';
}
