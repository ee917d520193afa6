/** The functions of the other entry points: tables, node, trainer, reference and assignment. */
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import * as assignment from '../../../src/assignment/index.js';
import { adam, dense, type Engine, predict, type Sequential, sequential } from '../../../src/index.js';
import * as node from '../../../src/node.js';
import * as reference from '../../../src/reference.js';
import * as tables from '../../../src/tables.js';
import * as trainer from '../../../src/trainer/index.js';
import { expectThat, type World } from '../target.js';
import { allFinite, type Call } from './functions.js';
import { briefly, classifier, labelled } from './samples.js';
import { streamNodeFunctions } from './stream-functions.js';

const csv = new TextEncoder().encode(
  `a,b,target\n${Array.from({ length: 40 }, (_, i) => `${i % 7},${i % 3 ? 'x' : 'y'},${i % 2 ? 'yes' : 'no'}`).join('\n')}\n`,
);
const table = () => tables.openTable(csv, { name: 't' });
const prepared = async () => tables.prepareTable(await table(), { target: 'target' });
let first: ReturnType<typeof prepared> | undefined;
/** A preparation, made once: nothing writes to it. */
async function known() {
  first ??= prepared();
  return (await first).preparation;
}

async function drain(
  rows: AsyncIterable<{ predictions: Float64Array; chunk: { rows: number } }>,
): Promise<number> {
  let count = 0;
  for await (const { chunk, predictions } of rows) {
    allFinite(predictions.slice(0, chunk.rows), 'a prediction');
    count += chunk.rows;
  }
  return count;
}

export const tableFunctions: Record<string, Call> = {
  openTable: {
    weight: 3,
    valid: () => [csv, { name: 't', delimiter: ',', header: true, decimal: '.' }],
    async call(...args) {
      const opened = await tables.openTable(...(args as unknown as Parameters<typeof tables.openTable>));
      let rows = 0;
      for await (const chunk of opened.chunks()) rows += chunk.rows;
      return rows;
    },
    check: (rows, _, intact) => intact && expectThat(rows === 40, () => `${String(rows)} rows of 40`),
  },
  predictTable: {
    weight: 2,
    valid: async (_, { engine }) => [
      engine,
      tables.tableModel(await known(), { hidden: [3] }),
      await known(),
      await table(),
    ],
    call: (...args) =>
      drain(tables.predictTable(...(args as unknown as Parameters<typeof tables.predictTable>))),
  },
  targetMetrics: {
    valid: async () => {
      const options = { target: 'a', task: 'regression' } as const;
      return [(await tables.prepareTable(await table(), options)).preparation, ['mae', 'r2']];
    },
    call: tables.targetMetrics,
  },
  prepareTable: {
    weight: 3,
    valid: async () => [
      await table(),
      {
        target: 'target',
        task: 'classification',
        types: { a: 'number', b: 'category' },
        validation: 0.2,
        test: 0.1,
        seed: 2,
        sample: 1,
      },
    ],
    call: tables.prepareTable,
    check: (result) => allFinite((result as tables.PreparedTable).train.inputs),
  },
  tableDataset: {
    weight: 2,
    valid: async () => [await table(), await known(), 'validation'],
    call: tables.tableDataset,
  },
  tableStream: {
    valid: async () => [await table(), await known(), 'validation'],
    async call(...args) {
      const { source } = tables.tableStream(...(args as unknown as Parameters<typeof tables.tableStream>));
      let rows = 0;
      const chunks = 'open' in source ? source.open({ signal: new AbortController().signal }) : [];
      for await (const { inputs } of chunks) {
        allFinite(inputs as Float32Array, 'an input');
        rows += inputs.length;
      }
      return rows;
    },
  },
  tableModel: {
    weight: 2,
    valid: async () => [await known(), { hidden: [4, 3], activation: 'relu', dropout: 0.1, seed: 1 }],
    call: tables.tableModel,
  },
};

const inFolder = (world: World, name: string): Promise<string> => mkdtemp(join(world.folder, name));

/**
 * Of a path: nothing may be written outside of the folder of the cases. Odd texts are made names within it.
 */
const safely = (folder: string, path: unknown): unknown =>
  typeof path === 'string' && !path.startsWith(folder)
    ? join(folder, path.replace(/[\\/.]/g, '_').slice(0, 300))
    : path;

type Loose = (...args: readonly unknown[]) => unknown;
const openFiles = refused(node.openTableFiles) as Loose;
const streamPictures = refused(node.streamImageFolder) as Loose;

