import type { Call } from './check.js';
import type { View } from './view.js';
export function reduce(_: { y: View; x: View; operation: string; scale?: number }): Call {
  throw new Error('strided');
}
