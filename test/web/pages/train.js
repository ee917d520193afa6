/** 300 steps of training, the same in every runtime: plain JavaScript over the built package. */
import { createEngine, dataset, dense, fit, sequential, sgd, weightsSha256 } from '../../../dist/index.js';

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
  const layers = [dense(128, { activation: 'sigmoid' }), dense(61, { activation: 'tanh' }), dense(10)];
  const model = sequential(784, layers, { seed: 7 });
  const controller = new AbortController();
  let loss = 0;
  const history = await fit(engine, model, set, {
    loss: 'softmaxCrossEntropy',
    optimizer: sgd({ learningRate: 0.5 }),
    batchSize: 50,
    epochs: 100,
    signal: controller.signal,
    onStep(step) {
      loss = step.loss;
      if (step.step === 300) controller.abort();
    },
  });
  const { info } = engine;
  engine.dispose();
  return { sha256: await weightsSha256(model), loss, steps: history.steps, info };
}
