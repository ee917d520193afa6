import type { Call } from './check.js';
import type { View } from './view.js';
export function gather(_: { y: View; table: View; indices: View }): Call {
  throw new Error('strided');
}
export function scatterAdd(_: { dtable: View; indices: View; dy: View }): Call {
  throw new Error('strided');
}
