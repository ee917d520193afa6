/**
 * Arithmetic, comparisons and choices, element by element, as operations of the graph; shapes meet as
 * broadcast.ts says.
 */

import { broadcastShapes, stretched, unspread } from './broadcast.js';
import { type Operation, one, type Rule, type Symbolic } from './operation.js';
import { type BinaryOperation, binary, fill, select, type UnaryOperation, unary } from './strided.js';
import { viewOf } from './view.js';

type Gradient = <V extends Symbolic>(rule: Rule<V, object>, dy: V) => readonly (V | undefined)[];

function binaryOperation(name: string, kernel: BinaryOperation, gradient?: Gradient): Operation<object> {
  return {
    name,
    inPlace: [0, 1],
    infer: (where, [a, b]) => [broadcastShapes(where, a, b)],
    ...(gradient
      ? {
          derivative(rule) {
            const results = gradient(rule, rule.gradients[0]!);
            return results.map((own, i) =>
              own && rule.needs[i] ? unspread(rule, own, rule.inputs[i].shape) : undefined,
            );
          },
        }
      : { stops: true }),
    bind({ inputs: [a, b], outputs }) {
      const y = outputs[0]!;
      return binary({ y: viewOf(y), a: stretched(a, y), b: stretched(b, y), operation: kernel });
    },
  };
}

export const add = /* @__PURE__ */ binaryOperation('add', 'add', (_, dy) => [dy, dy]);

export const sub = /* @__PURE__ */ binaryOperation('sub', 'sub', (rule, dy) => [
  dy,
  rule.needs[1] ? one(rule, neg, [dy], {}) : undefined,
]);

export const mul = /* @__PURE__ */ binaryOperation('mul', 'mul', (rule, dy) => {
  const [a, b] = rule.inputs;
  return [
    rule.needs[0] ? one(rule, mul, [dy, b], {}) : undefined,
    rule.needs[1] ? one(rule, mul, [dy, a], {}) : undefined,
  ];
});

export const div = /* @__PURE__ */ binaryOperation('div', 'div', (rule, dy) => {
  const b = rule.inputs[1];
  const [y] = rule.outputs;
  const da = one(rule, div, [dy, b], {});
  return [da, rule.needs[1] ? one(rule, neg, [one(rule, mul, [da, y], {})], {}) : undefined];
});

/**
 * a to the power of b; a below 0 gives NaN unless b is a whole number. The gradient of b is 0 where a is 0.
 */
export const pow = /* @__PURE__ */ binaryOperation('pow', 'pow', (rule, dy) => {
  const [a, b] = rule.inputs;
  const [y] = rule.outputs;
  const times = (left: (typeof rule.inputs)[0], right: (typeof rule.inputs)[0]) =>
    one(rule, mul, [left, right], {});
  const da = () => {
    const less = one(rule, sub, [b, one(rule, constantLike, [b], { value: 1 })], {});
    return times(dy, times(b, one(rule, pow, [a, less], {})));
  };
  const db = () => {
    const zero = one(rule, equal, [a, one(rule, constantLike, [a], { value: 0 })], {});
    const log = one(
      rule,
      select3,
      [zero, one(rule, constantLike, [a], { value: 0 }), one(rule, unaries.log, [a], {})],
      {},
    );
    return times(dy, times(y, log));
  };
  return [rule.needs[0] ? da() : undefined, rule.needs[1] ? db() : undefined];
});

/**
 * The larger of two; NaN where either is. Where they are equal, each has half of the gradient, as in PyTorch.
 */
export const maximum = /* @__PURE__ */ binaryOperation('maximum', 'max', (rule, dy) =>
  shareOf(rule, dy, () => greater),
);

/**
 * The smaller of two; NaN where either is. Where they are equal, each has half of the gradient, as in
 * PyTorch.
 */
export const minimum = /* @__PURE__ */ binaryOperation('minimum', 'min', (rule, dy) =>
  shareOf(rule, dy, () => less),
);

export const less = /* @__PURE__ */ binaryOperation('less', 'less');
export const lessEqual = /* @__PURE__ */ binaryOperation('lessEqual', 'lessEqual');
export const greater = /* @__PURE__ */ binaryOperation('greater', 'greater');
export const greaterEqual = /* @__PURE__ */ binaryOperation('greaterEqual', 'greaterEqual');
export const equal = /* @__PURE__ */ binaryOperation('equal', 'equal');
export const notEqual = /* @__PURE__ */ binaryOperation('notEqual', 'notEqual');

function shareOf<V extends Symbolic>(
  rule: Rule<V, object>,
  dy: V,
  wins: () => Operation<object>,
): readonly (V | undefined)[] {
  const [a, b] = rule.inputs;
  const both = one(rule, equal, [a, b], {});
  const half = one(rule, mul, [both, one(rule, constantLike, [both], { value: 0.5 })], {});
  const share = (first: V, second: V) =>
    one(rule, mul, [dy, one(rule, add, [one(rule, wins(), [first, second], {}), half], {})], {});
  return [rule.needs[0] ? share(a, b) : undefined, rule.needs[1] ? share(b, a) : undefined];
}

