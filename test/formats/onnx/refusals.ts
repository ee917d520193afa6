/** What a file of ONNX is refused for: tables of graphs and messages, and weights that they share. */
import { expect, test } from 'vitest';
import { FormatError } from '../../../src/base/errors.js';
import { readOnnx } from '../../../src/formats/onnx/read.js';
import { floats, type GraphSpec, onnxFile } from './schema.js';

/** Of graphs that read rows of four numbers, or inputs of `shape`. */
export type Refusal = [what: string, graph: GraphSpec, message: RegExp, shape?: number[]];

export const W = [1, -2, 0.5, 3, -1, 0.25, 2, -0.5];
export const w = floats('w', [4, 2], W);
export const b = floats('b', [2], [0.5, -1]);

export function testRefusals(cases: readonly Refusal[]): void {
  test.each(cases)('%s', (_, graph, message, shape) => {
    const read = () => readOnnx(onnxFile(graph, shape), 'bad.onnx');
    expect(read).toThrow(FormatError);
    expect(read).toThrow(message);
    expect(read).toThrow(/^bad\.onnx: /);
  });
}
