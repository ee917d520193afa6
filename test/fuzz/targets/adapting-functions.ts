/** What adapts a trained network: another end, low-rank updates, heads on features. */
import type { CachedFeatures, Dataset, Network, TrainedHead } from '../../../src/index.js';
import * as lanegrad from '../../../src/index.js';
import type { Random } from '../random.js';
import { expectThat } from '../target.js';
import { allFinite, allFiniteIn, apply, type Call } from './functions.js';
import { briefly, classifier, labelled } from './samples.js';

const { adam, cacheFeatures, dense, fitHead, freeze, lora, mergeLora, predict, trainHead } = lanegrad;

function frozen(r: Random): Network {
  const model = classifier(r);
  freeze(model, '0.*');
  return model;
}

const row = new Float32Array([0.5, -1]);

export const adaptingFunctions: Record<string, Call> = {
  cacheFeatures: {
    valid: (r, { engine, reference }) => [r.chance(0.7) ? engine : reference, frozen(r), labelled(r)],
    call: cacheFeatures,
    check(result, [, , set]) {
      const { head, data } = result as CachedFeatures;
      allFinite(data.inputs);
      expectThat(data.size === (set as Dataset).size, () => `${data.size} rows`);
      expectThat(head.outputs.length > 0, () => 'a head without outputs');
    },
  },
  fitHead: {
    weight: 2,
    valid: (r, { engine, reference }) => [
      r.chance(0.7) ? engine : reference,
      frozen(r),
      labelled(r),
      { loss: 'softmaxCrossEntropy', optimizer: adam(), epochs: 2, validation: labelled(r) },
    ],
    call: (...args) => apply(fitHead, briefly(args, 3)),
    check(history, [, model]) {
      allFinite((history as lanegrad.History).epochs.map(({ loss }) => loss));
      allFiniteIn(model as Network);
    },
  },
  lora: {
    weight: 2,
    valid: (r) => [classifier(r), r.pick(['*', ['0.*', '1.weight']]), { rank: 2, alpha: 4, seed: 1 }],
    call: (...args) => {
      const [model] = args as unknown as [Network];
      return { made: apply(lora, args), model };
    },
    check(result) {
      const { made, model } = result as { made: Network; model: Network };
      allFiniteIn(made);
      const trained = made.parameters.filter(({ trainable }) => trainable !== false);
      expectThat(trained.length > 0 && trained.length % 2 === 0, () => `${trained.length} are trained`);
      expectThat(model.inputSize === made.inputSize, () => 'inputs of another size');
    },
  },
  mergeLora: {
    valid: (r) => [lora(classifier(r), '*', { rank: 1 })],
    call: (...args) => {
      const [model] = args as unknown as [Network];
      return { made: mergeLora(model), model };
    },
    check(result, _, intact) {
      const { made, model } = result as { made: Network; model: Network };
      expectThat(!made.parameters.some(({ name }) => name.includes('lora')), () => 'an update is left');
      if (intact) expectThat(made.parameters.length === model.parameters.length - 4, () => 'others are lost');
    },
  },
  replaceOutput: {
    weight: 2,
    valid: (r) => [classifier(r), dense(3), { at: r.pick(['0', '1']), name: 'kind', seed: 2 }],
    call: (...args) => apply(lanegrad.replaceOutput, args),
    check(result, _, intact) {
      const { outputs } = result as Network;
      expectThat(outputs.length === 1, () => `${outputs.length} outputs`);
      allFiniteIn(result as Network);
      if (intact)
        expectThat(outputs[0].name === 'kind' && outputs[0].shape.join() === '3', () => 'another head');
    },
  },
  trainHead: {
    weight: 3,
    valid(r, { engine, reference }) {
      const own = r.chance(0.7) ? engine : reference;
      const set = labelled(r);
      const options = { epochs: 2, seed: 1, hidden: [3], dropout: 0.1, validation: 0.25 };
      return r.chance(0.5) ? [own, set, options] : [own, set.inputs, [...'abababab'], options];
    },
    call: (...args) => apply(trainHead, briefly(args, args.length - 1)),
    check(result, [engine]) {
      const { model, report } = result as TrainedHead;
      const { accuracy, loss, calibrationError, temperature } = report;
      allFinite([loss, calibrationError, temperature]);
      expectThat(accuracy >= 0 && accuracy <= 1, () => `an accuracy of ${accuracy}`);
      expectThat(loss.after <= loss.before + 1e-6, () => `a loss of ${loss.after} after ${loss.before}`);
      allFiniteIn(model);
      if (model.inputSize === 2) allFinite(predict(engine as lanegrad.Engine, model, row));
    },
  },
};
