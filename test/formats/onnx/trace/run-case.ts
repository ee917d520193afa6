/** Runs networks that were read from ONNX's own tests, and compares what they give. */
import { elementsOf } from '../../../../src/base/arrays.js';
import type { Engine } from '../../../../src/engine/engine.js';
import { ofImages } from '../../../../src/formats/onnx/trace/operators.js';
import type { Network } from '../../../../src/nn/model.js';
import { predict } from '../../../../src/train/predict.js';
import { channelsLast } from '../../../networks/numbers.js';
import type { Case } from './node-cases.js';

type Named = Readonly<Record<string, Float32Array>>;

/** What is not right; undefined where all is. */
export function problemOf(
  engine: Engine,
  model: Network,
  { inputs, outputs, operators }: Case,
  relative = 1e-5,
): string | undefined {
  const hasImages = operators.some((own) => ofImages.has(own));
  const shapes = model.inputs.map(({ shape }) => elementsOf(shape));
  const given = model.inputs.map(({ name, shape }) => {
    const own = inputs.get(name);
    if (!own) return [0];
    const isImages = hasImages && own.dims.length === 4 && shape.length === 3;
    return isImages ? channelsLast(own.values(), own.dims) : own.values();
  });
  const counts = given.map((own, i) => own.length / shapes[i]);
  const [rows] = counts;
  if (counts.some((own) => own !== rows)) return `rows ${counts.join()}`;
  const named = Object.fromEntries(model.inputs.map(({ name }, i) => [name, Float32Array.from(given[i])]));
  const loss = Object.fromEntries(model.outputs.map(({ name }) => [name, 'meanSquaredError' as const]));
  const isOne = model.outputs.length === 1;
  const made: unknown =
    isOne && model.inputs.length === 1
      ? predict(engine, model, Object.values(named)[0], { loss: 'meanSquaredError' })
      : predict(engine, model, named, { loss: isOne ? 'meanSquaredError' : loss });
  for (const { name, shape } of model.outputs) {
    const { dims, dataType, values } = outputs.get(name.replace(/:.*/, ''))!;
    const isImages = hasImages && dims.length === 4 && shape.length === 3;
    const expected = isImages ? channelsLast(values(), dims) : values();
    const problem = difference(
      (isOne ? made : (made as Named)[name]) as Float32Array,
      expected,
      dataType === 10 ? 1e-3 : relative,
    );
    if (problem) return `${name}: ${problem}`;
  }
  return undefined;
}

function difference(
  got: ArrayLike<number>,
  expected: ArrayLike<number>,
  relative: number,
): string | undefined {
  if (got.length !== expected.length) return `${got.length} values, expected ${expected.length}`;
  for (let i = 0; i < got.length; i++) {
    const bound = 1e-5 + relative * Math.abs(expected[i]);
    if (!(Math.abs(got[i] - expected[i]) <= bound)) return `${got[i]} at ${i}, expected ${expected[i]}`;
  }
  return undefined;
}
