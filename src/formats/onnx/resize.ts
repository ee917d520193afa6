/** How images are enlarged: operators of ONNX whose pixels lie where those of `upsample` do. */
import { show } from '../../base/errors.js';
import { attributeOf, type Flow, failer, intAttribute, intsAttribute, wordAttribute } from './flow.js';
import type { ShapeNumbers } from './fold.js';
import type { OnnxNode } from './proto.js';
import type { Reading } from './reading.js';
import { floatValues } from './values.js';

/** More pixels than any image has along an axis. */
const MAX_LENGTH = 2 ** 16;

/** Enlarged as `upsample` does it, or by a rule that comes to the same for these sizes. */
export function resize(node: OnnxNode, flow: Flow, read: Reading, shapes: ShapeNumbers): void {
  const fail = failer(node, flow);
  const [channels, ...from] = read.requireImages(fail);
  const isOld = node.operator === 'Upsample' || node.inputs.length === 2;
  const axes = intsAttribute(node, 'axes', [0, 1, 2, 3], fail).map((axis) => (axis < 0 ? axis + 4 : axis));
  const of = <T>(values: readonly T[], kept: T): T[] => {
    if (values.length !== axes.length) fail(`expected a number for each axis, given ${values.length}`);
    return [0, 1, 2, 3].map((axis) => (axes.includes(axis) ? values[axes.indexOf(axis)] : kept));
  };
  const scaleTensor = flow.optionalConstant(node, isOld ? 1 : 2);
  const scales = scaleTensor ? [...floatValues(scaleTensor, fail)] : [];
  const sizes = isOld ? undefined : shapes.optional(node, 3);
  let to: number[];
  let factors: number[];
  if (scales.length > 0) {
    const [batch, channel, ...own] = of(scales, 1);
    if (batch !== 1 || channel !== 1) fail(`expected scales of height and width, given ${show(scales)}`);
    factors = own;
    to = from.map((length, i) => Math.floor(length * own[i]));
  } else {
    const [, channel, ...own] = of(sizes ?? fail('expected constant scales or sizes'), -1);
    if (channel !== channels && channel !== -1) fail('expected channels to stay as they are');
    to = own.map((length) => (length === 'batch' ? fail('a size depends on the batch') : length));
    factors = to.map((length, i) => length / from[i]);
  }
  if (!to.every((length) => length >= 1 && length <= MAX_LENGTH))
    fail(`expected sizes from 1 to ${MAX_LENGTH}, given ${show(to)}`);
  if (intAttribute(node, 'antialias', 0, fail) !== 0) fail('antialias is not supported');
  const given = wordAttribute(node, 'mode', ['nearest', 'linear'], fail);
  const places = isOld
    ? 'asymmetric'
    : (attributeOf(node, 'coordinate_transformation_mode')?.string ?? 'half_pixel');
  const rounding = isOld ? 'floor' : (attributeOf(node, 'nearest_mode')?.string ?? 'round_prefer_floor');
  const mode = given === 'nearest' ? 'nearest' : 'bilinear';
  const isSame = to.every((length, axis) =>
    Array.from({ length }, (_, place) => {
      const at = placeOf(places, place, { scale: factors[axis], from: from[axis], to: length });
      const centre = ((2 * place + 1) * from[axis] - length) / (2 * length);
      const inside = (value: number) => Math.min(Math.max(value, 0), from[axis] - 1);
      if (mode === 'bilinear') return Math.abs(inside(at) - inside(centre)) < 1e-4;
      return inside(rounded(rounding, at)) === inside(Math.floor(centre + 0.5));
    }).every(Boolean),
  );
  if (!isSame)
    fail(
      `${given} with ${places}${mode === 'nearest' ? ` and ${rounding}` : ''} from ${show(from)} to ${show(to)} is not supported`,
    );
  const scale = to.map((length, i) => length / from[i]);
  const config = scale.every(Number.isInteger) ? { scale, mode } : { size: to, mode };
  read.addImages({ kind: 'upsample', config, parameters: new Map() }, fail);
}

interface Lengths {
  readonly scale: number;
  readonly from: number;
  readonly to: number;
}

/** Where a pixel of the result lies in the other image; NaN for a rule that is not known. */
function placeOf(rule: string, place: number, { scale, from, to }: Lengths): number {
  if (rule === 'half_pixel') return (place + 0.5) / scale - 0.5;
  if (rule === 'pytorch_half_pixel') return to > 1 ? (place + 0.5) / scale - 0.5 : 0;
  if (rule === 'asymmetric') return place / scale;
  if (rule === 'align_corners') return to > 1 ? (place * (from - 1)) / (to - 1) : 0;
  return Number.NaN;
}

function rounded(rule: string, at: number): number {
  if (rule === 'floor') return Math.floor(at);
  if (rule === 'ceil') return Math.ceil(at);
  if (rule === 'round_prefer_ceil') return Math.floor(at + 0.5);
  return rule === 'round_prefer_floor' ? Math.ceil(at - 0.5) : Number.NaN;
}
