/** What a run's report says of the network: its layers, and what its convolutions look for and find. */
import { elementsOf, isUint8Array } from '../base/arrays.js';
import { EngineError, NonFiniteError } from '../base/errors.js';
import type { Dataset } from '../data/dataset.js';
import type { Engine } from '../engine/engine.js';
import { type Convolution, convolutionsOf } from '../nn/convolutions.js';
import type { Network } from '../nn/model.js';
import { summary } from '../nn/summary.js';
import { valuesOf } from '../nn/values.js';
import type { FeatureMaps, Filters, NetworkReport } from '../report/network.js';
import { features } from '../train/features.js';
import { scaleBytes } from '../train/rows.js';
import type { RunSplits } from './splits.js';

/** Numbers of one image's feature maps: more are not computed for a few pictures. */
const MAX_NUMBERS = 2 ** 24;

/** The first image of the test set, or of what there is in its place, is the one that convolutions are shown. */
export function describeNetwork(
  engine: Engine,
  model: Network,
  { test, validation, train }: RunSplits,
): NetworkReport {
  const { layers, multiplyAdds } = summary(model);
  const convolutions = convolutionsOf(model);
  const filters = filtersOf(convolutions);
  const kind = test ? 'test' : validation ? 'validation' : 'training';
  const maps = mapsOf(engine, model, convolutions, test ?? validation ?? train, `the first ${kind} image`);
  return { layers, multiplyAdds, ...(filters && { filters }), ...(maps && { features: maps }) };
}

/** Of the first convolution, where it has more than single pixels. */
function filtersOf([first]: readonly Convolution[]): Filters | undefined {
  const { layer, kind, weight } = first ?? {};
  if (!weight || weight.shape[0] * weight.shape[1] === 1) return undefined;
  return { layer: layer!, kind: kind!, shape: weight.shape, values: valuesOf(weight) };
}

function mapsOf(
  engine: Engine,
  model: Network,
  convolutions: readonly Convolution[],
  { inputs, imageShape, scale, offset, width }: Dataset,
  name: string,
): FeatureMaps | undefined {
  const numbers = convolutions.reduce((total, { shape }) => total + elementsOf(shape), 0);
  const [height, columns, channels = 1] = imageShape ?? [];
  const isPicture = height !== undefined && (channels === 1 || channels === 3);
  if (numbers === 0 || numbers > MAX_NUMBERS || !isPicture || model.inputs.length > 1) return undefined;
  const values = inputs.subarray(0, width);
  const row = isUint8Array(values) ? scaleBytes(values, { scale, offset }) : values;
  try {
    const found = features(
      engine,
      model,
      row,
      convolutions.map(({ layer }) => layer),
    );
    const layers = convolutions.map(({ layer, kind, shape }) => ({
      layer,
      kind,
      shape,
      values: found[layer],
    }));
    return { name, image: { height, width: columns!, channels, values }, layers };
  } catch (error) {
    // A run that diverged, or for whose pictures there is no memory, is reported all the same.
    if (error instanceof NonFiniteError || error instanceof EngineError) return undefined;
    throw error;
  }
}
