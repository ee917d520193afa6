/** Any network's file in ONNX Runtime, fed and read by the layout that its metadata tell. */
import { InferenceSession, Tensor } from 'onnxruntime-web';
import { permuted } from '../../../src/formats/axes.js';
import type { Network } from '../../../src/nn/model.js';
import { channelsLast } from '../../networks/numbers.js';
import { decodeFile } from './schema.js';

/** The outputs, each row-major in our own order of axes, with their shapes in the file. */
export async function runNetwork(
  bytes: Uint8Array,
  { inputs, outputs }: Network,
  numbers: readonly Float32Array[],
  rows: number,
  level: 'basic' | 'all' = 'basic',
): Promise<{ values: Float32Array[]; dims: number[][]; names: readonly string[] }> {
  const layout = layoutOf(bytes);
  const session = await InferenceSession.create(bytes, {
    graphOptimizationLevel: level,
    logSeverityLevel: 3,
  });
  try {
    const feeds = inputs.map(({ name, shape }, i) => {
      const isFirst = layout[name] === 'NCHW';
      const dims = isFirst ? [rows, shape[2], shape[0], shape[1]] : [rows, ...shape];
      const given = isFirst ? permuted(numbers[i], [rows, ...shape], [0, 3, 1, 2]) : numbers[i];
      return [name, new Tensor('float32', given, dims)] as const;
    });
    const results = await session.run(Object.fromEntries(feeds));
    const names = session.outputNames;
    const dims = names.map((name) => [...results[name].dims]);
    const values = names.map((name, i) => {
      const data = results[name].data as Float32Array;
      return layout[name] === 'NCHW' ? Float32Array.from(channelsLast(data, dims[i])) : data;
    });
    if (values.length !== outputs.length) throw new Error(`${values.length} outputs`);
    return { values, dims, names };
  } finally {
    await session.release();
  }
}

/** Of the inputs and outputs that are images, by name: `NCHW` or `NHWC`. */
export function layoutOf(bytes: Uint8Array): Record<string, string> {
  const { metadataProps = [] } = decodeFile(bytes) as { metadataProps?: { key: string; value: string }[] };
  return JSON.parse(metadataProps.find(({ key }) => key === 'layout')?.value ?? '{}');
}