/** a where the condition is not 0, else b: what is not taken may be NaN. */
export const select3: Operation<object> = {
  name: 'where',
  infer: (where, [condition, a, b]) => [broadcastShapes(where, condition, a, b)],
  derivative(rule) {
    const [condition, a, b] = rule.inputs;
    const dy = rule.gradients[0]!;
    const zero = one(rule, constantLike, [dy], { value: 0 });
    const da = () => unspread(rule, one(rule, select3, [condition, dy, zero], {}), a.shape);
    const db = () => unspread(rule, one(rule, select3, [condition, zero, dy], {}), b.shape);
    return [undefined, rule.needs[1] ? da() : undefined, rule.needs[2] ? db() : undefined];
  },
  bind({ inputs: [condition, a, b], outputs }) {
    const y = outputs[0]!;
    return select({
      y: viewOf(y),
      condition: stretched(condition, y),
      a: stretched(a, y),
      b: stretched(b, y),
    });
  },
};

/** One number everywhere, in the shape of the input. */
export const constantLike: Operation<{ readonly value: number }> = {
  name: 'constantLike',
  stops: true,
  infer: (_, [x]) => [x],
  bind: ({ attributes: { value }, outputs }) => fill({ y: viewOf(outputs[0]!), value }),
};

/** A number that stays what it is. */
export const stopGradient: Operation<object> = {
  name: 'stopGradient',
  stops: true,
  alias: true,
  infer: (_, [x]) => [x],
  bind: ({ inputs: [x], outputs }) => unary({ y: viewOf(outputs[0]!), x: viewOf(x), operation: 'copy' }),
};

/** dy times something of the input and the output. */
type UnaryGradient = <V extends Symbolic>(rule: Rule<V, object>, dy: V) => V;

function unaryOperation(name: string, kernel: UnaryOperation, gradient?: UnaryGradient): Operation<object> {
  return {
    name,
    inPlace: [0],
    infer: (_, [x]) => [x],
    ...(gradient ? { derivative: (rule) => [gradient(rule, rule.gradients[0]!)] } : { stops: true }),
    bind: ({ inputs: [x], outputs }) => unary({ y: viewOf(outputs[0]!), x: viewOf(x), operation: kernel }),
  };
}

const neg = /* @__PURE__ */ unaryOperation('neg', 'neg', (rule, dy) => one(rule, neg, [dy], {}));

type UnaryName =
  | 'neg'
  | 'exp'
  | 'log'
  | 'sqrt'
  | 'square'
  | 'abs'
  | 'sin'
  | 'cos'
  | 'reciprocal'
  | 'erf'
  | 'sign'
  | 'floor'
  | 'ceil'
  | 'round';

/** Functions of one value, by name. The gradient of whole numbers and signs is 0 everywhere. */
export const unaries: Readonly<Record<UnaryName, Operation<object>>> = {
  neg,
  exp: /* @__PURE__ */ unaryOperation('exp', 'exp', (rule, dy) => one(rule, mul, [dy, rule.outputs[0]], {})),
  log: /* @__PURE__ */ unaryOperation('log', 'log', (rule, dy) => one(rule, div, [dy, rule.inputs[0]], {})),
  sqrt: /* @__PURE__ */ unaryOperation('sqrt', 'sqrt', (rule, dy) => {
    const twice = one(rule, add, [rule.outputs[0], rule.outputs[0]], {});
    return one(rule, div, [dy, twice], {});
  }),
  square: /* @__PURE__ */ unaryOperation('square', 'square', (rule, dy) => {
    const product = one(rule, mul, [dy, rule.inputs[0]], {});
    return one(rule, add, [product, product], {});
  }),
  abs: /* @__PURE__ */ unaryOperation('abs', 'abs', (rule, dy) => {
    return one(rule, mul, [dy, one(rule, unaries.sign, [rule.inputs[0]], {})], {});
  }),
  sin: /* @__PURE__ */ unaryOperation('sin', 'sin', (rule, dy) => {
    return one(rule, mul, [dy, one(rule, unaries.cos, [rule.inputs[0]], {})], {});
  }),
  cos: /* @__PURE__ */ unaryOperation('cos', 'cos', (rule, dy) => {
    return one(rule, neg, [one(rule, mul, [dy, one(rule, unaries.sin, [rule.inputs[0]], {})], {})], {});
  }),
  reciprocal: /* @__PURE__ */ unaryOperation('reciprocal', 'reciprocal', (rule, dy) => {
    const squared = one(rule, unaries.square, [rule.outputs[0]], {});
    return one(rule, neg, [one(rule, mul, [dy, squared], {})], {});
  }),
  erf: /* @__PURE__ */ unaryOperation('erf', 'erf', (rule, dy) => {
    const [x] = rule.inputs;
    const bell = one(rule, unaries.exp, [one(rule, neg, [one(rule, unaries.square, [x], {})], {})], {});
    const factor = one(rule, constantLike, [bell], { value: 2 / Math.sqrt(Math.PI) });
    return one(rule, mul, [dy, one(rule, mul, [bell, factor], {})], {});
  }),
  sign: /* @__PURE__ */ unaryOperation('sign', 'sign'),
  floor: /* @__PURE__ */ unaryOperation('floor', 'floor'),
  ceil: /* @__PURE__ */ unaryOperation('ceil', 'ceil'),
  round: /* @__PURE__ */ unaryOperation('round', 'round'),
};
