/** The images' worker: it reads files, trains, guesses and writes models, so that the page stays alive. */
import { adam, imagesFromFiles, writeModel, writeOnnx } from 'lanegrad';
import { createTrainer, type Trainer } from 'lanegrad/trainer';
import { serve } from '../../shared/serve.js';
import { augmentOf, buildModel, buildSets } from './network.js';
import type { Calls, KeptFile, News, Pictures, Trained, TrainRequest } from './protocol.js';
import { BYTES, SIDE } from './sizes.js';

/** Epochs that go on after the best one. */
const PATIENCE = 20;

let trainer: Trainer | undefined;
let classNames: readonly string[] = [];

async function read(files: readonly File[]): Promise<Pictures> {
  const { pictures, skipped } = await imagesFromFiles(files, { size: [SIDE, SIDE], channels: 3, skip: true });
  const { inputs } = pictures;
  const images = Array.from({ length: inputs.length / BYTES }, (_, i) =>
    inputs.slice(i * BYTES, (i + 1) * BYTES),
  );
  return { images, problems: skipped.map(({ path, problem }) => `${path}: ${problem}`) };
}

async function train({ classes, settings }: TrainRequest): Promise<Trained> {
  const { train: set, validation } = buildSets(classes, settings.seed);
  trainer?.dispose();
  trainer = undefined;
  // It is a worker already.
  const next = await createTrainer({ model: buildModel(classes.length, settings), worker: false });
  trainer = next;
  classNames = classes.map(({ name }) => name);
  const { info, model } = next;
  const sizes = { train: set.size, validation: validation?.size ?? 0, parameters: model.parameterCount };
  tell({ kind: 'begin', ...sizes, info });
  const augment = augmentOf(settings);
  const { epochs, outcome, best } = await next.fit(set, {
    loss: 'softmaxCrossEntropy',
    optimizer: adam({ learningRate: settings.rate }),
    ...{ batchSize: settings.batch, epochs: settings.epochs, seed: settings.seed },
    ...(validation && { validation, earlyStopping: { patience: PATIENCE } }),
    ...(augment && { augment }),
    onProgress: ({ samplesPerSecond }) => tell({ kind: 'progress', imagesPerSecond: samplesPerSecond }),
    onEpoch: ({ epoch, loss, accuracy, validation: measured }) =>
      tell({
        ...{ kind: 'epoch', epoch, loss },
        validationLoss: measured?.loss ?? null,
        accuracy: measured?.accuracy ?? accuracy,
      }),
  });
  const restored = best?.restored ? epochs.find(({ epoch }) => epoch === best.epoch)?.validation : undefined;
  return {
    epochs: epochs.length,
    stopped: outcome === 'aborted',
    best: restored && { epoch: best!.epoch, accuracy: restored.accuracy },
  };
}

async function predict(pixels: Uint8Array): Promise<Float32Array | undefined> {
  const inputs = Float32Array.from(pixels, (byte) => byte / 255);
  return trainer?.predict(inputs, { loss: 'softmaxCrossEntropy' });
}

async function file(kind: KeptFile): Promise<Uint8Array> {
  if (!trainer) throw new Error('there is no network yet');
  await trainer.download();
  const input = { scale: 1 / 255, offset: 0, imageShape: [SIDE, SIDE, 3] as const, fit: 'cover' as const };
  const metadata = { input, classNames };
  if (kind === 'model') return writeModel(trainer.model, metadata);
  return writeOnnx(trainer.model, { metadata, rawInputs: true });
}

const nothing = async (work: Promise<void> | undefined) => {
  await work;
  return undefined;
};

let tell: (news: News) => void;

/** Begins to answer. */
export function work(): void {
  tell = serve<Calls, News>({
    read,
    train,
    pause: () => nothing(trainer?.pause()),
    resume: () => nothing(trainer?.resume()),
    stop: () => nothing(trainer?.stop()),
    predict,
    file,
  });
}
