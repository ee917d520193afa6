/** What every app does with the library, however that was bundled: a few steps by hand, and the same in a trainer's worker. */

/**
 * Clouds around a corner of a cube for each of three classes, from a small generator.
 *
 * @param {number} size
 */
function clouds(size) {
  let state = 1;
  const next = () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state / 2 ** 32;
  };
  const labels = Array.from({ length: size }, () => Math.floor(3 * next()));
  const inputs = Float32Array.from(
    { length: 8 * size },
    (_, i) => next() / 2 + (i % 8 === labels[i >> 3] ? 1 : 0),
  );
  return { name: 'clouds', inputs, labels, classes: 3 };
}

/**
 * @param {any} lanegrad
 * @param {{ threads: number, worker: unknown }} options
 */
export async function train(lanegrad, { threads, worker }) {
  const { createEngine, createTrainer, dataset, dense, fit, sequential, sgd } = lanegrad;
  const set = dataset(clouds(600));
  const build = () => sequential(8, [dense(16, { activation: 'tanh' }), dense(3)], { seed: 1 });
  const options = { loss: 'softmaxCrossEntropy', optimizer: sgd({ learningRate: 0.5 }), epochs: 2 };
  const math = 'strict';
  const engine = await createEngine({ math, threads });
  const byHand = await fit(engine, build(), set, options);
  const refused = await fit(engine, build(), set, { ...options, epochs: -1 }).catch(
    (/** @type {Error} */ error) => error,
  );
  const outcome = { loss: byHand.epochs[1].loss, info: engine.info, refused: refused.name };
  engine.dispose();
  if (worker === undefined) return outcome;
  const trainer = await createTrainer({ model: build(), worker, engine: { math, threads } });
  const inWorker = await trainer.fit(set, options);
  const { place, info } = trainer;
  trainer.dispose();
  return { ...outcome, trainer: { place, loss: inWorker.epochs[1].loss, threads: info.threads } };
}
