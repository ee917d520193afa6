/** Values with more around them: a number everywhere, or the pixels of an image once more. */
import { ShapeError } from '../base/errors.js';
import type { OptionReader } from '../base/options.js';
import type { Tensor } from '../engine/tensor.js';
import { type Operation, one, type Shape, showShape } from './operation.js';
import { isAmounts } from './read.js';
import { resampling } from './resample.js';
import { fill, unary } from './strided.js';
import { slice, type View, viewOf } from './view.js';

export const PAD_MODES = ['constant', 'reflect', 'edge'] as const;

export interface PadAttributes {
  /** Of each axis of a row: places before its first, and behind its last. */
  readonly amounts: readonly (readonly [before: number, after: number])[];
  /** `reflect` mirrors at the middle of the last pixel, `edge` repeats it: of images, in height and width. */
  readonly mode: (typeof PAD_MODES)[number];
  /** Of `constant`. */
  readonly value: number;
}

/** x within more: `value`, or its own pixels. */
export const pad: Operation<PadAttributes> = {
  name: 'pad',
  infer(where, inputs, attributes) {
    const { amounts, mode } = attributes;
    const [x] = inputs;
    if (amounts.length !== x.dims.length) {
      const expected = `expected ${x.dims.length} pairs for ${showShape(x)}`;
      throw new ShapeError(where, `amounts: ${expected}, given ${amounts.length}`);
    }
    if (mode !== 'constant') return repeat.infer(where, inputs, attributes);
    return [{ ...x, dims: x.dims.map((length, i) => length + amounts[i][0] + amounts[i][1]) }];
  },
  read(reader: OptionReader) {
    return {
      amounts: reader.required('amounts', 'pairs of whole numbers of at least 0', isAmounts),
      mode: reader.oneOf('mode', PAD_MODES),
      value: reader.number('value', { min: -MAX, max: MAX }),
    };
  },
  derivative(rule) {
    const { attributes, inputs, gradients } = rule;
    if (attributes.mode !== 'constant') return repeat.derivative!(rule);
    return [one(rule, crop, [gradients[0]!], { ...attributes, shape: inputs[0].shape })];
  },
  bind(binding) {
    const { attributes, inputs, outputs } = binding;
    if (attributes.mode !== 'constant') return repeat.bind(binding);
    const [around, within] = partsOf(outputs[0]!, inputs[0], attributes);
    return [
      ...around.map((y) => fill({ y, value: attributes.value })),
      unary({ y: within, x: viewOf(inputs[0]), operation: 'copy' }),
    ];
  },
};

/** The largest float32. */
const MAX = (2 - 2 ** -23) * 2 ** 127;

/** Where what was padded came from. */
const crop: Operation<PadAttributes & { readonly shape: Shape }> = {
  name: 'crop',
  infer: (_, __, { shape }) => [shape],
  bind({ attributes, inputs: [x], outputs }) {
    const y = outputs[0]!;
    return unary({ y: viewOf(y), x: partsOf(x, y, attributes)[1], operation: 'copy' });
  },
};

/** What lies around x within the padded tensor, side by side, and where x lies. */
function partsOf(padded: Tensor, x: Tensor, { amounts }: PadAttributes): [around: View[], within: View] {
  const around: View[] = [];
  let within = viewOf(padded);
  const first = x.shape.length - amounts.length;
  for (const [i, [before, after]] of amounts.entries()) {
    const axis = first + i;
    const length = x.shape[axis];
    if (before > 0) around.push(slice(within, axis, 0, before));
    if (after > 0) around.push(slice(within, axis, before + length, after));
    within = slice(within, axis, before, length);
  }
  return [around, within];
}

const repeat: Operation<PadAttributes> = /* @__PURE__ */ resampling({
  name: 'pad',
  output(where, { amounts, mode }, size) {
    if (amounts[2][0] + amounts[2][1] > 0) {
      throw new ShapeError(where, `mode ${mode}: expected no channels before or behind, given ${amounts[2]}`);
    }
    return size.map((length, axis) => {
      const [before, after] = amounts[axis];
      if (mode === 'edge' || Math.max(before, after) < length) return before + length + after;
      const expected = `expected less than the ${length} pixels of axis ${axis}`;
      throw new ShapeError(where, `mode reflect: ${expected}, given ${before} and ${after}`);
    });
  },
  taps({ amounts, mode }, length, axis) {
    const [before, after] = amounts[axis];
    return Array.from({ length: before + length + after }, (_, to) => {
      const inside = Math.min(Math.max(to - before, 0), length - 1);
      return [[mode === 'edge' ? inside : 2 * inside - (to - before), 1]];
    });
  },
});
