/** Graphs as exporters lay them out give what ONNX Runtime makes of them, for one row and for three. */
import { describe, expect, test } from 'vitest';
import { readOnnx } from '../../../../src/formats/onnx/read.js';
import { worstDifference } from '../runtime.js';
import { layoutNames, readLayout } from './layout.js';
import { drawInputs, forPort, runFile, runImport } from './run.js';

describe.each(layoutNames)('%s', (name) => {
  const layout = readLayout(name);

  test.each(layout.rows === undefined ? [1, 3] : [layout.rows])('a batch of %i', async (rows) => {
    const inputs = drawInputs(layout, rows);
    const expected = [...(await runFile(layout.bytes, layout, inputs)).values()];
    const read = readOnnx(layout.bytes, `${name}.onnx`);
    const outputs = runImport(read, inputs);
    expect(outputs.length).toBe(expected.length);
    for (const [i, port] of read.model.outputs.entries())
      expect(worstDifference(outputs[i], forPort(port, expected[i])), port.name).toBeLessThan(1e-5);
  });
});
