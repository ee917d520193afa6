/** What the assignment's report is made from. Nothing here draws or measures anything. */
import type { ExperimentsResult } from '../q7-experiments/types.js';
import type {
  BatchedResult,
  Derivation,
  FormsResult,
  GradientTable,
  SpeedResult,
  SyntheticResult,
  TensorResult,
} from '../types.js';

/** The parts that compute for long. */
export interface ComputedParts {
  readonly synthetic: SyntheticResult;
  readonly tensor: TensorResult;
  readonly batched: BatchedResult;
  readonly forms: FormsResult;
  readonly speed: SpeedResult;
  readonly experiments: ExperimentsResult;
}

/** A few images of every class, in the order of the classes. */
export interface DataSamples {
  readonly name: string;
  readonly height: number;
  readonly width: number;
  readonly classNames: readonly string[];
  /** [class][example], pixels row-major. */
  readonly images: readonly (readonly Uint8Array[])[];
  /** How often each class occurs in the training file. */
  readonly counts: readonly number[];
}

/** All results of the assignment: what its report shows. */
export interface AssignmentReport extends ComputedParts {
  /** ISO date. */
  readonly createdAt: string;
  /** Made with fewer images, settings, seeds and epochs. */
  readonly quick: boolean;
  readonly version: string;
  readonly machine: { readonly runtime: string; readonly processor: string; readonly cores: number };
  readonly identity: { readonly wasmSha256: string; readonly dataSha256: string };
  readonly derivations: readonly (readonly Derivation[])[];
  readonly table: GradientTable;
  readonly samples: DataSamples;
}

/** Some sentences on one question. */
export interface Conclusion {
  /** As a reader finds it in the contents. */
  readonly subject: string;
  readonly sentences: readonly string[];
}
