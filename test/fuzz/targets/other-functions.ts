/** The functions of the entry points trainer, reference and assignment. */
import { join } from 'node:path';
import * as assignment from '../../../src/assignment/index.js';
import { adam, dense, type Engine, predict, sequential } from '../../../src/index.js';
import * as reference from '../../../src/reference.js';
import * as trainer from '../../../src/trainer/index.js';
import { expectThat } from '../target.js';
import { apply, type Call } from './functions.js';
import { refused, safely } from './harmless.js';
import { briefly, classifier, labelled } from './samples.js';

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
      const engine = apply(reference.createReferenceEngine, args);
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
    call: refused(assignment.conclude),
  },
  derivationsOf: { weight: 0.3, valid: () => [1], call: assignment.derivationsOf },
  gradientTable: { weight: 0.3, valid: () => [], call: assignment.gradientTable },
  renderAssignment: {
    weight: 0.5,
    valid: () => [{ table: assignment.gradientTable() }, { script: '', style: '' }],
    call: refused(assignment.renderAssignment),
  },
};

const open = refused((options: never) => assignment.Assignment.open(options));
