/** A small network learns from a large one what no label says: how like a 7 that 1 is. */
import {
  adamW,
  cosineDecay,
  createEngine,
  dataset,
  dense,
  div,
  evaluate,
  fit,
  logSoftmax,
  mul,
  ownLoss,
  predictProba,
  sequential,
  sliceDataset,
  softmax,
  sum,
} from 'lanegrad';
import { loadMnist } from 'lanegrad/node';

const TEMPERATURE = 4;
const [rows = 10_000, epochs = 12] = process.argv.slice(2).map(Number);

/** Targets are the logarithms of what the teacher takes for likely (Hinton, Vinyals and Dean 2015). */
const likeTheTeacher = ownLoss(
  ({ output, target }) => {
    const likely = softmax(div(target, TEMPERATURE));
    return mul(-(TEMPERATURE ** 2), sum(mul(likely, logSoftmax(div(output, TEMPERATURE))), { axis: 1 }));
  },
  { link: 'softmax', name: 'distillation' },
);

const engine = await createEngine();
const mnist = await loadMnist();
const train = sliceDataset(mnist.train, 0, rows);
const how = () => ({ optimizer: adamW({ learningRate: cosineDecay({ learningRate: 0.002 }) }), epochs });
const layers = (width) => [dense(width, { activation: 'relu' }), dense(10)];
const told = async (name, model) => {
  const { accuracy } = await evaluate(engine, model, mnist.test, { loss: 'softmaxCrossEntropy' });
  console.log(`${name}, ${model.parameterCount} parameters: ${(100 * accuracy).toFixed(2)} % right`);
};

const teacher = sequential(784, layers(400), { seed: 1 });
await fit(engine, teacher, train, { loss: 'softmaxCrossEntropy', ...how() });
await told('teacher', teacher);

const alone = sequential(784, layers(16), { seed: 2 });
await fit(engine, alone, train, { loss: 'softmaxCrossEntropy', ...how() });
await told('small one, from labels', alone);

// It may look at pictures that nobody has labelled: the teacher tells what they are.
const unlabelled = sliceDataset(mnist.train, 0, Math.min(mnist.train.size, 3 * rows));
const lessons = dataset({
  inputs: unlabelled.inputs,
  width: 784,
  // Of a probability that is 0 in float32 there is no logarithm.
  targets: predictProba(engine, teacher, unlabelled.inputs).map((share) => Math.log(Math.max(share, 1e-30))),
  targetWidth: 10,
});
const taught = sequential(784, layers(16), { seed: 2 });
await fit(engine, taught, lessons, { loss: likeTheTeacher, ...how() });
await told('small one, from the teacher', taught);
engine.dispose();
