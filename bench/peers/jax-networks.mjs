/**
 * Training in jax-js, and the convolutional networks as its reference has them: `lax.convGeneralDilated`,
 * channels first, the only layout it has.
 */
import { channelsFirst, compute, imagesChannelsFirst } from './networks.mjs';
import { CLASSES } from './workload.mjs';

/**
 * Plain SGD on the logits `forward(parameters, x)`: a function of batches. `load` makes the parameters of those
 * that the protocol gives, `inputs` an array of a batch.
 */
export function jaxTrainer({ numpy: np, nn, jit, valueAndGrad, tree }, forward, learningRate) {
  const loss = (parameters, x, y) => {
    const size = y.shape[0];
    const logProbabilities = nn.logSoftmax(forward(parameters, x));
    return logProbabilities
      .mul(y)
      .sum()
      .mul(-1 / size);
  };
  // Everything that is called in a loop goes through jit(), gradient and update included; an array that is
  // passed is consumed, `.ref` keeps it: https://github.com/ekzhang/jax-js#reference-counting and
  // #grad-vmap-and-jit
  const step = jit((parameters, x, y) => {
    const [value, gradients] = valueAndGrad(loss)(tree.ref(parameters), x, y);
    const updated = tree.map((p, g) => p.sub(g.mul(learningRate)), parameters, gradients);
    return [updated, value];
  });
  return (batches, { load, inputs }) => {
    const xs = batches.map(inputs);
    const ys = batches.map(({ oneHot, size }) => np.array(oneHot).reshape([size, CLASSES]));
    let parameters;
    return {
      reset(given) {
        if (parameters) tree.dispose(parameters);
        parameters = load(given);
      },
      async run(order) {
        const losses = [];
        for (const i of order) {
          const [updated, value] = step(parameters, xs[i].ref, ys[i].ref);
          parameters = updated;
          losses.push(await value.jsAsync());
        }
        return losses;
      },
    };
  };
}

export function jaxNetwork(jax) {
  const { numpy: np, nn, lax, jit, tree, blockUntilReady } = jax;
  return (network) => {
    const { image, learningRate } = network;
    const [height, width, channels] = image;
    const array = (values, shape) => np.array(values).reshape(shape);
    const load = (parameters) =>
      channelsFirst(parameters).flatMap(({ shape, weights, bias }) => [
        array(weights, shape),
        // As a convolution adds it.
        shape.length === 4 ? array(bias, [bias.length, 1, 1]) : np.array(bias),
      ]);
    const images = (x, size) => array(imagesChannelsFirst(x, image), [size, channels, height, width]);

    const forward = (parameters, x) => {
      let next = 0;
      const ops = {
        conv(value, { padding, stride = 1 }) {
          const [weights, bias] = [parameters[next++], parameters[next++]];
          const pads = [padding, padding];
          // What is passed is consumed, and a block's input goes two ways.
          const out = lax.convGeneralDilated(value.ref, weights, [stride, stride], [pads, pads]);
          return out.add(bias);
        },
        relu: (value) => nn.relu(value),
        maxPool: (value, size) => lax.reduceWindow(value, np.max, [size, size], [size, size]),
        add: (a, b) => a.add(b),
        mean: (value) => np.mean(value, [2, 3]),
        flatten: (value) => value.reshape([value.shape[0], -1]),
        dense: (value) => np.dot(value, parameters[next++]).add(parameters[next++]),
      };
      return compute(network, ops, x);
    };
    const train = jaxTrainer(jax, forward, learningRate);
    return {
      trainer: (batches) => train(batches, { load, inputs: ({ x, size }) => images(x, size) }),
      predictor(x, rows) {
        const parameters = load(network.parameters);
        const input = images(x, rows);
        const predict = jit(forward);
        const call = () => predict(tree.ref(parameters), input.ref);
        return {
          async run() {
            const out = await blockUntilReady(call());
            out.dispose();
          },
          result: () => call().data(),
        };
      },
    };
  };
}
