/**
 * lanegrad/node: what needs files. Models, also of ONNX, MNIST and other IDX folders, folders of pictures, the folder of a
 * training run, sweeps, and a model as an HTTP endpoint.
 *
 * @module lanegrad/node
 */
import { readFileBytes, writeFileAtomic } from './base/files/atomic.js';
import { checkPath } from './base/options.js';
import type { Network } from './nn/model.js';
import { readAnyModel } from './run/checkpoint-model.js';
import { type ModelMetadata, writeModel } from './tables/model-file.js';

export type { Fit } from './base/image-shape.js';
export { loadIdxFolder, type Splits } from './data/folder.js';
export type { PictureOptions, SkippedFile } from './data/images/collect.js';
export { type ImageFolderOptions, type ImageSplits, loadImageFolder } from './data/images/folder.js';
export { loadImages } from './data/images/load.js';
export type { ImageSize } from './data/images/resize.js';
export {
  type StreamedImageSplits,
  type StreamImageFolderOptions,
  streamImageFolder,
} from './data/images/stream-folder.js';
export { loadMnist } from './data/mnist.js';
export { loadNpyFolder, loadNpz } from './data/npz.js';
export {
  type FileStreamOptions,
  type NpyStreamOptions,
  type StreamedSplits,
  streamIdxFolder,
  streamNpy,
  streamNpyFolder,
} from './data/stream-files.js';
export type { RunReport, TestSet } from './report/report.js';
export { type CheckpointFolderOptions, checkpointFolder, latestCheckpoint } from './run/checkpoints.js';
export { RunFolder, type RunFolderOptions } from './run/folder.js';
export { weightsSha256 } from './run/weights.js';
export { type ServeOptions, type ServingModel, serveModel } from './serve/serve.js';
export type { DefinitionOptions } from './sweep/definition.js';
export type { TrainingObjective } from './sweep/objective/train.js';
export type { ObjectiveFunction, PopulationTrial, SweepTrial } from './sweep/objective/trial.js';
export type { PrunerName, PrunerOptions } from './sweep/pruners/named.js';
export { QueueError } from './sweep/queue/error.js';
export { type SweepWorkerOptions, sweepWorker } from './sweep/queue/worker.js';
export type { SamplerName, SamplerOptions } from './sweep/samplers/named.js';
export type {
  ChoiceOptions,
  IntegerOptions,
  NumberOptions,
  SettingCondition,
  SettingValue,
  SpaceOptions,
  TrialSettings,
} from './sweep/space.js';
export { type SweepOptions, type SweepProgress, type SweepResult, sweep } from './sweep/sweep.js';
export type { Direction, Trial, TrialReport, TrialState } from './sweep/trial.js';
export { openTableFile, openTableFiles } from './tables/file.js';
export { loadOnnx } from './tables/onnx-load.js';
export { type StreamedTable, type StreamTableOptions, streamTable } from './tables/stream-table.js';

/**
 * Writes a model as one safetensors file, from which `loadModel` rebuilds it. A crash leaves the old file or
 * the new. Throws FileError when it cannot be written, DataError when a parameter is not finite.
 */
export async function saveModel(model: Network, path: string, metadata?: ModelMetadata): Promise<void> {
  checkPath('saveModel', path);
  await writeFileAtomic(path, writeModel(model, metadata));
}

/**
 * Reads what `saveModel` wrote, or the model of a checkpoint: of `best-….safetensors` that of a best epoch. A
 * checkpoint says neither how inputs were scaled nor what classes are called: its metadata are those of the
 * model of its run folder, and empty where it lies elsewhere. Throws FileError when it cannot be read, FormatError when it is not such a
 * file.
 */
export async function loadModel(path: string): Promise<{ model: Network; metadata: ModelMetadata }> {
  checkPath('loadModel', path);
  return readAnyModel(await readFileBytes(path), path);
}
