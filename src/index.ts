/**
 * lanegrad for Node and browsers: engines, models, training. Files are in `lanegrad/node`.
 *
 * @module lanegrad
 */

export * from './base/errors.js';
export type { Fit } from './base/image-shape.js';
export { createEngine, type EngineOptions } from './create/engine.js';
export { type Dataset, type DatasetOptions, dataset, sliceDataset } from './data/dataset.js';
export { readIdx } from './data/idx.js';
export {
  imagesFromFiles,
  type PictureFile,
  type Pictures,
  type PicturesFromFiles,
} from './data/images/browser.js';
export type { PictureOptions, SkippedFile } from './data/images/collect.js';
export type { ImageSize } from './data/images/resize.js';
export { channelMoments } from './data/moments.js';
export {
  type DatasetParts,
  type Fold,
  type FoldOptions,
  kFold,
  type SplitOptions,
  splitDataset,
  takeRows,
} from './data/rows.js';
export {
  type Chunk,
  type InOrder,
  type RandomAccess,
  type ReadContext,
  type StreamDtype,
  type StreamedDataset,
  type StreamOptions,
  streamDataset,
} from './data/stream.js';
export { type StreamArraysOptions, streamArrays } from './data/stream-arrays.js';
export type { Engine, EngineInfo } from './engine/engine.js';
export type { Activation } from './engine/kernels.js';
export type { WasmSource, WasmSources } from './engine/load.js';
export type { Tiles, Tuning } from './engine/tiles.js';
export { readModelNpz, writeModelNpz } from './formats/arrays.js';
export type { CsvWriteOptions } from './formats/csv-write.js';
export { epochScalars, metricsCsv, metricsEvents } from './formats/metrics.js';
export type { InputFormat } from './formats/model-metadata.js';
export { type NpyArray, readNpy, type WritableNpy, writeNpy } from './formats/npy.js';
export { readNpz, writeNpz } from './formats/npz.js';
export { onnxDataFiles, type ReadOnnxOptions } from './formats/onnx/read.js';
export {
  denseFromPytorch,
  type PytorchOptions,
  type ReadPytorchOptions,
  readPytorch,
  writePytorch,
} from './formats/pytorch.js';
export { readSafetensors, writeSafetensors } from './formats/safetensors.js';
export { eventFileHead, scalarEvent } from './formats/tfevents.js';
export * from './graph/functions.js';
export { type PadOptions, pad } from './graph/image-functions.js';
export { input, literal } from './graph/leaves.js';
export type { Value } from './graph/value.js';
export type { PaddingOption, PairOption } from './graph/windows.js';
export { type ActivationOptions, activation } from './nn/activations.js';
export { type ChainOptions, optimizer } from './nn/chain.js';
export { CompiledModel, type CompileOptions, type Plan } from './nn/compile.js';
export {
  type Conv1dOptions,
  conv1d,
  conv2d,
  type DepthwiseConvOptions,
  depthwiseConv2d,
  separableConv2d,
} from './nn/conv.js';
export type { ConvFunctionOptions, ConvOptions, ConvWindowOptions } from './nn/conv-parts.js';
export {
  type ConvTransposeFunctionOptions,
  type ConvTransposeOptions,
  convTranspose2d,
} from './nn/conv-transpose.js';
export { type DenseOptions, dense } from './nn/dense.js';
export { type DropoutOptions, dropout } from './nn/dropout.js';
export { type EmbeddedColumn, type EmbeddingOptions, embedding } from './nn/embedding.js';
export {
  type ExplainedProgram,
  type ExplainedStep,
  type ExplainedValue,
  type ExplainOptions,
  type Explanation,
  explain,
} from './nn/explain.js';
export {
  constant,
  type Fans,
  glorotNormal,
  glorotUniform,
  heNormal,
  heUniform,
  type Initializer,
  type InitializerName,
  randomNormal,
  zeros,
} from './nn/initializers.js';
export {
  buffer,
  type Layer,
  type LayerFunction,
  layer,
  type ParameterOptions,
  parameter,
} from './nn/layer.js';
export { type LoraOptions, lora, mergeLora } from './nn/lora.js';
export {
  binaryCrossEntropy,
  huber,
  type Loss,
  type LossFunction,
  type LossName,
  meanAbsoluteError,
  meanSquaredError,
  type SoftmaxCrossEntropyOptions,
  softmaxCrossEntropy,
} from './nn/losses.js';
export {
  freeze,
  type InputScale,
  type Memory,
  type Network,
  type Parameter,
  type Port,
  setParameters,
  unfreeze,
} from './nn/model.js';
export { callModel, type Named, network } from './nn/network.js';
export {
  type BatchNormOptions,
  batchNorm,
  type ChannelMoments,
  type LayerNormOptions,
  layerNorm,
  normalization,
} from './nn/normalization.js';
export {
  type AdagradOptions,
  type AdamOptions,
  adagrad,
  adam,
  adamW,
  type Optimizer,
  type RmspropOptions,
  rmsprop,
  type SgdOptions,
  sgd,
} from './nn/optimizers.js';
export { type OwnLossOptions, ownLoss } from './nn/own-loss.js';
export {
  type AvgPoolOptions,
  avgPool2d,
  globalAvgPool,
  globalMaxPool,
  type MaxPoolOptions,
  maxPool2d,
  type UpsampleOptions,
  upsample,
} from './nn/pool.js';
export { type ReplaceOutputOptions, replaceOutput } from './nn/replace-output.js';
export { flatten, reshape } from './nn/reshape.js';
export {
  constantRate,
  cosineDecay,
  type OneCycleOptions,
  oneCycle,
  type PlateauOptions,
  type PlateauSchedule,
  type PlateauState,
  reduceOnPlateau,
  type Schedule,
  stepDecay,
  warmUp,
} from './nn/schedules.js';
export { isSequential, type Sequential, sequential } from './nn/sequential.js';
export { subnetwork } from './nn/subnetwork.js';
export { type LayerSummary, type ModelSummary, summary } from './nn/summary.js';
export {
  addDecayedWeights,
  clip,
  clipByGlobalNorm,
  type ScaleByAdamOptions,
  type ScaleByRmsOptions,
  scale,
  scaleByAdam,
  scaleByRms,
  scaleByRss,
  scaleBySchedule,
  scaleBySign,
  type TraceOptions,
  trace,
} from './nn/transforms/named.js';
export type { OwnTransform, Transform, TransformValues } from './nn/transforms/transform.js';
export type { UpdateOptions } from './nn/update.js';
export { weightsSha256 } from './run/weights.js';
export { type ModelMetadata, readModel, writeModel } from './tables/model-file.js';
export { type WriteOnnxOptions, writeOnnx } from './tables/onnx.js';
export { type OnnxImport, readOnnx } from './tables/onnx-read.js';
export type { AugmentOptions } from './train/augment/options.js';
export type { BatchStart, Callbacks, EpochStart, StepRecord, TrainingPlan } from './train/callbacks.js';
export { type Checkpoint, readCheckpoint, writeCheckpoint } from './train/checkpoint.js';
export type { CheckpointFile, CheckpointOptions } from './train/checkpointing.js';
export { balancedClassWeights } from './train/class-weights.js';
export type { EarlyStoppingOptions } from './train/early-stopping.js';
export { type EnsembleOptions, ensemble } from './train/ensemble.js';
export { type EvaluateOptions, evaluate } from './train/evaluate.js';
export { features } from './train/features.js';
export { fit } from './train/fit.js';
export { type CachedFeatures, cacheFeatures, fitHead } from './train/fit-head.js';
export type { FitOptions } from './train/fit-options.js';
export type { EpochRecord, Evaluation, History, Score } from './train/history.js';
export {
  type FindLearningRateOptions,
  findLearningRate,
  type LearningRateCurve,
} from './train/learning-rate-finder.js';
export { type AverageOptions, accuracy, f1, precision, recall } from './train/metrics/confusion.js';
export type { Metric, MetricBatch, MetricSum, Task } from './train/metrics/metric.js';
export {
  hammingLoss,
  type MultilabelF1Options,
  multilabelF1,
  subsetAccuracy,
  type ThresholdOptions,
} from './train/metrics/multilabel.js';
export { rocAuc, topK } from './train/metrics/ranking.js';
export { r2 } from './train/metrics/regression.js';
export type { MetricName } from './train/metrics/resolve.js';
export {
  type ByOutput,
  type InputsByName,
  predict,
  predictClasses,
  predictProba,
} from './train/predict.js';
export {
  createPredictor,
  type PredictOptions,
  type Predictor,
  type PredictorOptions,
} from './train/predictor.js';
export { type HeadReport, type TrainedHead, type TrainHeadOptions, trainHead } from './train/train-head.js';
