/**
 * What turns the plain steps of a graph into those that run fast. A pass looks for a form, and rewrites it where
 * that changes no bit. Each can be left out by name.
 */
import type { Program } from '../program.js';
import { activationIntoProduct, derivativeIntoProduct } from './activations.js';
import { derivativeBeforeUnpooling } from './pools.js';
import { compressedInputs } from './sparse.js';

export interface Pass {
  readonly name: string;
  run(program: Program): void;
}

/** In the order in which they run. */
export const passes = [
  derivativeBeforeUnpooling,
  activationIntoProduct,
  derivativeIntoProduct,
  compressedInputs,
] as const satisfies Pass[];

export type PassName = (typeof passes)[number]['name'] | 'sharedMemory' | 'updateWithGradient';

/** Of those that are no rewriting: of the layout (places.ts), and of the update. */
export const passNames: readonly PassName[] = [
  ...passes.map(({ name }) => name),
  'sharedMemory',
  'updateWithGradient',
];
