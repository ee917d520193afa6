/** Every operator that is read, by its name; those of other domains with the domain before it. */

import * as F from '../../../graph/functions.js';
import { attributeOf } from '../flow.js';
import { ML_DOMAIN, type OnnxNode } from '../proto.js';
import { known } from './array.js';
import { knownOf, type NodeReader, type TracedOperator } from './context.js';
import { cutOperators } from './cut.js';
import { einsumOperators } from './einsum.js';
import { elementwise, elementwiseOperators } from './elementwise.js';
import { gatherOperators } from './gather.js';
import { imageOperators } from './images.js';
import { productOperators } from './products.js';
import { reduceOperators } from './reduce.js';
import { shapeOperators } from './shapes.js';
import type { Term } from './traced.js';

/** A constant stands in one of several attributes. */
function constant(node: NodeReader): Term {
  const own = (name: string) => attributeOf(node.node, name);
  const tensor = own('value')?.tensor;
  if (tensor) return knownOf(tensor, node.fail);
  const [float, int] = [own('value_float')?.float, own('value_int')?.int];
  if (float !== undefined) return known('float', [], [float]);
  if (int !== undefined) return known('int', [], [int]);
  const [floats, ints] = [own('value_floats')?.floats, own('value_ints')?.ints];
  if (floats) return known('float', [floats.length], floats);
  if (ints) return known('int', [ints.length], ints);
  return node.fail('expected a constant as attribute: numbers, no strings');
}

/** (x - offset) · scale, as scikit-learn's StandardScaler is written. */
function scaler(node: NodeReader): Term {
  const list = (name: string, fallback: number) => {
    const values = node.floats(name) ?? [fallback];
    return known('float', [values.length], values);
  };
  const terms = [node.term(0), list('offset', 0), list('scale', 1)];
  return elementwise(node, terms, 'float', (x, offset, scale) => F.mul(F.sub(x, offset), scale));
}

export const operators: ReadonlyMap<string, TracedOperator> = new Map(
  Object.entries({
    Constant: {
      ...{ inputs: 0, read: constant },
      attributes: ['value', 'value_float', 'value_floats', 'value_int', 'value_ints'],
    },
    ...cutOperators,
    ...einsumOperators,
    ...elementwiseOperators,
    ...gatherOperators,
    ...imageOperators,
    ...productOperators,
    ...reduceOperators,
    ...shapeOperators,
    [`${ML_DOMAIN}.Scaler`]: { inputs: 1, attributes: ['offset', 'scale'], read: scaler },
    // Probabilities by the names of classes: the same numbers.
    [`${ML_DOMAIN}.ZipMap`]: {
      ...{ inputs: 1, attributes: ['classlabels_int64s', 'classlabels_strings'] },
      read: (node: NodeReader) => node.given(0),
    },
  } satisfies Record<string, TracedOperator>),
);

export function keyOf({ domain, operator }: OnnxNode): string {
  return domain ? `${domain}.${operator}` : operator;
}

/** Four axes are those of images to these. */
export const ofImages: ReadonlySet<string> = new Set([
  ...[
    'AveragePool',
    'Conv',
    'ConvTranspose',
    'GlobalAveragePool',
    'GlobalMaxPool',
    'MaxPool',
    'Resize',
    'Upsample',
  ],
]);
