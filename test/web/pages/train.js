/** 300 steps of a dense network and 40 of one of images, the same in every runtime: plain JavaScript over the built package. */
import {
  batchNorm,
  conv2d,
  convTranspose2d,
  createEngine,
  dataset,
  dense,
  depthwiseConv2d,
  fit,
  flatten,
  maxPool2d,
  sequential,
  sgd,
  weightsSha256,
} from '../../../dist/index.js';

const networks = [
  {
    steps: 300,
    learningRate: 0.5,
    make: () =>
      sequential(784, [dense(128, { activation: 'sigmoid' }), dense(61, { activation: 'tanh' }), dense(10)], {
        seed: 7,
      }),
  },
  {
    steps: 40,
    learningRate: 0.2,
    make: () =>
      sequential(
        [28, 28, 1],
        [
          conv2d(9, 5, { padding: 'same', activation: 'relu' }),
          maxPool2d(2),
          depthwiseConv2d(3, { padding: 'same' }),
          batchNorm(),
          conv2d(14, 3, { stride: 2, activation: 'tanh' }),
          convTranspose2d(6, 2, { stride: 2 }),
          flatten(),
          dense(10),
        ],
        { seed: 8 },
      ),
  },
];

/**
 * What became of the weights.
 *
 * @param {Uint8Array} images 28x28 pixels each.
 * @param {Uint8Array} labels
 * @param {import('../../../dist/index.js').EngineOptions} options
 */
export async function train(images, labels, options) {
  const engine = await createEngine(options);
  const set = dataset({ name: 'mnist', inputs: images, labels, classes: 10 });
  const sha256 = [];
  const losses = [];
  let steps = 0;
  for (const network of networks) {
    const model = network.make();
    const controller = new AbortController();
    const history = await fit(engine, model, set, {
      loss: 'softmaxCrossEntropy',
      optimizer: sgd({ learningRate: network.learningRate }),
      batchSize: 50,
      epochs: 100,
      signal: controller.signal,
      onStep(step) {
        if (step.step === network.steps) {
          losses.push(step.loss);
          controller.abort();
        }
      },
    });
    steps += history.steps;
    sha256.push(await weightsSha256(model));
  }
  const { info } = engine;
  engine.dispose();
  return { sha256, losses, steps, info };
}
