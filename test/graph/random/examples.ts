/** Networks that once showed a fault, of the library or of these tests: they are tried first. */
import type { Recipe } from './recipe.js';

const simple = (seed: number, ...names: string[]): Recipe => ({
  steps: names.map((name) => [name, []]),
  seed,
  jumps: true,
});

export const examples: readonly Recipe[] = [
  // The statistics of a norm that nothing is derived through are not kept.
  simple(0, 'greater', 'batchNorm'),
  // A gradient that takes the place of what it is made of: backward runs once after each forward.
  simple(0, 'globalMaxPool', 'neg'),
  // Several outputs of one input, which are predicted by their names.
  {
    steps: [
      ['neg', []],
      ['neg', [1, 1]],
    ],
    seed: 0,
  },
  // A number in the graph that float32 does not have would be another one in an ONNX file.
  simple(0, 'embedding', 'neg'),
  // 16 numbers, one a row, lie otherwise than 16 rows of one number, and were taken for the same memory.
  { steps: [['neg', []]], seed: 1 },
  // Targets of an output of several axes lie without gaps, and were read as if they were padded.
  { steps: [['neg', [0, 135]]], seed: 46 },
];
