/**
 * The convolutional networks in TensorFlow.js: `tf.conv2d`, channels last, gradients by `optimizer.minimize`.
 * Its Wasm backend has no kernel for the gradient of a convolution's weights: only `cpu` trains them.
 */
import { compute } from './networks.mjs';
import { CLASSES } from './workload.mjs';

export function tfjsNetwork(tf, trains) {
  return (network) => {
    const { image, learningRate } = network;
    const forward = (variables, x) => {
      let next = 0;
      const ops = {
        conv(value, { padding, stride = 1 }) {
          const [weights, bias] = [variables[next++], variables[next++]];
          return tf.add(tf.conv2d(value, weights, stride, padding), bias);
        },
        relu: tf.relu,
        maxPool: (value, size) => tf.maxPool(value, size, size, 'valid'),
        add: tf.add,
        mean: (value) => tf.mean(value, [1, 2]),
        flatten: (value) => tf.reshape(value, [value.shape[0], -1]),
        dense: (value) => tf.add(tf.matMul(value, variables[next++]), variables[next++]),
      };
      return compute(network, ops, x);
    };
    const tensors = (parameters) =>
      parameters.flatMap(({ shape, weights, bias }) => [tf.tensor(weights, shape), tf.tensor1d(bias)]);

    const trainer = (batches) => {
      const inputs = batches.map(({ x, size }) => tf.tensor4d(x, [size, ...image]));
      const labels = batches.map(({ oneHot, size }) => tf.tensor2d(oneHot, [size, CLASSES]));
      const variables = tensors(network.parameters).map((tensor) => tf.variable(tensor));
      const optimizer = tf.train.sgd(learningRate);
      const step = (x, y) => {
        const cost = optimizer.minimize(
          () => tf.losses.softmaxCrossEntropy(y, forward(variables, x)),
          true,
          variables,
        );
        const [loss] = cost.dataSync();
        cost.dispose();
        return loss;
      };
      return {
        reset: (parameters) =>
          tf.tidy(() => {
            for (const [i, tensor] of tensors(parameters).entries()) variables[i].assign(tensor);
          }),
        run: (order) => order.map((i) => step(inputs[i], labels[i])),
      };
    };
    return {
      ...(trains && { trainer }),
      predictor(x, rows) {
        const [variables, input] = [tensors(network.parameters), tf.tensor4d(x, [rows, ...image])];
        return {
          run: () => tf.tidy(() => void forward(variables, input).dataSync()),
          result: () => tf.tidy(() => forward(variables, input).dataSync()),
        };
      },
    };
  };
}
