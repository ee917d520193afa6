// Until branch strided lands.
import type { Call } from './check.js';
import type { View } from './view.js';
export type UnaryOperation = string;
export type BinaryOperation = string;
export function unary(_: { y: View; x: View; operation: UnaryOperation; parameter?: number }): Call {
  throw new Error('strided');
}
export function binary(_: { y: View; a: View; b: View; operation: BinaryOperation }): Call {
  throw new Error('strided');
}
export function select(_: { y: View; condition: View; a: View; b: View }): Call {
  throw new Error('strided');
}
export function fill(_: { y: View; value: number }): Call {
  throw new Error('strided');
}
