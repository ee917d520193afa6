/**
 * The playground's worker: a small network on lanegrad's engine, a step whenever it is asked for some, and
 * after them a picture of what every unit makes of the plane. It is lanegrad's own parts, without `fit`, so
 * that one can go a single step.
 */
import {
  type Activation,
  adam,
  CompiledModel,
  createEngine,
  createPredictor,
  dense,
  dropout,
  type Engine,
  features,
  type Optimizer,
  type Predictor,
  rmsprop,
  type Sequential,
  sequential,
  sgd,
} from 'lanegrad';
import { randomFrom } from '../../shared/random.js';
import { gridOf, inputsOf } from './features.js';
import { EXTENT, type Points } from './points.js';
import {
  type Advance,
  type Answer,
  type Begin,
  type Request,
  SIDE,
  type Snapshot,
  UNIT_SIDE,
} from './protocol.js';

/** Steps between two looks at the clock. */
const BURST = 50;

const optimizers: Record<Begin['settings']['optimizer'], (learningRate: number) => Optimizer> = {
  sgd: (learningRate) => sgd({ learningRate }),
  momentum: (learningRate) => sgd({ learningRate, momentum: 0.9 }),
  adam: (learningRate) => adam({ learningRate }),
  rmsprop: (learningRate) => rmsprop({ learningRate }),
};

class Session {
  readonly #engine: Engine;
  readonly #begin: Begin;
  readonly #model: Sequential;
  readonly #compiled: CompiledModel;
  readonly #predictor: Predictor;
  /** Names of the hidden layers; between them may be dropout. */
  readonly #hidden: readonly string[];
  readonly #inputs: Float32Array;
  readonly #testInputs: Float32Array;
  readonly #large: Float32Array;
  readonly #small: Float32Array;
  readonly #order: Int32Array;
  readonly #random: () => number;
  /** Of a batch: a step allocates nothing. */
  readonly #batchInputs: Float32Array;
  readonly #batchAnswers: Float32Array;
  #step = 0;
  #epoch = 0;
  #at = 0;

