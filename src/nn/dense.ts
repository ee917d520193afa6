/** The fully connected layer: y = f(x·W + b). */

import { checkInteger, OptionReader } from '../base/options.js';
import type { Activation } from '../engine/kernels.js';
import type { Call } from '../ops/check.js';
import { matmul, matmulTransposedA, matmulTransposedB } from '../ops/matmul.js';
import { columnSums } from '../ops/reduce.js';
import { smooth, smoothBackward } from '../ops/smooth.js';
import type { SparseRows } from '../ops/sparse.js';
import { activations, isFused } from './activations.js';
import { type Initializer, type InitializerName, resolveInitializer } from './initializers.js';
import type { Layer } from './layer.js';

/** How a dense layer is made. */
export interface DenseOptions {
  /** f; `identity` by default. leakyRelu and elu have PyTorch's defaults; the layer `activation` takes others. */
  activation?: Activation;
  /** Whether b exists; true by default. */
  bias?: boolean;
  /** Of W, [in, out]. By default He's normal for relu and its relatives, and Glorot's uniform for sigmoid, tanh and identity. */
  weightInitializer?: InitializerName | Initializer;
  /** Of b, [out]; zeros by default. */
  biasInitializer?: InitializerName | Initializer;
}

/**
 * A layer with `units` outputs: x [rows, in] gives y [rows, units]. Its parameters are `weight` [in, units] and `bias`
 * [units]. Backward, with dz = dy ⊙ f'(y): dW = xᵀ·dz, db = Σ dz over rows, dx = dz·Wᵀ.
 *
 * Throws OptionError for sizes that are not positive whole numbers and for unknown options.
 */
export function dense(units: number, options?: DenseOptions): Layer {
  checkInteger('dense', 'units', units, { min: 1 });
  const reader = new OptionReader('dense', options);
  const activation = reader.oneOf('activation', activations, 'identity');
  const bias = reader.boolean('bias', true);
  const given = (value: unknown): value is unknown => value !== undefined;
  const rectifies = activation === 'relu' || !isFused(activation);
  const defaultWeights = rectifies ? 'heNormal' : 'glorotUniform';
  const weightInitializer = resolveInitializer(
    'dense, option weightInitializer',
    orElse(reader.optional('weightInitializer', 'an initializer', given), defaultWeights),
  );
  const biasInitializer = resolveInitializer(
    'dense, option biasInitializer',
    orElse(reader.optional('biasInitializer', 'an initializer', given), 'zeros'),
  );
  reader.end();

  return {
    kind: 'dense',
    config: { units, activation, bias },
    ...(isFused(activation) && { endsWith: activation }),
    takesSparse: true,
    takesInputActivation: true,
    outputSize: () => units,
    parameters(inputSize) {
      const weight = {
        name: 'weight',
        shape: [inputSize, units],
        initializer: weightInitializer,
        penalised: true,
      };
      return bias ? [weight, { name: 'bias', shape: [units], initializer: biasInitializer }] : [weight];
    },
    // What a smooth activation's backward needs is its input z.
    saved: () => (isFused(activation) ? [] : [{ name: 'z', perRow: true, width: units }]),
    compile({ x, y, dx, dy, parameters, packed, gradients, sparse, inputActivation, saved: { z }, state }) {
      const { weight, bias: b } = parameters;
      const product = isFused(activation) ? { c: y, end: activation } : { c: z, end: 'identity' as const };
      const denseForward = matmul({
        c: product.c,
        a: x,
        b: weight,
        bias: b,
        activation: product.end,
        packed: packed.weight,
      });
      const sparseForward = sparse?.matmul({
        y: product.c,
        w: weight,
        bias: b,
        activation: product.end,
        state,
      });
      const forward = [either(sparse, sparseForward, denseForward)];
      if (!isFused(activation)) forward.push(smooth({ y, x: z, activation }));
      if (!gradients || !dy) return { forward, backward: [] };

      // A fused activation's dy arrives as dz: whoever made it has multiplied it by f'(y) already.
      const toDz = isFused(activation) ? [] : [smoothBackward({ dx: dy, x: z, dy, activation })];
      const denseWeights = matmulTransposedA({ c: gradients.weight, a: x, b: dy });
      const sparseWeights = sparse?.weightGradient({ dw: gradients.weight, dy });
      const backward = [...toDz, either(sparse, sparseWeights, denseWeights)];
      const biasGradient = b && columnSums({ y: gradients.bias, x: dy });
      if (biasGradient) backward.push(biasGradient);
      if (dx) {
        const end = inputActivation ? { saved: x, activation: inputActivation } : {};
        backward.push(matmulTransposedB({ c: dx, a: dy, b: weight, ...end }));
      }
      if (!sparse) return { forward, backward };

      const step = sparse.sgdStep({ w: weight, dy });
      return {
        forward,
        backward,
        fusedSgd: {
          active: () => sparse.active,
          run(learningRate) {
            for (const call of toDz) call();
            biasGradient?.();
            step(learningRate);
          },
        },
      };
    },
  };
}

/** The sparse call for batches that have been compressed, the dense one for all others. */
function either(sparse: SparseRows | undefined, whenSparse: Call | undefined, whenDense: Call): Call {
  if (!sparse || !whenSparse) return whenDense;
  return () => (sparse.active ? whenSparse() : whenDense());
}

/** The default for what is absent, and only for that: null is a mistake. */
function orElse(given: unknown, fallback: InitializerName): unknown {
  return given === undefined ? fallback : given;
}
