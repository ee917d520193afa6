/**
 * Readers of models: our own files, checkpoints and PyTorch's. What they accept must compute what the
 * file says.
 */
import {
  adam,
  add,
  batchNorm,
  type Checkpoint,
  CompiledModel,
  concat,
  conv2d,
  convTranspose2d,
  dataset,
  dense,
  depthwiseConv2d,
  dropout,
  type Engine,
  type FitOptions,
  fit,
  flatten,
  input,
  type Layer,
  layer,
  layerNorm,
  literal,
  max,
  mean,
  mul,
  type Network,
  network,
  ownLoss,
  readCheckpoint,
  readModel,
  readModelNpz,
  readPytorch,
  reshape,
  type Sequential,
  separableConv2d,
  sequential,
  slice,
  softmax,
  square,
  sub,
  transpose,
  writeModel,
  writeModelNpz,
  writePytorch,
} from '../../../src/index.js';
import { bytesOf, safetensors, splitSafetensors, tensorBytes } from '../encode.js';
import { equalBytes } from '../files/same.js';
import { mutateBytes, mutateJson } from '../mutate.js';
import type { Random } from '../random.js';
import { expectThat, must, type Target, type World } from '../target.js';
import { allFiniteIn } from './functions.js';

/** Rows of 12 numbers as images. */
function someImages(r: Random): Layer[] {
  const padding = r.pick(['same', 'valid', 1, [0, 1, 2, 0]] as const);
  return [
    reshape([3, 2, -1]),
    r.pick([
      () => conv2d(4, [2, 1], { padding, groups: r.pick([1, 2]), stride: r.pick([1, 2]) }),
      () => depthwiseConv2d(2, { padding: 'same', multiplier: 2, activation: 'tanh' }),
      () => separableConv2d(3, 2, { padding: 1, dilation: [2, 1] }),
      () => convTranspose2d(2, 3, { stride: 2, outputPadding: [1, 0], bias: r.chance(0.5) }),
    ])(),
    flatten(),
  ];
}

export function someModel(
  r: Random,
  { inputSize = r.between(1, 4), outputs = r.between(1, 3), images = r.chance(0.3) } = {},
): Sequential {
  const layers: Layer[] = [];
  if (images) layers.push(dense(12), ...someImages(r));
  if (r.chance(0.5))
    layers.push(dense(r.between(1, 4), { activation: r.pick(['relu', 'tanh', 'sigmoid', 'geluTanh']) }));
  if (r.chance(0.2)) layers.push(dropout(0.5));
  if (r.chance(0.2)) layers.push(layerNorm());
  if (r.chance(0.2)) layers.push(batchNorm());
  return sequential(inputSize, [...layers, dense(outputs)], { seed: r.below(1000) });
}

/**
 * A network with a layer of one's own that is called twice, dropout, a literal and perhaps a loss of one's
 * own.
 */
export function someGraph(r: Random): Network {
  const [width, outputs] = [r.between(1, 4), r.between(1, 3)];
  const x = input(r.chance(0.2) ? [2, width] : [width]);
  const own = layer('own', (value) => {
    const inner = dense(width, { activation: r.pick(['relu', 'gelu', 'identity']) });
    return add(value, dropout(0.2)(inner(value)));
  });
  const h = own(r.chance(0.5) ? own(x) : mul(x, literal([...r.floats(width)], [width])));
  const end = r.pick([
    () => softmax(h),
    () => transpose(reshape(h, [-1, 1])),
    () => concat([slice(h, -1, 0, 1), max(h, { axis: -1, keepAxes: true })]),
    () => batchNorm()(h),
  ])();
  const model = network(x, dense(outputs)(flatten(end)), { seed: r.below(1000) });
  if (r.chance(0.5)) {
    const loss = ownLoss(({ output, target }) => mean(square(sub(output, target)), { axis: 1 }));
    Object.assign(model, { loss });
  }
  return model;
}

/** Values that were read, by their names in the file, against the bytes that it has of them. */
function checkValues(read: Iterable<readonly [name: string, Float32Array]>, file: Uint8Array): void {
  const written = tensorBytes(file);
  for (const [name, values] of read) {
    const bytes = written.get(name)?.bytes;
    expectThat(
      bytes !== undefined && equalBytes(bytes, bytesOf(values)),
      () => `${name}: other values than in the file`,
    );
  }
}

function checkModel(model: Network, file: Uint8Array): void {
  const all = [...model.parameters, ...model.buffers];
  checkValues(
    all.map(({ name, values }) => [name, values]),
    file,
  );
  allFiniteIn(model);
}

/** What it accepts must run. */
export function run(world: World, model: Network): void {
  if (model.parameterCount > 1e6 || model.inputSize > 1e5) return;
  const compiled = new CompiledModel(world.reference, model, { maxRows: 1 });
  try {
    const plan = compiled.plan(1);
    plan.inputs.fill(0);
    plan.loaded();
    plan.forward();
    expectThat(plan.outputs.read().length === model.outputSize, () => 'outputs of another number');
  } finally {
    compiled.dispose();
  }
}

