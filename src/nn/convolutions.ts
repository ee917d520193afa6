/** The convolutions of a model: their kernels, and the layers that give what they find. For those who show them. */
import { type Node, nodesOf } from '../graph/value.js';
import { convolution, convolutionTranspose } from '../ops/conv.js';
import { graphOf, type Network } from './model.js';
import { layerValues } from './subnetwork.js';
import type { Parameter } from './values.js';

export interface Convolution {
  /** Of the layer, as `subnetwork` takes it. */
  readonly layer: string;
  readonly kind: string;
  /** What the layer gives for each row: [height, width, channels]; after its activation, if it has one. */
  readonly shape: readonly number[];
  /** [height, width, in / groups, out], where it is a parameter. */
  readonly weight?: Parameter;
}

/** In the order in which they are computed; those outside of layers, and those over series, are left out. */
export function convolutionsOf(model: Network): Convolution[] {
  const where = 'convolutionsOf';
  const { outputs, parameters, names } = graphOf(where, model);
  const values = layerValues(where, model);
  const weights = new Map(parameters.map((value, i) => [value, model.parameters[i]]));
  const found = new Map<string, Convolution>();
  for (const node of nodesOf(outputs).filter(isConvolution)) {
    const { scopes, inputs } = node;
    const layer = scopes.map(({ owner }) => names.get(owner)!).join('.');
    const shape = values.get(layer)?.shape.dims;
    if (shape?.length !== 3) continue;
    const { kind, name } = scopes[scopes.length - 1];
    const weight = weights.get(inputs[1]);
    found.set(layer, { layer, kind: kind ?? name, shape, ...(weight && { weight }) });
  }
  return [...found.values()];
}

function isConvolution({ operation }: Node): boolean {
  return ([convolution, convolutionTranspose] as unknown[]).includes(operation);
}