  constructor(engine: Engine, begin: Begin) {
    const { settings, train, test, regression } = begin;
    const { layers, activation, optimizer, rate, batch, l1, l2, seed } = settings;
    const names = settings.features;
    const share = settings.dropout;
    this.#engine = engine;
    this.#begin = begin;
    const each = share > 0 ? 2 : 1;
    const form = activation === 'none' ? {} : { activation: activation as Activation };
    const hidden = layers.flatMap((units) => [dense(units, form), ...(share > 0 ? [dropout(share)] : [])]);
    this.#model = sequential(names.length, [...hidden, dense(1)], { seed });
    this.#hidden = layers.map((_, i) => String(i * each));
    const size = train.answers.length;
    const loss = regression ? 'meanSquaredError' : 'binaryCrossEntropy';
    this.#compiled = new CompiledModel(engine, this.#model, {
      maxRows: Math.max(size, test.answers.length),
      optimizer: optimizers[optimizer](rate),
      loss,
      ...((l1 > 0 || l2 > 0) && { update: { ...(l1 > 0 && { l1 }), ...(l2 > 0 && { l2 }) } }),
    });
    this.#predictor = createPredictor(engine, this.#model, { loss, maxRows: 512 });
    this.#inputs = inputsOf(train.at, names);
    this.#testInputs = inputsOf(test.at, names);
    this.#large = inputsOf(gridOf(SIDE, EXTENT), names);
    this.#small = inputsOf(gridOf(UNIT_SIDE, EXTENT), names);
    this.#order = Int32Array.from({ length: size }, (_, i) => i);
    this.#random = randomFrom(seed + 7919);
    this.#batchInputs = new Float32Array(batch * names.length);
    this.#batchAnswers = new Float32Array(batch);
    this.#shuffle();
  }

  dispose(): void {
    this.#predictor.dispose();
    this.#compiled.dispose();
  }

  advance({ rate, steps, milliseconds }: Advance): { steps: number; milliseconds: number } {
    const began = performance.now();
    let done = 0;
    const most = steps ?? Number.POSITIVE_INFINITY;
    while (done < most) {
      const burst = Math.min(BURST, most - done);
      for (let i = 0; i < burst; i++) this.#oneStep(rate);
      done += burst;
      if (milliseconds !== undefined && performance.now() - began >= milliseconds) break;
    }
    return { steps: done, milliseconds: performance.now() - began };
  }

  /** One batch, gathered, forth, back, and the optimizer's step. */
  #oneStep(rate: number): void {
    const { settings, train } = this.#begin;
    const width = settings.features.length;
    const rows = Math.min(settings.batch, this.#order.length - this.#at);
    for (let row = 0; row < rows; row++) {
      const from = this.#order[this.#at + row];
      for (let j = 0; j < width; j++) this.#batchInputs[row * width + j] = this.#inputs[from * width + j];
      this.#batchAnswers[row] = train.answers[from];
    }
    const plan = this.#compiled.plan(rows);
    plan.inputs.write(
      rows * width === this.#batchInputs.length
        ? this.#batchInputs
        : this.#batchInputs.subarray(0, rows * width),
    );
    plan.loaded();
    plan.targets!.write(
      rows === this.#batchAnswers.length ? this.#batchAnswers : this.#batchAnswers.subarray(0, rows),
    );
    plan.forward(true);
    const loss = plan.loss();
    if (!Number.isFinite(loss)) {
      throw new Error(
        `the loss of step ${this.#step + 1} is ${loss}: the learning rate is too high. Choose a lower one`,
      );
    }
    plan.step(rate);
    this.#step++;
    this.#at += rows;
    if (this.#at < this.#order.length) return;
    this.#at = 0;
    this.#epoch++;
    this.#shuffle();
  }

  #shuffle(): void {
    const order = this.#order;
    for (let i = order.length - 1; i > 0; i--) {
      const j = Math.floor(this.#random() * (i + 1));
      const kept = order[i];
      order[i] = order[j];
      order[j] = kept;
    }
  }

  #measure(inputs: Float32Array, { answers }: Points): { loss: number; accuracy: number } {
    const rows = answers.length;
    const plan = this.#compiled.plan(rows);
    plan.inputs.write(inputs);
    plan.loaded();
    plan.targets!.write(answers);
    plan.forward();
    const loss = plan.loss() / rows;
    if (this.#begin.regression) return { loss, accuracy: Number.NaN };
    const outputs = plan.outputs.read(rows);
    let right = 0;
    for (let i = 0; i < rows; i++) if (outputs[i] > 0 === answers[i] > 0.5) right++;
    return { loss, accuracy: right / rows };
  }

  snapshot(spent: { steps: number; milliseconds: number }): Snapshot {
    const { run, train, test, regression } = this.#begin;
    const trained = this.#measure(this.#inputs, train);
    const tested = this.#measure(this.#testInputs, test);
    this.#compiled.download();
    const output = this.#predictor.predict(this.#large).slice();
    if (!regression) for (let i = 0; i < output.length; i++) output[i] = 2 * output[i] - 1;
    const found =
      this.#hidden.length > 0 ? features(this.#engine, this.#model, this.#small, this.#hidden) : {};
    const { parameters } = this.#model;
    const named = (end: string) =>
      parameters.filter(({ name }) => name.endsWith(end)).map(({ values }) => Float32Array.from(values));
    return {
      kind: 'snapshot',
      run,
      step: this.#step,
      epoch: this.#epoch,
      trainLoss: trained.loss,
      testLoss: tested.loss,
      testAccuracy: tested.accuracy,
      output,
      maps: this.#hidden.map((name) => pictures(found[name])),
      weights: named('.weight'),
      biases: named('.bias'),
      ...spent,
      info: this.#engine.info,
    };
  }
}

/** [fields, units] as [units, fields] of whole numbers from -127 to 127, each unit by its own largest. */
function pictures(values: Float32Array): Int8Array {
  const fields = UNIT_SIDE * UNIT_SIDE;
  const units = values.length / fields;
  const result = new Int8Array(values.length);
  for (let unit = 0; unit < units; unit++) {
    let most = 1e-9;
    for (let i = unit; i < values.length; i += units) most = Math.max(most, Math.abs(values[i]));
    for (let i = 0; i < fields; i++) result[unit * fields + i] = (127 * values[i * units + unit]) / most;
  }
  return result;
}

let engine: Promise<Engine> | undefined;
let session: Session | undefined;

function answer(message: Answer): void {
  postMessage(message);
}

async function handle(request: Request): Promise<void> {
  // Steps of a few microseconds are not worth sharing among threads.
  engine ??= createEngine({ threads: 1 });
  const ready = await engine;
  if (request.kind === 'begin') {
    session?.dispose();
    session = undefined;
    session = new Session(ready, request);
    answer(session.snapshot({ steps: 0, milliseconds: 0 }));
  } else if (session) {
    answer(session.snapshot(session.advance(request)));
  }
}

/** One request at a time, in order. */
let last = Promise.resolve();

/** Begins to answer. */
export function work(): void {
  addEventListener('message', ({ data }: MessageEvent<Request>) => {
    last = last.then(() =>
      handle(data).catch((error: Error) =>
        answer({ kind: 'failure', run: data.run, message: error.message }),
      ),
    );
  });
}
