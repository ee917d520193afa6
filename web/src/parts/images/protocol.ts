/** What the images' part of the page and its worker say to each other. */
import type { EngineInfo } from 'lanegrad';
import type { Settings } from './settings.js';

export interface Pictures {
  /** Rows of SIDE · SIDE · 3 bytes, one a file that is a picture. */
  readonly images: readonly Uint8Array[];
  /** What the library says of the other files. */
  readonly problems: readonly string[];
}

export interface TrainRequest {
  readonly classes: readonly { readonly name: string; readonly images: readonly Uint8Array[] }[];
  readonly settings: Settings;
}

/** Where training stands: when it begins, some ten times a second, and after each epoch. */
export type News =
  | {
      readonly kind: 'begin';
      readonly train: number;
      /** Pictures that validate; 0 where there are too few. */
      readonly validation: number;
      readonly parameters: number;
      readonly info: EngineInfo;
    }
  | { readonly kind: 'progress'; readonly imagesPerSecond: number }
  | {
      readonly kind: 'epoch';
      readonly epoch: number;
      readonly loss: number;
      readonly validationLoss: number | null;
      /** Of the pictures that validate; without those, of training. */
      readonly accuracy: number;
    };

export interface Trained {
  readonly epochs: number;
  readonly stopped: boolean;
  /** The epoch whose weights the network has, and its accuracy, where it is not the last. */
  readonly best: { readonly epoch: number; readonly accuracy: number } | undefined;
}

export type KeptFile = 'model' | 'onnx';

export type Calls = {
  read: { given: readonly File[]; gives: Pictures };
  train: { given: TrainRequest; gives: Trained };
  pause: { given: undefined; gives: undefined };
  resume: { given: undefined; gives: undefined };
  stop: { given: undefined; gives: undefined };
  /** Probabilities of the classes for one picture; undefined before there is a network. */
  predict: { given: Uint8Array; gives: Float32Array | undefined };
  file: { given: KeptFile; gives: Uint8Array };
};
