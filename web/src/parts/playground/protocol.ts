/** What the playground and its worker say to each other. */
import type { EngineInfo } from 'lanegrad';
import type { Points } from './points.js';
import type { Settings } from './settings.js';

/** Fields a side of the large map, and of those of single units. */
export const SIDE = 64;
export const UNIT_SIDE = 24;

/** A network to begin with, as new. What it learned before is forgotten. */
export interface Begin {
  readonly kind: 'begin';
  /** Counted up: answers to what was asked of an earlier network are dropped. */
  readonly run: number;
  readonly settings: Pick<
    Settings,
    'features' | 'layers' | 'activation' | 'optimizer' | 'rate' | 'batch' | 'l1' | 'l2' | 'dropout' | 'seed'
  >;
  readonly train: Points;
  readonly test: Points;
  readonly regression: boolean;
}

/** So many steps, or as many as fit into the time; then a picture. */
export interface Advance {
  readonly kind: 'advance';
  readonly run: number;
  /** The learning rate may be changed on the way. */
  readonly rate: number;
  readonly steps?: number;
  readonly milliseconds?: number;
}

export type Request = Begin | Advance;

/** How things stand. */
export interface Snapshot {
  readonly kind: 'snapshot';
  readonly run: number;
  readonly step: number;
  readonly epoch: number;
  /** Over all points of each set, without penalties. */
  readonly trainLoss: number;
  readonly testLoss: number;
  /** Share of right answers; NaN where numbers are predicted. */
  readonly testAccuracy: number;
  /** [SIDE · SIDE]: from -1 to 1, the number predicted or twice the probability of class 1, less 1. */
  readonly output: Float32Array;
  /** For each hidden layer [units, UNIT_SIDE · UNIT_SIDE], from -1 to 1: each as a share of its largest. */
  readonly maps: readonly Int8Array[];
  /** For each layer [inputs, units], and [units]. */
  readonly weights: readonly Float32Array[];
  readonly biases: readonly Float32Array[];
  /** Of what was asked: steps, and the milliseconds that were spent in them alone. */
  readonly steps: number;
  readonly milliseconds: number;
  readonly info: EngineInfo;
}

export interface Failure {
  readonly kind: 'failure';
  readonly run: number;
  readonly message: string;
}

export type Answer = Snapshot | Failure;
