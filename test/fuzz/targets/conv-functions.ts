/** Convolutions as functions of `lanegrad`: layers in a model that is run, and functions of values. */
import type { Engine, Layer, Value } from '../../../src/index.js';
import * as lanegrad from '../../../src/index.js';
import type { Random } from '../random.js';
import { allFinite, type Call } from './functions.js';

const { dense, flatten, input, network, parameter, predict, sequential } = lanegrad;

/** What a misused option may ask of the interpreter's readable twins, and no more. */
const MOST = 1e6;

function answer(engine: Engine, model: lanegrad.Network): ArrayLike<number> {
  const { multiplyAdds, layers } = lanegrad.summary(model);
  if (layers.some(({ outputSize }) => outputSize > MOST) || multiplyAdds > MOST) return [];
  const row = Float32Array.from({ length: model.inputSize }, (_, i) => Math.sin(i));
  return predict(engine, model, row, { loss: 'meanSquaredError' });
}

/** A layer over images, or over what `shape` says. */
const layer = (make: (...args: never[]) => unknown, valid: readonly unknown[], shape = [5, 4, 2]): Call => ({
  valid: (_, { reference }) => [...valid, reference],
  call(...args: readonly unknown[]) {
    const made = (make as (...args: readonly unknown[]) => Layer)(...args.slice(0, valid.length));
    const model = sequential(shape, [made]);
    return model.parameterCount > MOST ? [] : answer(args[valid.length] as Engine, model);
  },
  check: (result, _, intact) => intact && allFinite(result),
});

/** The same function given an image and a weight. */
function withValues(call: Call, make: (...args: never[]) => unknown, weight: readonly number[]): Call {
  const ofValues = (r: Random) => {
    const bias = parameter('bias', [2], 'zeros');
    return [input([5, 4, 2]), parameter('weight', weight, 'heNormal'), { stride: 2, padding: 1, bias }, r];
  };
  return {
    async valid(r, world) {
      return r.chance(0.5) ? [...ofValues(r).slice(0, 3), world.reference] : call.valid(r, world);
    },
    call(...args: readonly unknown[]) {
      const [x, , , engine] = args;
      const isValue = typeof x === 'object' && x !== null && 'node' in x;
      if (!isValue) return (call.call as (...args: readonly unknown[]) => unknown)(...args);
      const made = (make as (...args: readonly unknown[]) => Value)(...args.slice(0, 3));
      return answer(engine as Engine, network(x as Value, dense(1)(flatten(made))));
    },
    check: call.check!,
  };
}

const window = { stride: [2, 1], padding: [1, 0, 2, 1], dilation: 1 };
const affine = { activation: 'relu', bias: true, weightInitializer: 'heNormal', biasInitializer: 'zeros' };

export const convFunctions: Record<string, Call> = {
  conv1d: layer(
    lanegrad.conv1d,
    [4, 3, { stride: 2, padding: [2, 0], dilation: 1, groups: 2, ...affine }],
    [7, 2],
  ),
  conv2d: withValues(
    layer(lanegrad.conv2d, [4, [3, 2], { ...window, groups: 2, ...affine }]),
    lanegrad.conv2d,
    [3, 3, 2, 2],
  ),
  convTranspose2d: withValues(
    layer(lanegrad.convTranspose2d, [4, 3, { ...window, groups: 2, outputPadding: [1, 0], ...affine }]),
    lanegrad.convTranspose2d,
    [3, 3, 2, 2],
  ),
  depthwiseConv2d: layer(lanegrad.depthwiseConv2d, [[3, 2], { ...window, multiplier: 2, ...affine }]),
  separableConv2d: layer(lanegrad.separableConv2d, [3, 3, { ...window, multiplier: 2, ...affine }]),
};