/** Options whose temporary file is to lie within the folder. */
const spilling = (folder: string, options: unknown): unknown =>
  typeof options === 'object' && options !== null && 'spillFolder' in options
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
          typeof options === 'object' && options !== null && 'out' in options
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
        const { LanegradError, OptionError } = await import('../../../src/index.js');
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

/** For arguments of which nothing is there: an error of ours is what they should get. */
function refused(use: (...args: never[]) => Promise<unknown>): Call['call'] {
  return async (...args) => {
    const { LanegradError } = await import('../../../src/index.js');
    return use(...args).catch((error: unknown) => {
      if (!(error instanceof LanegradError)) throw error;
    });
  };
}

export const trainerFunctions: Record<string, Call> = {
  createTrainer: {
    weight: 2,
    valid: (r) => [
      { model: classifier(r), worker: false, engine: { backend: 'reference' } },
      labelled(r),
      {
        loss: 'softmaxCrossEntropy',
        optimizer: adam(),
        epochs: 1,
        batchSize: 4,
        onProgress: () => {},
        progressInterval: 1,
      },
      [...r.floats(4)],
      ['0.weight'],
    ],
    async call(...args: readonly unknown[]) {
      const [options, set, fitOptions, inputs, names] = briefly(args, 2) as [
        never,
        never,
        never,
        never,
        never,
      ];
      const made = await trainer.createTrainer(options);
      try {
        await made.fit(set, fitOptions);
        await made.predict(inputs, { loss: 'softmaxCrossEntropy' });
        return await made.readWeights(names);
      } finally {
        made.dispose();
      }
    },
  },
};

export const referenceFunctions: Record<string, Call> = {
  createReferenceEngine: {
    valid: (r) => [{ precision: r.pick(['float32', 'float64']), reason: 'x' }],
    call(...args) {
      const engine = reference.createReferenceEngine(
        ...(args as unknown as Parameters<typeof reference.createReferenceEngine>),
      );
      return predict(engine, sequential(1, [dense(1)]), [1], { loss: 'meanSquaredError' });
    },
  },
  gradcheck: {
    weight: 2,
    valid: (r, { engine }) => [
      classifier(r),
      {
        loss: 'softmaxCrossEntropy',
        rows: 2,
        samples: 3,
        seed: 1,
        engines: new Map([['wasm', engine as Engine]]),
      },
    ],
    call: reference.gradcheck,
    check: (result, _, intact) =>
      intact &&
      expectThat((result as reference.GradcheckResult).passed, () => 'gradients that are right did not pass'),
  },
};

export const assignmentFunctions: Record<string, Call> = {
  Assignment: {
    weight: 0.3,
    valid: (_, { folder }) => [
      { out: join(folder, 'assignment'), quick: true, seed: 1, workers: 0, data: join(folder, 'none') },
    ],
    within:
      ({ folder }) =>
      async (...args: readonly unknown[]) => {
        const [options] = args as [{ out?: unknown; data?: unknown; workers?: unknown }];
        if (typeof options !== 'object' || options === null) {
          return open({ out: join(folder, 'odd'), data: join(folder, 'none'), plan: options });
        }
        // Neither the working directory nor worker threads are to be touched by what is odd.
        const workers = typeof options.workers === 'number' && options.workers > 0 ? 0 : options.workers;
        return open({ ...options, out: safely(folder, options.out ?? 'out'), workers });
      },
  },
  RunError: {
    valid: () => ['where', 'message'],
    call: (...args: never[]) => new (assignment.RunError as new (...args: never[]) => Error)(...args),
  },
  conclude: {
    weight: 0.5,
    valid: () => [{ table: assignment.gradientTable() }],
    call: refusedPlainly(assignment.conclude),
  },
  derivationsOf: { weight: 0.3, valid: () => [1], call: assignment.derivationsOf },
  gradientTable: { weight: 0.3, valid: () => [], call: assignment.gradientTable },
  renderAssignment: {
    weight: 0.5,
    valid: () => [{ table: assignment.gradientTable() }, { script: '', style: '' }],
    call: refusedPlainly(assignment.renderAssignment),
  },
};

const open = refused((options) => assignment.Assignment.open(options)) as (options: unknown) => unknown;

/** The same, of functions that answer at once. */
function refusedPlainly(use: (...args: never[]) => unknown): Call['call'] {
  return refused(async (...args) => use(...args));
}
