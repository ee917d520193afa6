/** lanegrad for Node and browsers: engines, models, training. Files are in `lanegrad/node`. */
export { type Dataset, type DatasetOptions, dataset, sliceDataset } from './data/dataset.js';
export { readIdx } from './data/idx.js';
export { createEngine, type Engine, type EngineInfo, type EngineOptions } from './engine/engine.js';
export type { Activation } from './engine/kernels.js';
export * from './errors.js';
export { type InputFormat, type ModelMetadata, readModel, writeModel } from './formats/model.js';
export { type NpyArray, readNpy, type WritableNpy, writeNpy } from './formats/npy.js';
export { readNpz, writeNpz } from './formats/npz.js';
export { type OnnxImport, readOnnx } from './formats/onnx/read.js';
export { type WriteOnnxOptions, writeOnnx } from './formats/onnx/write.js';
export { readSafetensors, writeSafetensors } from './formats/safetensors.js';
export { type DenseOptions, dense } from './nn/dense.js';
export {
  constant,
  glorotNormal,
  glorotUniform,
  heNormal,
  heUniform,
  type Initializer,
  type InitializerName,
  zeros,
} from './nn/initializers.js';
export type { FusedSgd, Layer, LayerCalls, LayerContext, ParameterSpec } from './nn/layer.js';
export type { LossName } from './nn/losses.js';
export { type Optimizer, sgd } from './nn/optimizers.js';
export { type Parameter, type Sequential, sequential, setParameters } from './nn/sequential.js';
export { type EvaluateOptions, evaluate, predict } from './train/evaluate.js';
export { type FitOptions, fit, type StepRecord, type TrainingPlan } from './train/fit.js';
export type { EpochRecord, Evaluation, History, Score } from './train/history.js';
