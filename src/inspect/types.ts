/** What was found in a file or folder: plain data, which the command line prints. */

import type { Loss } from '../nn/losses.js';
import type { ColumnReport } from '../tables/inspect.js';
import type { ModelMetadata } from '../tables/model-file.js';
import type { GraphLine } from './graph-text.js';

export type InspectedKind =
  | 'model'
  | 'checkpoint'
  | 'safetensors'
  | 'onnx'
  | 'npy'
  | 'npz'
  | 'idx'
  | 'table'
  | 'metrics'
  | 'run';

/** A tensor with its values, in any type; texts have none. */
export interface InspectedTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly values: ArrayLike<number | bigint>;
  /**
   * The tensor as pictures: images, or one for each unit of a first layer. Values run over all pictures of
   * it.
   */
  readonly pictures?: Pictures;
}

export interface Pictures {
  readonly height: number;
  readonly width: number;
  readonly count: number;
  /** Grey, which is the default, or red, green and blue. */
  readonly channels?: 1 | 3;
  /** Whether 0 is the middle grey also where no value is negative. */
  readonly signed?: true;
  /** Value of a pixel of one picture. */
  at(picture: number, pixel: number, channel: number): number;
}

export interface Inspection {
  readonly path: string;
  readonly kind: InspectedKind;
  /** In the order in which people read them. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly tensors: readonly InspectedTensor[];
  readonly model?: ModelReport;
  /** A network as a drawing, where it is no list of layers or comes from another program. */
  readonly graph?: readonly GraphLine[];
  /** Of a table. */
  readonly columns?: readonly ColumnReport[];
  /** Of a run folder: its files. */
  readonly parts?: readonly Inspection[];
  /** Of metrics: a row an epoch, flattened. */
  readonly records?: readonly Readonly<Record<string, unknown>>[];
}

export interface ModelReport {
  readonly sizes: readonly number[];
  readonly parameters: number;
  readonly seed: number;
  /** Each with its options, sizes and number of parameters. */
  readonly layers: readonly Readonly<Record<string, unknown>>[];
  readonly metadata: ModelMetadata;
  /** That it was trained with, where it is known. */
  readonly loss?: Loss['config'];
  readonly weightsSha256: string;
}
