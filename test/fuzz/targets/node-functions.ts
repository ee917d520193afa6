/** The functions of the entry point node. */
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { dense, LanegradError, OptionError, type Sequential, sequential } from '../../../src/index.js';
import * as node from '../../../src/node.js';
import type { World } from '../target.js';
import type { Call } from './functions.js';
import { refused, safely } from './harmless.js';
import { classifier } from './samples.js';
import { streamNodeFunctions } from './stream-functions.js';
import { table } from './table-functions.js';

const inFolder = (world: World, name: string): Promise<string> => mkdtemp(join(world.folder, name));

const openFiles = refused(node.openTableFiles);
const streamPictures = refused(node.streamImageFolder);

/** Options whose temporary file is to lie within the folder. */
const spilling = (folder: string, options: unknown): unknown =>
  isObject(options) && 'spillFolder' in options
    ? { ...options, spillFolder: safely(folder, options.spillFolder) }
    : options;

export const nodeFunctions: Record<string, Call> = {
  ...streamNodeFunctions,
  QueueError: {
    valid: () => ['place', 'problem'],
    call: (place, problem) => new node.QueueError(place, problem),
  },
  RunFolder: {
    valid: async (_, world) => [
      { out: join(await inFolder(world, 'run-'), 'new'), name: 'x' },
      { epochs: 1 },
      { epoch: 1, loss: 0.5 },
      sequential(2, [dense(2)]),
    ],
    within:
      ({ folder }) =>
      async (...args: readonly unknown[]) => {
        const [options, config, record, model] = args as [{ out?: unknown }, object, object, Sequential];
        const out =
          isObject(options) && 'out' in options
            ? { ...options, out: safely(folder, options.out) }
            : { out: join(await mkdtemp(join(folder, 'r-')), 'x') };
        const run = await node.RunFolder.create(out as { out: string });
        await run.writeConfig(config as Record<string, unknown>);
        await run.appendMetrics(record);
        await run.saveModel(model);
        return run.readConfig();
      },
  },
  checkpointFolder: {
    valid: (_, { folder }) => [
      { folder: join(folder, 'checkpoints'), everySteps: 2, keepLast: 2, keepBest: 1, monitor: 'loss' },
    ],
    call: node.checkpointFolder,
  },
  latestCheckpoint: { valid: (_, { folder }) => [join(folder, 'checkpoints')], call: node.latestCheckpoint },
  loadIdxFolder: {
    valid: (_, { folder }) => [join(folder, 'none'), { name: 'x' }],
    call: refused(node.loadIdxFolder),
  },
  loadImageFolder: {
    valid: (_, { folder }) => [
      join(folder, 'none'),
      { size: [2, 2], fit: 'stretch', skip: true, seed: 1, test: 0.1 },
    ],
    call: refused(node.loadImageFolder),
  },
  loadImages: {
    valid: (_, { folder }) => [[join(folder, 'none.png')], { size: [2, 2], fit: 'stretch', skip: true }],
    call: refused(node.loadImages),
  },
  loadMnist: {
    weight: 0.3,
    valid: (_, { folder }) => [{ path: join(folder, 'none') }],
    call: refused(node.loadMnist),
  },
  loadModel: { valid: (_, { folder }) => [join(folder, 'none')], call: refused(node.loadModel) },
  loadNpyFolder: {
    valid: (_, { folder }) => [join(folder, 'none'), { name: 'x' }],
    call: refused(node.loadNpyFolder),
  },
  loadNpz: {
    valid: (_, { folder }) => [join(folder, 'none'), { name: 'x' }],
    call: refused(node.loadNpz),
  },
  loadOnnx: { valid: (_, { folder }) => [join(folder, 'none')], call: refused(node.loadOnnx) },
  openTableFile: {
    valid: (_, { folder }) => [join(folder, 'none'), { header: true }],
    call: refused(node.openTableFile),
  },
  openTableFiles: {
    valid: (_, { folder }) => [join(folder, 'none-*.csv'), { header: true }],
    within:
      ({ folder }) =>
      (...args: readonly unknown[]) =>
        openFiles(safely(folder, args[0]), args[1]),
  },
  streamTable: {
    weight: 2,
    valid: async (_, { folder }) => [
      await table(),
      { target: 'target', validation: 0.2, memory: 2 ** 20, spillFolder: folder, dateOrder: 'dmy' },
    ],
    within:
      ({ folder }) =>
      async (...args: readonly unknown[]) => {
        const streamed = await node.streamTable(args[0] as never, spilling(folder, args[1]) as never);
        await streamed.close();
        return streamed.preparation;
      },
  },
  streamImageFolder: {
    valid: (_, { folder }) => [join(folder, 'none'), { size: [2, 2], skip: true, memory: 2 ** 20 }],
    within:
      ({ folder }) =>
      (...args: readonly unknown[]) =>
        streamPictures(args[0], spilling(folder, args[1])),
  },
  saveModel: {
    weight: 2,
    valid: async (r, world) => [
      classifier(r),
      join(await inFolder(world, 'save-'), 'm.safetensors'),
      { classNames: ['a', 'b'] },
    ],
    within:
      ({ folder }) =>
      (...args: readonly unknown[]) =>
        node.saveModel(args[0] as never, safely(folder, args[1]) as string, args[2] as never),
  },
  sweep: {
    weight: 3,
    valid: async (r, world) => [
      {
        objective: ({ settings }: node.SweepTrial) => Number(settings.rate),
        space: {
          rate: { kind: 'number', low: 1e-3, high: 1, log: true },
          size: { kind: 'integer', low: 1, high: 9, step: 2 },
          how: { kind: 'choice', values: ['a', [1, 2], null] },
          more: { kind: 'number', low: 0, high: 1, when: { how: ['a', null] } },
        },
        sampler: r.pick(['random', 'grid', 'sobol', 'tpe', { kind: 'tpe', startup: 1, candidates: 3 }]),
        pruner: r.pick(['none', 'median', { kind: 'hyperband', most: 9 }, { kind: 'patience', reports: 2 }]),
        ...{ direction: r.pick(['minimize', 'maximize']), trials: 5, workers: 2, seed: 3, lag: 2 },
        ...(r.chance(0.3) && { folder: join(await inFolder(world, 'sweep-'), 'study') }),
      },
    ],
    within:
      ({ folder }) =>
      async (options: unknown) => {
        // A study of a million trials is right, and takes long: it is stopped.
        const enough = new AbortController();
        let ended = 0;
        const given = isObject(options)
          ? {
              ...options,
              ...('folder' in options && { folder: safely(folder, options.folder) }),
              signal: enough.signal,
              onTrial: () => {
                if (++ended === 20) enough.abort(new OptionError('fuzz', 'enough'));
              },
            }
          : options;
        return node.sweep(given as node.SweepOptions).catch((error: unknown) => {
          if (ended < 20 || !(error instanceof LanegradError)) throw error;
        });
      },
  },
  weightsSha256: { valid: (r) => [classifier(r)], call: node.weightsSha256 },
};

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
