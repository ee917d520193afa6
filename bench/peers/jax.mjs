/**
 * jax-js on its Wasm device, the default and Node's only one. It has no worker threads in Node: one thread
 * always.
 */
import { jaxNetwork } from './jax-networks.mjs';
import { parseOptions, serve, versionOf } from './protocol.mjs';
import { CLASSES, HIDDEN, INPUTS, learningRate } from './workload.mjs';

const options = parseOptions();
const RATE = learningRate(options);

await serve('jax-js', versionOf('@jax-js/jax'), options, async () => {
  const jax = await import('@jax-js/jax');
  await jax.init('wasm');
  jax.defaultDevice('wasm');
  const settings = { relaxedSimd: relaxedSimd() };
  return {
    ...{ threads: 1, settings, trainer: trainer(jax), products: { general: product(jax) } },
    network: jaxNetwork(jax),
  };
});

function trainer({ numpy: np, nn, jit, valueAndGrad, tree }) {
  const loss = ({ w1, b1, w2, b2 }, x, y) => {
    const hidden = nn.sigmoid(np.dot(x, w1).add(b1));
    const logProbabilities = nn.logSoftmax(np.dot(hidden, w2).add(b2));
    const size = y.shape[0];
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
    const updated = tree.map((p, g) => p.sub(g.mul(RATE)), parameters, gradients);
    return [updated, value];
  });
  return (batches) => {
    const inputs = batches.map(({ x, size }) => np.array(x).reshape([size, INPUTS]));
    const labels = batches.map(({ oneHot, size }) => np.array(oneHot).reshape([size, CLASSES]));
    let parameters;
    return {
      reset({ w1, b1, w2, b2 }) {
        if (parameters) tree.dispose(parameters);
        parameters = {
          w1: np.array(w1).reshape([INPUTS, HIDDEN]),
          b1: np.array(b1),
          w2: np.array(w2).reshape([HIDDEN, CLASSES]),
          b2: np.array(b2),
        };
      },
      async run(order) {
        const losses = [];
        for (const i of order) {
          const [updated, value] = step(parameters, inputs[i].ref, labels[i].ref);
          parameters = updated;
          losses.push(await value.jsAsync());
        }
        return losses;
      },
    };
  };
}

function product({ numpy: np, jit, blockUntilReady }) {
  return ({ M, N, K, a, b }) => {
    const [left, right] = [np.array(a).reshape([M, K]), np.array(b).reshape([K, N])];
    const multiply = jit((x, y) => np.dot(x, y));
    return {
      async run() {
        const out = await blockUntilReady(multiply(left.ref, right.ref));
        out.dispose();
      },
      result: () => multiply(left.ref, right.ref).data(),
    };
  };
}

/**
 * Whether this Node lets jax-js use fused multiply-add: Node 20 only with --experimental-wasm-relaxed-simd.
 */
function relaxedSimd() {
  const probe = '0061736d0100000001080160037b7b7b017b030201000a0d010b00200020012002fd85020b';
  return WebAssembly.validate(Buffer.from(probe, 'hex'));
}
