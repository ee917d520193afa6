/** The learning, without a page: a network that PyTorch wrote gets new classes, is trained, and is written back. */
import {
  adam,
  dataset,
  dense,
  fit,
  fitHead,
  freeze,
  readOnnx,
  replaceOutput,
  unfreeze,
  writeOnnx,
} from 'lanegrad';
import { pixelsOf, randomFrom, SIZE, varied } from './drawings.js';

/** Epochs of the head alone, and then of everything. */
const HEAD_EPOCHS = 40;
const ALL_EPOCHS = 20;
export const EPOCHS = HEAD_EPOCHS + ALL_EPOCHS;

/** `count` variations of each class's drawing, under its name. */
function imagesOf(classes, count, seed) {
  const random = randomFrom(seed);
  const drawings = classes.flatMap(({ name, strokes }) =>
    Array.from({ length: count }, () => ({ name, ...varied(strokes, random) })),
  );
  return dataset({
    name: 'drawings',
    imageShape: [SIZE, SIZE, 1],
    inputs: drawings.map((drawing) => pixelsOf(drawing.strokes, drawing)),
    labels: drawings.map(({ name }) => name),
    classNames: classes.map(({ name }) => name),
  });
}

/**
 * A network for these classes, made of the file's and trained. `tell` hears of each epoch: which it is of all,
 * and the share of images that are right among those that are not trained on.
 */
export async function adapt(engine, file, classes, tell) {
  const train = imagesOf(classes, 100, 1);
  const validation = imagesOf(classes, 40, 2);
  const options = { loss: 'softmaxCrossEntropy', batchSize: 32, validation };

  const known = readOnnx(file, 'shapes.onnx').model;
  freeze(known, '*');
  const model = replaceOutput(known, dense(train.classes), { seed: 1 });

  // First the new layer alone: what is frozen sees each image once, so that an epoch takes no time at all.
  await fitHead(engine, model, train, {
    ...options,
    optimizer: adam({ learningRate: 0.02 }),
    epochs: HEAD_EPOCHS,
    onEpoch: ({ epoch, validation }) => tell(epoch, validation.accuracy, 'the new layer'),
  });

  // Then all of it, gently.
  unfreeze(model);
  await fit(engine, model, train, {
    ...options,
    optimizer: adam({ learningRate: 0.002 }),
    epochs: ALL_EPOCHS,
    onEpoch: ({ epoch, validation }) => tell(HEAD_EPOCHS + epoch, validation.accuracy, 'all layers'),
  });
  return model;
}

/** The file: `image` [batch, 1, 24, 24] as in PyTorch's, and the probability of each class. */
export function exported(model, classes) {
  return writeOnnx(model, { softmax: true, metadata: { classNames: classes.map(({ name }) => name) } });
}
