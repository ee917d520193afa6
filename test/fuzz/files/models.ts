/**
 * Models and checkpoints: what is accepted is written as a file that reads the same, and is written the same again.
 */
import {
  type Checkpoint,
  type Network,
  readCheckpoint,
  readModel,
  readOnnx,
  writeCheckpoint,
  writeModel,
  writeOnnx,
} from '../../../src/index.js';
import { elementsOf, splitSafetensors } from '../encode.js';
import { hostileGraph } from '../hostile-graphs.js';
import { mutateBytes } from '../mutate.js';
import type { Random } from '../random.js';
import { mutateProto } from '../structure/protobuf.js';
import { mutateSafetensorsHeader } from '../structure/safetensors.js';
import { type FileTarget, type Made, must } from '../target.js';
import { allFiniteIn } from '../targets/functions.js';
import { makeCheckpoint, mutateSafetensors, run, someGraph, someModel } from '../targets/models.js';
import { anyOnnx, checkOutputs } from '../targets/onnx.js';
import { comesBack } from './same.js';

/** What is kept of a model beside its file. */
interface Read {
  readonly shapes: readonly (readonly number[])[];
  readonly parameters: readonly (readonly [name: string, values: Float32Array])[];
}

const readOf = ({ parameters, buffers, inputs, outputs }: Network): Read => ({
  shapes: [...inputs, ...outputs].map(({ shape }) => shape),
  parameters: [...parameters, ...buffers].map(({ name, values }) => [name, values] as const),
});

/** A file of safetensors that was changed: anywhere, in its JSON, or by the structure of its header. */
function changed(r: Random, file: Uint8Array): Pick<Made, 'bytes'> {
  if (r.chance(0.7)) return { bytes: mutateSafetensors(r, file) };
  const { header, data } = splitSafetensors(file);
  return { bytes: mutateSafetensorsHeader(r, header, data) };
}

const modelTarget: FileTarget<Read> = {
  name: 'a model, and back',
  weight: 6,
  extension: 'safetensors',
  make(r) {
    const model = r.chance(0.5) ? someGraph(r) : someModel(r);
    return changed(r, writeModel(model, { classNames: r.list(model.outputSize, (i) => `c${i}`) }));
  },
  async read(bytes, world) {
    const read = readModel(bytes, 'f');
    allFiniteIn(read.model);
    await comesBack(
      read,
      ({ model, metadata }) => writeModel(model, metadata),
      (file) => readModel(file, 'g'),
      ({ model, metadata }) => [readOf(model), metadata],
    );
    run(world, read.model);
    return readOf(read.model);
  },
};

const checkpointTarget: FileTarget<Checkpoint> = {
  name: 'a checkpoint, and back',
  weight: 4,
  extension: 'safetensors',
  make: async (r, world) => changed(r, await makeCheckpoint(world)),
  async read(bytes) {
    const read = readCheckpoint(bytes, 'f');
    await comesBack(read, writeCheckpoint, (file) => readCheckpoint(file, 'g'));
    return read;
  },
};

const onnxTarget: FileTarget<Read> = {
  name: 'an ONNX file, and back',
  weight: 12,
  extension: 'onnx',
  make(r) {
    const file = anyOnnx(r);
    return { bytes: Uint8Array.from(r.pick([mutateProto, mutateProto, mutateBytes, hostileGraph])(r, file)) };
  },
  async read(bytes, world) {
    const { model } = readOnnx(bytes, 'f');
    allFiniteIn(model);
    const size = [...model.inputs, ...model.outputs].reduce((sum, { shape }) => sum + elementsOf(shape), 0);
    if (size > 1e5) return readOf(model);
    run(world, model);
    const written = writeOnnx(model);
    const again = await must('its own file', () => readOnnx(written, 'g'));
    // A function at the end that the loss applies as well is left out: such a model is refused where it is used.
    const isWhole = !again.softmax && !again.sigmoid;
    if (isWhole && model.parameterCount < 1e5) checkOutputs(model, again.model, world.reference);
    return readOf(model);
  },
};

export const modelFiles = [modelTarget, checkpointTarget, onnxTarget] as FileTarget[];
