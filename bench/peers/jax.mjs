/**
 * jax-js on its Wasm device, the default and Node's only one. It has no worker threads in Node: one thread
 * always.
 */
import { jaxNetwork, jaxTrainer } from './jax-networks.mjs';
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

function trainer(jax) {
  const { numpy: np, nn } = jax;
  const forward = ({ w1, b1, w2, b2 }, x) => {
    const hidden = nn.sigmoid(np.dot(x, w1).add(b1));
    return np.dot(hidden, w2).add(b2);
  };
  const load = ({ w1, b1, w2, b2 }) => ({
    w1: np.array(w1).reshape([INPUTS, HIDDEN]),
    b1: np.array(b1),
    w2: np.array(w2).reshape([HIDDEN, CLASSES]),
    b2: np.array(b2),
  });
  const inputs = ({ x, size }) => np.array(x).reshape([size, INPUTS]);
  const train = jaxTrainer(jax, forward, RATE);
  return (batches) => train(batches, { load, inputs });
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
