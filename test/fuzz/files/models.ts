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
import { splitSafetensors } from '../encode.js';
import { hostileGraph } from '../hostile-graphs.js';
import { mutateBytes } from '../mutate.js';
import { mutateProto } from '../structure/protobuf.js';
import { mutateSafetensorsHeader } from '../structure/safetensors.js';
import { expectThat, type FileTarget, must } from '../target.js';
import { makeCheckpoint, mutateSafetensors, run, someGraph, someModel } from '../targets/models.js';
import { anyOnnx, checkOutputs } from '../targets/onnx.js';
import { equalBytes, sameAgain } from './same.js';

/** What is kept of a model beside its file. */
interface Read {
  readonly shapes: readonly (readonly number[])[];
  readonly parameters: readonly (readonly [name: string, values: Float32Array])[];
}

const readOf = ({ parameters, buffers, inputs, outputs }: Network): Read => ({
  shapes: [...inputs, ...outputs].map(({ shape }) => shape),
  parameters: [...parameters, ...buffers].map(({ name, values }) => [name, values] as const),
});

function allFinite({ parameters, buffers }: Network): void {
  for (const { name, values } of [...parameters, ...buffers])
    expectThat(values.every(Number.isFinite), () => `${name} is not finite`);
}

const modelTarget: FileTarget<Read> = {
  name: 'a model, and back',
  weight: 6,
  extension: 'safetensors',
  make(r) {
    const model = r.chance(0.5) ? someGraph(r) : someModel(r);
    const file = writeModel(model, { classNames: r.list(model.outputSize, (i) => `c${i}`) });
    if (r.chance(0.8)) return { bytes: mutateSafetensors(r, file) };
    const { header, data } = splitSafetensors(file);
    return { bytes: mutateSafetensorsHeader(r, header, data) };
  },
  async read(bytes, world) {
    const { model, metadata } = readModel(bytes, 'f');
    allFinite(model);
    const written = await must('what was read, to be written', () => writeModel(model, metadata));
    const again = await must('its own file', () => readModel(written, 'g'));
    sameAgain('its own file', readOf(again.model), readOf(model));
    sameAgain('metadata of its own file', again.metadata, metadata);
    expectThat(
      equalBytes(writeModel(again.model, again.metadata), written),
      () => 'is written otherwise again',
    );
    run(world, model);
    return readOf(model);
  },
};

const checkpointTarget: FileTarget<Checkpoint> = {
  name: 'a checkpoint, and back',
  weight: 4,
  extension: 'safetensors',
  async make(r, world) {
    const file = await makeCheckpoint(world);
    if (r.chance(0.6)) return { bytes: mutateSafetensors(r, file) };
    const { header, data } = splitSafetensors(file);
    return { bytes: mutateSafetensorsHeader(r, header, data) };
  },
  async read(bytes) {
    const read = readCheckpoint(bytes, 'f');
    const written = await must('what was read, to be written', () => writeCheckpoint(read));
    const again = await must('its own file', () => readCheckpoint(written, 'g'));
    sameAgain('its own file', again, read);
    expectThat(equalBytes(writeCheckpoint(again), written), () => 'is written otherwise again');
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
    allFinite(model);
    const size = [...model.inputs, ...model.outputs].reduce(
      (sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1),
      0,
    );
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
