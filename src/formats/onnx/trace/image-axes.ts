/** The axes of images: channels first in the file, and last here; rows of channels are images of one line. */
import { show } from '../../../base/errors.js';
import type { Value } from '../../../graph/value.js';
import { named } from './array.js';
import type { NodeReader } from './context.js';
import { plain } from './layout.js';
import { type Axis, rowsAxis, shapeOf, type Traced } from './traced.js';

export interface Images {
  /** [rows, height, width, channels] */
  readonly value: Value;
  /** Whether the file's images have one axis, their length. */
  readonly isLine: boolean;
  /** Whether each row holds a batch of one image. */
  readonly inRow: boolean;
}

/** Values of images as operations take them. */
export function imagesOf(node: NodeReader, x: Traced): Images {
  const dims = shapeOf(x);
  if (dims.length !== 3 && dims.length !== 4)
    node.fail(
      `expected images [batch, channels, height, width] or [batch, channels, length], given ${show(named(dims))}`,
    );
  const isLine = dims.length === 3;
  const own = isLine ? node.reshaped(x, [dims[0], dims[1], 1, dims[2]]) : x;
  const inRow = rowsAxis(own) < 0 && own.value.shape.rows;
  if (inRow && dims[0] !== 1) node.fail('expected a batch as the first axis of images');
  const [N, C, H, W] = own.axes;
  const turned = plain({ ...own, axes: inRow ? [H, W, C] : [N, H, W, C] }, node.fail);
  return { value: turned.value, isLine, inRow };
}

/** Images of ours as the file has them. */
export function tracedImages(node: NodeReader, value: Value, { isLine, inRow }: Images, x: Traced): Traced {
  const [height, width, channels] = value.shape.dims;
  const rows = Number(value.shape.rows);
  const axis = (length: number, part: number): Axis => ({ length, parts: [part + rows] });
  const first: Axis = inRow || !rows ? { length: 1, parts: [] } : { length: shapeOf(x)[0], parts: [0] };
  const own: Traced = {
    value,
    kind: 'float',
    axes: [first, axis(channels, 2), axis(height, 0), axis(width, 1)],
  };
  return isLine ? node.reshaped(own, [first.length, channels, width]) : own;
}