/** A safetensors file with JSON in its metadata: changed there, in its header, or anywhere. */
export function mutateSafetensors(r: Random, file: Uint8Array): Uint8Array {
  if (r.chance(0.3)) return mutateBytes(r, file);
  const { header, data } = splitSafetensors(file);
  if (r.chance(0.3)) return safetensors(mutateJson(r, header), data);
  const metadata = { ...(header.__metadata__ as Record<string, string>) };
  const key = r.pick(Object.keys(metadata));
  metadata[key] = metadata[key].startsWith('{') ? mutateJson(r, JSON.parse(metadata[key])) : 'other';
  return safetensors(JSON.stringify({ ...header, __metadata__: metadata }), data);
}

const modelTarget: Target = {
  name: 'readModel',
  weight: 6,
  async run(r, world) {
    const model = r.chance(0.5) ? someGraph(r) : someModel(r);
    const file = writeModel(model, {
      classNames: Array.from({ length: model.outputSize }, (_, i) => `c${i}`),
    });
    if (r.chance(0.1)) return checkModel((await must('a model', () => readModel(file, 'f'))).model, file);
    const changed = mutateSafetensors(r, file);
    const { model: read } = readModel(changed, 'f');
    checkModel(read, changed);
    run(world, read);
  },
};

const npzModelTarget: Target = {
  name: 'readModelNpz',
  weight: 2,
  async run(r) {
    const model = someModel(r);
    const file = writeModelNpz(model);
    const other = sequential(model.inputSize, model.layers, { seed: 1 });
    const before = JSON.stringify(other.parameters.map(({ values }) => [...values]));
    try {
      readModelNpz(r.chance(0.1) ? file : mutateBytes(r, file), 'f', other);
    } catch (error) {
      const after = JSON.stringify(other.parameters.map(({ values }) => [...values]));
      expectThat(after === before, () => `the model was changed by a file that was refused: ${error}`);
      throw error;
    }
    allFiniteIn(other);
  },
};

const pytorchTarget: Target = {
  name: 'readPytorch',
  weight: 3,
  async run(r) {
    // PyTorch's kernels and order of channels are others.
    const model = someModel(r, { images: false });
    const file = writePytorch(model);
    const other = sequential(model.inputSize, model.layers, { seed: 1 });
    if (r.chance(0.1)) {
      await must('a state_dict', () => readPytorch(file, 'f', other));
      for (const [i, { name, values }] of other.parameters.entries()) {
        expectThat(equalBytes(bytesOf(values), bytesOf(model.parameters[i].values)), () => `${name} differs`);
      }
      return;
    }
    readPytorch(mutateSafetensors(r, file), 'f', other);
    allFiniteIn(other);
  },
};

let checkpointFile: Promise<Uint8Array> | undefined;

/** The bytes of a real checkpoint; made once. */
export function makeCheckpoint({ engine }: World): Promise<Uint8Array> {
  checkpointFile ??= (async () => {
    let file: Uint8Array = new Uint8Array();
    const save = ({ bytes }: { bytes: Uint8Array }) => {
      file = bytes;
    };
    await trainWith(engine, { epochs: 2, checkpoint: { save } });
    return file;
  })();
  return checkpointFile;
}

/** The training that checkpoints are of. */
async function trainWith(
  engine: Engine,
  options: Pick<FitOptions, 'epochs' | 'checkpoint' | 'resume'>,
): Promise<Network> {
  const model = sequential(2, [dense(3, { activation: 'relu' }), dense(2)], { seed: 1 });
  const set = dataset({ inputs: Float32Array.of(1, 2, 3, 4, 5, 6), labels: [0, 1, 0] });
  await fit(engine, model, set, {
    ...{ loss: 'softmaxCrossEntropy', optimizer: adam(), batchSize: 2, averageDecay: 0.9 },
    ...options,
  });
  return model;
}

const checkpointTarget: Target = {
  name: 'readCheckpoint',
  weight: 5,
  async run(r, world) {
    const file = await makeCheckpoint(world);
    const intact = r.chance(0.05);
    const changed = intact ? file : mutateSafetensors(r, file);
    const read: Checkpoint = intact
      ? await must('a checkpoint', () => readCheckpoint(file, 'f'))
      : readCheckpoint(changed, 'f');
    const named = [...read.parameters].map(([name, values]) => [`parameters/${name}`, values] as const);
    checkValues(named, changed);
    // What was read is gone on from, or refused.
    if (r.chance(0.3)) allFiniteIn(await trainWith(world.engine, { epochs: 3, resume: read }));
  },
};

export const modelTargets: readonly Target[] = [modelTarget, npzModelTarget, pytorchTarget, checkpointTarget];
