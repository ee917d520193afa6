/**
 * Model files of version 2: the graph, the loss and what the model remembers come back, and what was tampered
 * with is refused.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { FormatError, OptionError } from '../../src/base/errors.js';
import { dataset } from '../../src/data/dataset.js';
import { readModel, writeModel } from '../../src/formats/model.js';
import * as F from '../../src/graph/functions.js';
import { input } from '../../src/graph/leaves.js';
import { dense } from '../../src/nn/dense.js';
import { dropout } from '../../src/nn/dropout.js';
import { explain } from '../../src/nn/explain.js';
import { describeGraph } from '../../src/nn/graph-file.js';
import { layer, parameter } from '../../src/nn/layer.js';
import { huber, resolveLoss, softmaxCrossEntropy } from '../../src/nn/losses.js';
import { freeze, type Network, remember } from '../../src/nn/model.js';
import { network } from '../../src/nn/network.js';
import { adam } from '../../src/nn/optimizers.js';
import { ownLoss } from '../../src/nn/own-loss.js';
import { isSequential, sequential } from '../../src/nn/sequential.js';
import { summary } from '../../src/nn/summary.js';
import { weightsSha256 } from '../../src/run/weights.js';
import type { CheckpointFile } from '../../src/train/checkpointing.js';
import { evaluate } from '../../src/train/evaluate.js';
import { fit } from '../../src/train/fit.js';
import { gradcheck } from '../../src/train/gradcheck.js';
import { predict } from '../../src/train/predict.js';
import { createTrainer } from '../../src/trainer/index.js';
import { reals } from '../kernels/harness.js';
import { bits, strict } from '../train/fit-setting.js';
import { both, partsOf, severalSet, twoByTwo as trainable } from '../train/several.js';
import {
  closeFile,
  graphs,
  numbersFor,
  openFile,
  outputsOf,
  ownSquares,
  residual,
  twoByTwo,
} from './graphs.js';

const again = (model: Network): Network => readModel(writeModel(model), 'file').model;

describe('a file of a graph', () => {
  it.each(Object.keys(graphs))('%s: gives back graph, values, outputs and bytes', (name) => {
    const model = graphs[name]();
    const bytes = writeModel(model);
    expect(openFile(bytes).description.version).toBe(2);
    const { model: read } = readModel(bytes, 'file');
    expect(describeGraph(read)).toEqual(describeGraph(model));
    expect(read.parameters.map((own) => [own.name, own.shape, own.penalised])).toEqual(
      model.parameters.map((own) => [own.name, own.shape, own.penalised]),
    );
    expect(bits(read)).toEqual(bits(model));
    expect(read.inputs).toEqual(model.inputs);
    expect(read.outputs).toEqual(model.outputs);
    expect(String(summary(read))).toBe(String(summary(model)));
    expect(writeModel(read)).toEqual(bytes);
    const numbers = numbersFor(model, 3);
    expect(outputsOf(read, numbers, 3, strict)).toEqual(outputsOf(model, numbers, 3, strict));
  });

  it('keeps which parameters are frozen, in graphs and in lists of layers', () => {
    const model = residual();
    freeze(model, 'block.*');
    const read = again(model);
    expect(read.parameters.map(({ trainable }) => trainable)).toEqual(
      model.parameters.map(({ trainable }) => trainable),
    );
    expect(read.parameters.some(({ trainable }) => trainable === false)).toBe(true);
    const list = sequential(3, [dense(4), dense(2)], { seed: 1 });
    const plain = writeModel(list);
    expect(openFile(plain).description).toMatchObject({ version: 1 });
    freeze(list, '0.weight');
    const back = again(list);
    expect(isSequential(back) && back.sizes).toEqual([3, 4, 2]);
    expect(back.parameters.map(({ trainable }) => trainable)).toEqual([false, ...Array(3).fill(undefined)]);
    expect(openFile(writeModel(list)).description).toMatchObject({ version: 2, frozen: ['0.weight'] });
  });

  it("a list of layers stays one with several axes a row, and with a loss of one's own", () => {
    const list = sequential([2, 3], [dense(4), dropout(0.5), dense(1)], { seed: 1 });
    const squares = ownLoss(({ output, target }) =>
      F.mean(F.square(F.sub(F.flatten(output), target)), { axis: -1 }),
    );
    remember(list, { loss: squares });
    const read = again(list);
    expect(isSequential(read) && read.layers.map(({ kind }) => kind)).toEqual(['dense', 'dropout', 'dense']);
    expect(read.inputs).toEqual(list.inputs);
    expect(read.loss).toMatchObject({ kind: 'own', link: 'identity' });
  });

  it("a list with a layer of one's own keeps names, kinds and the streams of dropout", () => {
    const swish = layer('swish', (x) => F.mul(x, F.sigmoid(F.mul(parameter('beta', [1]), x))));
    const list = sequential(4, [dropout(0.3), dense(3), swish, dropout(0.4), dense(2)], { seed: 5 });
    const read = again(list);
    expect(read.parameters.map(({ name }) => name)).toEqual(list.parameters.map(({ name }) => name));
    expect(summary(read).layers.map(({ name, kind }) => [name, kind])).toEqual([
      ['0', 'dropout'],
      ['1', 'dense'],
      ['2', 'swish'],
      ['3', 'dropout'],
      ['4', 'dense'],
    ]);
    const streams = describeGraph(read).nodes.flatMap(({ op, stream }) => (op === 'dropout' ? [stream] : []));
    // The first is the place of its node too, which need not be said.
    expect(streams.at(-1)).toBe(3);
    expect(describeGraph(read)).toEqual(describeGraph(list));
  });
});

const rows = 30;
const set = dataset({
  name: 'numbers',
  inputs: reals(rows * 8, 1),
  targets: reals(rows * 3, 2),
  targetWidth: 3,
});
const training = { optimizer: adam({ learningRate: 0.01 }), batchSize: 8, epochs: 2 };

describe('a model that was read', () => {
  it('trains, goes on in mid-epoch, measures and predicts as the one that was written', async () => {
    const model = residual();
    const files: CheckpointFile[] = [];
    const save = (file: CheckpointFile) => void files.push(file);
    const loss = ownSquares();
    const history = await fit(strict, model, set, { ...training, loss, checkpoint: { everySteps: 1, save } });
    const ends = bits(model);
    // Before it was trained, and with the loss from a file.
    const fresh = residual();
    remember(fresh, { loss });
    const first = again(fresh);
    expect((await fit(strict, first, set, { ...training, loss: first.loss! })).epochs.at(-1)?.loss).toBe(
      history.epochs.at(-1)?.loss,
    );
    expect(bits(first)).toEqual(ends);
    const middle = again(fresh);
    await fit(strict, middle, set, { ...training, loss: middle.loss!, resume: files[4].bytes });
    expect(bits(middle)).toEqual(ends);
    const trained = again(model);
    expect((await evaluate(strict, trained, set)).loss).toBe((await evaluate(strict, model, set)).loss);
    expect(predict(strict, trained, set.inputs)).toEqual(predict(strict, model, set.inputs));
    expect(gradcheck(trained).passed).toBe(true);
    expect(String(explain(trained))).toBe(String(explain(model)));
  });

  it("trains in a worker, with a loss of one's own, to the bits of the caller's thread", async () => {
    const model = residual();
    const loss = ownSquares();
    await fit(strict, model, set, { ...training, loss });
    const other = residual();
    const worker = new URL('../../dist/trainer/worker.js', import.meta.url);
    const trainer = await createTrainer({ model: other, worker, engine: { math: 'strict' } });
    try {
      await trainer.fit(set, { ...training, loss });
      expect(bits(other)).toEqual(bits(model));
      // The function itself, which the page has.
      expect(other.loss?.compute).toBe(loss.compute);
      expect((await trainer.evaluate(set)).loss).toBe((await evaluate(strict, model, set)).loss);
    } finally {
      trainer.dispose();
    }
  });

  const folders: string[] = [];
  afterAll(async () => {
    for (const folder of folders) await rm(folder, { recursive: true });
  });

  it('goes on in a process that has never seen its code', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lanegrad-graph-'));
    folders.push(folder);
    const model = residual();
    remember(model, { loss: ownSquares() });
    await writeFile(join(folder, 'before.safetensors'), writeModel(model));
    const files: CheckpointFile[] = [];
    const save = (file: CheckpointFile) => void files.push(file);
    await fit(strict, model, set, { ...training, loss: model.loss!, checkpoint: { everySteps: 3, save } });
    await writeFile(join(folder, 'checkpoint'), files[0].bytes);
    const data = JSON.stringify({ inputs: [...set.inputs], targets: [...set.targets!] });
    await writeFile(join(folder, 'data.json'), data);
    const script = `
      import { readFile } from 'node:fs/promises';
      import * as L from ${JSON.stringify(new URL('../../dist/index.js', import.meta.url).href)};
      import { gradcheck } from ${JSON.stringify(new URL('../../dist/reference.js', import.meta.url).href)};
      const file = (name) => readFile(${JSON.stringify(folder)} + '/' + name);
      const { model } = L.readModel(await file('before.safetensors'), 'file');
      const { inputs, targets } = JSON.parse(await file('data.json'));
      const set = L.dataset({ name: 'numbers', inputs: Float32Array.from(inputs),
        targets: Float32Array.from(targets), targetWidth: 3 });
      const engine = await L.createEngine({ math: 'strict' });
      await L.fit(engine, model, set, { loss: model.loss, optimizer: L.adam({ learningRate: 0.01 }),
        batchSize: 8, epochs: 2, resume: await file('checkpoint') });
      console.log(await L.weightsSha256(model), gradcheck(model).passed);`;
    const args = ['--input-type=module', '-e', script];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    expect(stdout.trim()).toBe(`${await weightsSha256(model)} true`);
  });
});

describe('how the bytes of several inputs were scaled', () => {
  const trained = async () => {
    const model = trainable();
    await fit(strict, model, severalSet(40), { ...both, epochs: 1 });
    return model;
  };

  it('is known to a model that was read, which takes bytes as the one that was written', async () => {
    const model = await trained();
    const bytes = writeModel(model);
    const { description } = openFile(bytes);
    expect(description).toMatchObject({ version: 2, inputScales: { image: { scale: 1 / 255, offset: 0 } } });
    const { model: read } = readModel(bytes, 'file');
    expect(read.inputScales).toEqual({ image: { scale: 1 / 255, offset: 0 } });
    expect(read.input).toBeUndefined();
    expect(writeModel(read)).toEqual(bytes);
    const { image, numbers } = partsOf(9, 4);
    const answers = predict(strict, read, { image, numbers });
    expect(answers).toEqual(predict(strict, model, { image, numbers }));
    // In ignorance of the scale bytes would be refused, and taken as they are they would give other answers.
    const raw = predict(strict, read, { image: Float32Array.from(image), numbers });
    expect(answers.digit).not.toEqual(raw.digit);
    const pixels = Float32Array.from(image, (byte) => byte / 255);
    const scaled = predict(strict, read, { image: pixels, numbers });
    for (const [i, own] of answers.digit.entries()) expect(own).toBeCloseTo(scaled.digit[i], 5);
    expect(() => predict(strict, read, { image, numbers: Uint8Array.from(numbers) })).toThrow(OptionError);
  });

  it('is refused where it cannot be', async () => {
    const model = await trained();
    const spoil = (inputScales: unknown) => {
      const file = openFile(writeModel(model));
      file.description.inputScales = inputScales;
      return () => readModel(closeFile(file), 'spoilt');
    };
    const cases: [given: unknown, message: RegExp][] = [
      [[], /inputScales: expected scales by the names of inputs/],
      [{ picture: { scale: 1, offset: 0 } }, /inputScales: the model has no input "picture"/],
      [{ image: { scale: 0, offset: 0 } }, /image: option scale: expected a number other than 0/],
      [{ image: { scale: '1', offset: 0 } }, /image: option scale: expected a finite number/],
      [{ image: { scale: 1 } }, /image: option offset is required/],
      [{ image: { scale: 1, offset: 0, imageShape: [2, 3] } }, /unknown option "imageShape"/],
      [{ image: 3 }, /inputScales, image/],
    ];
    for (const [given, message] of cases) {
      expect(spoil(given), `${message}`).toThrow(FormatError);
      expect(spoil(given)).toThrow(message);
    }
    const one = openFile(writeModel(residual()));
    one.description.inputScales = { input: { scale: 1, offset: 0 } };
    expect(() => readModel(closeFile(one), 'spoilt')).toThrow(/unknown option "inputScales"/);
  });
});

describe('losses in files', () => {
  const remembered = (model: Network, loss: unknown) => {
    remember(model, { loss: resolveLoss('test', loss) });
    return again(model).loss;
  };

  it("of several outputs, with shares; ours and one's own", () => {
    const parts = {
      species: softmaxCrossEntropy({ classWeights: [1, 2, 3] }),
      amount: {
        loss: ({ output, target }: { output: F.Operand; target: F.Operand }) => F.abs(F.sub(output, target)),
        weight: 0.5,
      },
    };
    const loss = remembered(twoByTwo(), parts);
    expect(loss?.parts?.species.loss.config).toEqual(parts.species.config);
    expect(loss?.parts?.amount).toMatchObject({ weight: 0.5, loss: { kind: 'own' } });
    const swapped = { species: huber(), amount: huber({ delta: 2 }) };
    expect(remembered(twoByTwo(), swapped)?.config).toEqual(resolveLoss('test', swapped).config);
  });

  it("one's own may read values of the model, which the one that is read reads too", () => {
    const x = input([3]);
    const hidden = dense(2)(x);
    const model = network(x, dense(1)(hidden), { seed: 1 });
    const loss = ownLoss(({ output, target }) =>
      F.add(F.square(F.sub(output, target)), F.sum(F.square(hidden), { axis: 1, keepAxes: true })),
    );
    remember(model, { loss });
    const read = again(model);
    expect(String(explain(read))).toBe(String(explain(model)));
    expect(gradcheck(read).loss).toBe(gradcheck(model).loss);
  });

  it("refuses one that reads what is not the model's", () => {
    const other = input([3]);
    const model = residual();
    remember(model, { loss: ownLoss(({ output }) => F.mean(F.mul(output, other), { axis: 1 })) });
    expect(() => writeModel(model)).toThrow(OptionError);
    expect(() => writeModel(model)).toThrow(/depends on input \[3\], which is not the model's/);
  });
});
