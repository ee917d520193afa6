/**
 * What coordinator and workers leave for each other in a queue's database: which study is worked at, jobs, checkpoints
 * and results. Whatever of it is lost, the coordinator puts there again: the study's journal alone is the truth.
 */
import { createHash } from 'node:crypto';
import { canonicalJson } from '../../base/json.js';
import { createEngine } from '../../create/engine.js';
import { packageVersion } from '../../run/version.js';
import { describeCheckpointEngine } from '../../train/configuration.js';
import type { DefinitionJson } from '../definition.js';
import type { TrainingObjective } from '../objective/train.js';
import type { TrialResult, TrialTask } from '../objective/trial.js';
import type { TrialReport } from '../trial.js';
import type { Redis } from './connection.js';

/** Of the coordinator that is at work: `Owner`, while it renews it. */
export const OWNER_KEY = 'lanegrad:coordinator';
/** What workers are told of the study: `StudyNote`. */
export const NOTE_KEY = 'lanegrad:study';
/** Workers that may not work at a study say why here, in a list. */
export const refusalsKey = (study: string) => `lanegrad:${study}:refusals`;
/** Files of a trial that is under way, and what came of one. */
export const checkpointKey = (job: string) => `lanegrad:checkpoint:${job}`;
export const resultKey = (job: string) => `lanegrad:result:${job}`;
/** Files of the trial that a member of a population goes on from. */
export const parentKey = (job: string) => `lanegrad:parent:${job}`;
/** There when nobody wants to know any more what comes of a job: it is `done`, or the sweep was `stopped`. */
export const cancelKey = (job: string) => `lanegrad:cancel:${job}`;

/** Seconds that checkpoints and results are kept for a coordinator that is away. */
export const KEPT_SECONDS = 7 * 24 * 3600;
/** Bytes of a checkpoint at most; a trial that has more begins at its beginning when its worker is lost. */
export const MOST_CHECKPOINT = 64 * 2 ** 20;
/** Bytes of what a trial leaves at most. */
export const MOST_RESULT = 256 * 2 ** 20;
/**
 * Milliseconds without a sign of life until a worker's job is given to another one, and between two looks for such
 * jobs.
 */
export const LOCK_DURATION = 4000;
export const STALLED_INTERVAL = 1000;
/** How often a job is given to another worker when its own was lost. */
export const MOST_LOSSES = 20;

/** What decides on the bits, beside the study. */
export interface Identity {
  readonly version: string;
  readonly engine: object;
}

/** What the workers of a study are to do. */
export type SharedObjective =
  | { readonly training: TrainingObjective }
  | {
      readonly module: {
        /** On the coordinator's machine. */
        readonly path: string;
        /** From its working directory. */
        readonly relative: string;
        readonly sha256: string;
      };
    };

export interface StudyNote {
  /** A digest of all that the trials follow from: equal studies have equal trials. */
  readonly study: string;
  readonly name: string;
  readonly host: string;
  readonly identity: Identity;
  readonly objective: SharedObjective;
  /** A digest of what is trained on. */
  readonly data?: string | undefined;
}

/** A job: a trial, without the coordinator's folders. */
export interface JobData extends Omit<TrialTask, 'folder'> {
  readonly hasFolder: boolean;
  /** There are files that it goes on from. */
  readonly hasParent: boolean;
}

export function jobData({ folder, population, ...others }: TrialTask): JobData {
  const { parent, ...own } = population ?? {};
  return {
    ...others,
    ...(population && {
      population: {
        ...(own as typeof population),
        ...(parent && { parent: { ...parent, folder: undefined } }),
      },
    }),
    hasFolder: folder !== undefined,
    hasParent: parent?.folder !== undefined,
  };
}

/** What a worker says on the way. */
export interface JobProgress {
  /** How many reports of the trial came before these. */
  readonly after: number;
  readonly reports: readonly TrialReport[];
}

/** How a job ended; beside it are the files of the trial's folder. */
export type JobOutcome = { readonly result: TrialResult } | { readonly error: string };

/** Lays files down for whoever asks for them, be it after a while. */
export async function layDown(redis: Redis, key: string, files: Buffer): Promise<void> {
  await redis.set(key, files, 'EX', KEPT_SECONDS);
}

export async function identityHere(): Promise<Identity> {
  const engine = await createEngine({ math: 'strict', threads: 1 });
  try {
    return { version: packageVersion(), engine: describeCheckpointEngine(engine) };
  } finally {
    engine.dispose();
  }
}

export function studyId(definition: DefinitionJson, identity: Identity, objective: SharedObjective): string {
  // A module's path is a matter of the machine.
  const remote = 'module' in objective ? objective.module.sha256 : objective;
  const { objective: _, ...others } = definition;
  return sha256(canonicalJson({ ...others, identity, remote })).slice(0, 16);
}

/** The same trial has the same job, whoever coordinates it. */
export function jobId(study: string, task: TrialTask): string {
  return `${study}-${task.number}-${sha256(canonicalJson(jobData(task))).slice(0, 8)}`;
}

export function queueName(study: string): string {
  return `lanegrad-${study}`;
}

export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
