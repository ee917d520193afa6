/** The four forms behind one face: a mini-batch step that returns the batch's mean loss before its update. */
import type { Engine } from '../../engine/engine.js';
import { CompiledModel } from '../../nn/compile.js';
import { sgd } from '../../nn/optimizers.js';
import type { Sequential } from '../../nn/sequential.js';
import {
  addGradients,
  backward,
  emptyBackward,
  emptyForward,
  forward,
  scalarNetwork,
  update,
} from '../q3-scalar/scalar.js';
import { TensorNetwork } from '../q5-tensor/network.js';
import { BatchedNetwork } from '../q6-batched/network.js';
import type { FormName } from '../types.js';

/** A mini-batch in ordinary arrays: inputs [rows, width] row-major, scaled; labels [rows]. */
export interface Batch {
  readonly inputs: Float32Array;
  readonly labels: Int32Array;
}

export interface Form {
  readonly name: FormName;
  readonly label: string;
  readonly engine?: Engine;
  readonly batchSize: number;
  /** One step of SGD on the batch's mean loss; returns that loss. */
  step(batch: Batch, learningRate: number): number;
  dispose(): void;
}

/** Loops over numbers; the batch's gradient is the average of its samples'. */
export function scalarForm(model: Sequential, batchSize: number): Form {
  const network = scalarNetwork(model);
  const pass = emptyForward(network);
  const sums = emptyBackward(network);
  const gradients = emptyBackward(network);
  const x = new Float64Array(model.inputSize);
  return {
    name: 'scalar',
    label: 'scalar loops, float64',
    batchSize,
    step({ inputs, labels }, learningRate) {
      let loss = 0;
      for (let i = 0; i < batchSize; i++) {
        for (let j = 0; j < x.length; j++) x[j] = inputs[i * x.length + j];
        loss += forward(network, x, labels[i], pass).l;
        // The first sample's gradients are the sum so far.
        backward(network, x, labels[i], pass, i === 0 ? sums : gradients);
        if (i > 0) addGradients(sums, gradients);
      }
      update(network, sums, learningRate / batchSize);
      return loss / batchSize;
    },
    dispose() {},
  };
}

/** One image at a time on an engine; the batch's gradient is the average of its images'. */
export function tensorForm(engine: Engine, model: Sequential, batchSize: number): Form {
  const network = new TensorNetwork(engine, model);
  const width = model.inputSize;
  return {
    name: 'tensor',
    label: `tensor, one image at a time, ${engineLabel(engine)}`,
    engine,
    batchSize,
    step({ inputs, labels }, learningRate) {
      let loss = 0;
      for (let i = 0; i < batchSize; i++) {
        loss += network.forward(inputs.subarray(i * width, (i + 1) * width), labels[i]);
        network.backward(labels[i], i > 0);
      }
      network.update(learningRate / batchSize);
      return loss / batchSize;
    },
    dispose: () => network.dispose(),
  };
}

/**
 * A batch as 3-tensor: an image a matrix with a gradient per sample, or all images the rows of one matrix.
 */
export function batchedForm(
  engine: Engine,
  model: Sequential,
  batchSize: number,
  layout: 'image a matrix' | 'one matrix',
): Form {
  const [groups, rows] = layout === 'one matrix' ? [1, batchSize] : [batchSize, 1];
  const network = new BatchedNetwork(engine, model, { groups, rows });
  return {
    name: 'batched',
    label: `batched [${groups}, ${rows}, ${model.inputSize}], ${engineLabel(engine)}`,
    engine,
    batchSize,
    step({ inputs, labels }, learningRate) {
      network.inputs.set(inputs);
      network.labels.set(labels);
      const loss = network.forward();
      network.backward();
      network.update(learningRate);
      return loss;
    },
    dispose: () => network.dispose(),
  };
}

/**
 * The library's compiled model, which `fit` trains: fused kernels, and a sparse first layer where inputs are
 * sparse.
 */
export function compiledForm(
  engine: Engine,
  model: Sequential,
  batchSize: number,
  learningRate: number,
): Form {
  const compiled = new CompiledModel(engine, model, {
    maxRows: batchSize,
    optimizer: sgd({ learningRate }),
  });
  const plan = compiled.plan(batchSize);
  return {
    name: 'fit',
    label: `compiled model of fit, ${engineLabel(engine)}`,
    engine,
    batchSize,
    step({ inputs, labels }, rate) {
      plan.inputs.write(inputs);
      plan.labels.write(labels);
      plan.loaded();
      plan.forward();
      const loss = plan.loss();
      plan.step(rate);
      return loss / batchSize;
    },
    dispose: () => compiled.dispose(),
  };
}

/** `reference`, or `Wasm strict`, `Wasm fma, turbo, 2 threads`. */
export function engineLabel({ info: { backend, math, turbo, threads } }: Engine): string {
  if (backend === 'reference') return 'reference';
  return `Wasm ${math}${turbo ? ', turbo' : ''}${threads > 1 ? `, ${threads} threads` : ''}`;
}
