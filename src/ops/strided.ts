/** Functions of numbers over views of tensors: strided, permuted, repeated. */
import { OptionError, ShapeError, show } from '../base/errors.js';
import { BINARY, UNARY } from '../engine/codes.js';
import type { Signatures } from '../engine/signatures.js';
import { formatShape, type TensorEngine } from '../engine/tensor.js';
import { type Call, checkSameEngine } from './check.js';
import { type Calls, elementwise } from './loops.js';
import { checkDistinct, checkInPlace, checkView, type View } from './view.js';

export const signatures = {
  /**
   * y = f(x); y may be x. exp, log and the activations have the bits of the kernels of those names;
   * `parameter` is leakyRelu's slope, elu's alpha, what scale multiplies by, and what fill puts in place of
   * x. sign of zeros and NaN is themselves; round takes halves to even. Errors: expm1 5 ulp, log1p and erf 3
   * ulp, sin and cos 1 ulp for every float. Any strides, 0 too, but those of y: no element of it may be
   * written twice.
   */
  strided_unary: `y: out rows, sy0, sy1, sy2, work: scratch, x: in rows, sx0, sx1, sx2, D0: cut, D1: across, D2: across, op,
    parameter: f32; 0.5 ns`,
  /**
   * y = f(a, b); y may be a or b. max and min of NaN are NaN, and -0 is less than 0; comparisons are 1 or 0,
   * with NaN 0, notEqual 1; pow has an error of 1 ulp and the special cases of IEEE 754.
   */
  strided_binary: `y: out rows, sy0, sy1, sy2, work: scratch, a: in rows, sa0, sa1, sa2, b: in rows, sb0, sb1, sb2, D0: cut,
    D1: across, D2: across, op; 0.4 ns`,
  /** y = c ≠ 0 ? a : b; NaN is not 0. y may be any of the others. */
  strided_select: `y: out rows, sy0, sy1, sy2, work: scratch, c: in rows, sc0, sc1, sc2, a: in rows, sa0, sa1, sa2, b: in rows, sb0,
    sb1, sb2, D0: cut, D1: across, D2: across; 0.5 ns`,
} satisfies Signatures;

export type UnaryOperation = (typeof UNARY)[number];
export type BinaryOperation = (typeof BINARY)[number];

/** The parameters of PyTorch where none is given. */
const parameters: Partial<Record<UnaryOperation, number>> = { leakyRelu: 0.01, elu: 1, scale: 1 };

/**
 * y = f(x), element by element; y may be x. `parameter` is leakyRelu's slope (0.01), elu's alpha (1), the
 * factor of scale.
 */
export function unary(args: { y: View; x: View; operation: UnaryOperation; parameter?: number }): Call {
  const { y, x, operation, parameter = parameters[operation] ?? 0 } = args;
  const where = 'unary';
  const code = codeOf(where, operation, UNARY);
  checkElementwise(where, y, { x });
  const { kernels, work } = y.tensor.engine;
  return all(
    elementwise([y, x]).map(({ lengths, strides, starts }) => {
      const [D0, D1, D2] = lengths;
      const [[y0, y1, y2], [x0, x1, x2]] = strides;
      return () => {
        for (let i = 0; i < starts.length; i += 2) {
          const p = starts[i];
          const q = starts[i + 1];
          kernels.strided_unary(p, y0, y1, y2, work, q, x0, x1, x2, D0, D1, D2, code, parameter);
        }
      };
    }),
  );
}

/** y = f(a, b), element by element, comparisons as 1 or 0; y may be a or b. */
export function binary(args: { y: View; a: View; b: View; operation: BinaryOperation }): Call {
  const { y, a, b, operation } = args;
  const where = 'binary';
  const code = codeOf(where, operation, BINARY);
  checkElementwise(where, y, { a, b });
  const { kernels, work } = y.tensor.engine;
  return all(
    elementwise([y, a, b]).map(({ lengths, strides, starts }) => {
      const [D0, D1, D2] = lengths;
      const [[y0, y1, y2], [a0, a1, a2], [b0, b1, b2]] = strides;
      return () => {
        for (let i = 0; i < starts.length; i += 3) {
          const p = starts[i];
          const q = starts[i + 1];
          const r = starts[i + 2];
          kernels.strided_binary(p, y0, y1, y2, work, q, a0, a1, a2, r, b0, b1, b2, D0, D1, D2, code);
        }
      };
    }),
  );
}

/** y = a where the condition is not 0, else b; what is not taken may be NaN. y may be any of the others. */
export function select(args: { y: View; condition: View; a: View; b: View }): Call {
  const { y, condition, a, b } = args;
  checkElementwise('select', y, { condition, a, b });
  return all(elementwise([y, condition, a, b]).map((calls) => selectCall(y.tensor.engine, calls)));
}

function selectCall({ kernels, work }: TensorEngine, { lengths, strides, starts }: Calls): Call {
  const [D0, D1, D2] = lengths;
  const [[y0, y1, y2], [c0, c1, c2], [a0, a1, a2], [b0, b1, b2]] = strides;
  return () => {
    for (let i = 0; i < starts.length; i += 4) {
      const y = starts[i];
      const c = starts[i + 1];
      const a = starts[i + 2];
      const b = starts[i + 3];
      // biome-ignore format: a tensor a group
      kernels.strided_select(
        y, y0, y1, y2, work, c, c0, c1, c2, a, a0, a1, a2, b, b0, b1, b2, D0, D1, D2,
      );
    }
  };
}

/** y = value. */
export function fill({ y, value }: { y: View; value: number }): Call {
  if (typeof value !== 'number') {
    throw new OptionError('fill', `value: expected a number, given ${show(value)}`);
  }
  return unary({ y, x: y, operation: 'fill', parameter: value });
}

/** @internal One call of several. */
export function all(calls: readonly Call[]): Call {
  if (calls.length === 1) return calls[0];
  return () => {
    for (let i = 0; i < calls.length; i++) calls[i]();
  };
}

/** @internal The place of an operation's name. Throws OptionError for another. */
export function codeOf(where: string, operation: string, names: readonly string[]): number {
  const code = names.indexOf(operation);
  if (code >= 0) return code;
  throw new OptionError(where, `operation: expected one of ${names.join(', ')}, given ${show(operation)}`);
}

function checkElementwise(where: string, y: View, inputs: Readonly<Record<string, View>>): void {
  const views = Object.values(inputs);
  checkSameEngine(where, y.tensor, ...views.map(({ tensor }) => tensor));
  checkView(where, 'y', y);
  for (const [name, view] of Object.entries(inputs)) {
    if (view.shape.length !== y.shape.length) {
      const expected = `expected ${formatShape(y.shape)}, as y has`;
      throw new ShapeError(where, `${name}: ${expected}, given ${formatShape(view.shape)}`);
    }
    checkView(where, name, view, y.shape);
  }
  checkDistinct(where, 'y', y);
  checkInPlace(where, y, ...views);
}
