/** Everything that one run of the bench measured: the content of its JSON file. */
import type { EngineInfo } from '../src/engine/engine.js';
import type { BrowserResult } from './browser.js';
import type { ClassicResult } from './classic.js';
import type { ConvResult } from './conv/results.js';
import type { Effort } from './harness.js';
import type { KernelResult } from './kernels.js';
import type { LargeResult } from './large.js';
import type { MillionResult } from './million.js';
import type { OnnxResult } from './onnx.js';
import type { PackedResult } from './packed.js';
import type { PeerResult } from './peers.js';
import type { PredictResult } from './predict.js';
import type { Busy } from './quiet.js';
import type { ScaleResult } from './scale.js';
import type { ServeResult } from './serve.js';
import type { SmallResult } from './small.js';
import type { StreamResult } from './stream.js';
import type { ThreadsResult } from './threads.js';
import type { TilesResult } from './tiles.js';
import type { TrainingResult } from './training.js';

export interface BenchResults {
  readonly date: string;
  readonly runtime: string;
  readonly v8: string;
  readonly cpu: string | undefined;
  readonly engines: Readonly<Record<string, EngineInfo>>;
  readonly effort: Effort;
  /** What else the machine did meanwhile. */
  busy?: Busy;
  kernels?: readonly KernelResult[];
  tiles?: readonly TilesResult[];
  scale?: readonly ScaleResult[];
  step?: TrainingResult;
  epoch?: TrainingResult;
  packed?: readonly PackedResult[];
  predict?: readonly PredictResult[];
  small?: readonly SmallResult[];
  threads?: readonly ThreadsResult[];
  browser?: readonly BrowserResult[];
  classic?: readonly ClassicResult[];
  million?: MillionResult;
  stream?: StreamResult;
  large?: LargeResult;
  conv?: ConvResult;
  onnx?: readonly OnnxResult[];
  serve?: readonly ServeResult[];
  peers?: readonly PeerResult[];
  /** First lines of the peers: versions and settings. */
  peerVersions?: readonly unknown[];
}
