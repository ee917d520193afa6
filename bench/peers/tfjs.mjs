/** TensorFlow.js: `node tfjs.mjs cpu|wasm [tuned]`. */
import { fileURLToPath } from 'node:url';
import { parseOptions, serve, versionOf } from './protocol.mjs';
import { tfjsNetwork } from './tfjs-networks.mjs';
import { CLASSES, HIDDEN, INPUTS, learningRate } from './workload.mjs';

const options = parseOptions();
const RATE = learningRate(options);
const [backend = 'wasm', way] = options.positionals;
const tuned = way === 'tuned';

await serve(
  `tfjs-${backend}${tuned ? '-tuned' : ''}`,
  versionOf('@tensorflow/tfjs-core'),
  options,
  async () => {
    const tf = await import('@tensorflow/tfjs-core');
    await import('@tensorflow/tfjs-layers'); // registers the gradients, which the core's build for Node leaves out
    // "disables correctness checks in favor of performance":
    // https://js.tensorflow.org/api/latest/#enableProdMode
    tf.enableProdMode();
    let threads = 1;
    let settings;
    if (backend === 'wasm') {
      const wasm = await import('@tensorflow/tfjs-backend-wasm');
      // Paths and threads come before setBackend:
      // https://github.com/tensorflow/tfjs/blob/master/tfjs-backend-wasm/README.md
      wasm.setWasmPaths(
        fileURLToPath(new URL('node_modules/@tensorflow/tfjs-backend-wasm/dist/', import.meta.url)),
      );
      wasm.setThreadsCount(options.threads);
      await tf.setBackend('wasm');
      const threaded = await tf.env().getAsync('WASM_HAS_MULTITHREAD_SUPPORT'); // false in Node
      if (threaded) threads = wasm.getThreadsCount();
      settings = { simd: await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT') };
    } else {
      await import('@tensorflow/tfjs-backend-cpu');
      await tf.setBackend('cpu');
    }
    await tf.ready();
    return {
      threads,
      settings,
      trainer: trainer(tf, tuned ? tunedStep : documentedStep),
      products: { general: product(tf) },
      network: tfjsNetwork(tf, backend === 'cpu'),
    };
  },
);

function trainer(tf, makeStep) {
  return (batches) => {
    const inputs = batches.map(({ x, size }) => tf.tensor2d(x, [size, INPUTS]));
    const labels = batches.map(({ oneHot, size }) => tf.tensor2d(oneHot, [size, CLASSES]));
    const variables = {
      w1: tf.variable(tf.zeros([INPUTS, HIDDEN])),
      b1: tf.variable(tf.zeros([HIDDEN])),
      w2: tf.variable(tf.zeros([HIDDEN, CLASSES])),
      b2: tf.variable(tf.zeros([CLASSES])),
    };
    const step = makeStep(tf, variables);
    return {
      reset(weights) {
        tf.tidy(() => {
          for (const [name, variable] of Object.entries(variables)) {
            variable.assign(tf.tensor(weights[name], variable.shape));
          }
        });
      },
      run: (order) => order.map((i) => step(inputs[i], labels[i])),
    };
  };
}

/**
 * As documented: https://js.tensorflow.org/api/latest/#tf.train.Optimizer.minimize, whose tidy() frees what
 * lies between.
 */
function documentedStep(tf, { w1, b1, w2, b2 }) {
  const optimizer = tf.train.sgd(RATE);
  return (x, y) => {
    const cost = optimizer.minimize(
      () => {
        // Not tf.fused.matMul, as the Layers API does: with gradients it is slower, by 1.8 times on Wasm.
        const hidden = tf.sigmoid(tf.add(tf.matMul(x, w1), b1));
        return tf.losses.softmaxCrossEntropy(y, tf.add(tf.matMul(hidden, w2), b2));
      },
      true,
      [w1, b1, w2, b2],
    );
    const [loss] = cost.dataSync();
    cost.dispose();
    return loss;
  };
}

/**
 * The same step with its gradients by hand. The Wasm backend multiplies a transposed factor with a plain
 * loop, 14 times slower than XNNPACK, and TensorFlow's own gradients do; here tf.transpose() comes first. No
 * documentation says so.
 */
function tunedStep(tf, { w1, b1, w2, b2 }) {
  const step = (x, y) => {
    const hidden = tf.sigmoid(tf.fused.matMul({ a: x, b: w1, bias: b1 }));
    const logProbabilities = tf.logSoftmax(tf.fused.matMul({ a: hidden, b: w2, bias: b2 }));
    const [total] = tf.sum(tf.mul(logProbabilities, y)).dataSync();
    // Scaled by the learning rate where it is smallest.
    const dLogits = tf.mul(tf.sub(tf.exp(logProbabilities), y), RATE / x.shape[0]);
    const dHidden = tf.mul(tf.matMul(dLogits, tf.transpose(w2)), tf.mul(hidden, tf.sub(1, hidden)));
    w1.assign(tf.sub(w1, tf.matMul(tf.transpose(x), dHidden)));
    b1.assign(tf.sub(b1, tf.sum(dHidden, 0)));
    w2.assign(tf.sub(w2, tf.matMul(tf.transpose(hidden), dLogits)));
    b2.assign(tf.sub(b2, tf.sum(dLogits, 0)));
    return -total / x.shape[0];
  };
  return (x, y) => tf.tidy(() => step(x, y));
}

function product(tf) {
  return ({ M, N, K, a, b }) => {
    const [left, right] = [tf.tensor2d(a, [M, K]), tf.tensor2d(b, [K, N])];
    return {
      run: () => tf.matMul(left, right).dispose(),
      result: () => tf.tidy(() => tf.matMul(left, right).dataSync()),
    };
  };
}
