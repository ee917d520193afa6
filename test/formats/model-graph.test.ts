/**
 * Model files of version 2: the graph, the loss and what the model remembers come back, and what was tampered
 * with is refused.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { FormatError, OptionError } from '../../src/base/errors.js';
import { dataset } from '../../src/data/dataset.js';
import { readModel, writeModel } from '../../src/formats/model.js';
import { readSafetensors, type WritableTensor, writeSafetensors } from '../../src/formats/safetensors.js';
import * as F from '../../src/graph/functions.js';
import { input } from '../../src/graph/leaves.js';
import { dense } from '../../src/nn/dense.js';
import { dropout } from '../../src/nn/dropout.js';
import { explain } from '../../src/nn/explain.js';
import { describeGraph, type GraphDescription } from '../../src/nn/graph-file.js';
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
import { graphs, numbersFor, outputsOf, ownSquares, residual, twoByTwo } from './graphs.js';

const again = (model: Network): Network => readModel(writeModel(model), 'file').model;

/** The description in a file, and the file with another. */
function open(file: Uint8Array) {
  const { tensors, metadata } = readSafetensors(file, 'file');
  return { tensors: tensors as Map<string, WritableTensor>, description: JSON.parse(metadata.lanegrad) };
}

function close({ tensors, description }: ReturnType<typeof open>): Uint8Array {
  return writeSafetensors(tensors, { lanegrad: JSON.stringify(description) });
}

describe('a file of a graph', () => {
  it.each(Object.keys(graphs))('%s: gives back graph, values, outputs and bytes', (name) => {
    const model = graphs[name]();
    const bytes = writeModel(model);
    expect(open(bytes).description.version).toBe(2);
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
    expect(open(plain).description).toMatchObject({ version: 1 });
    freeze(list, '0.weight');
    const back = again(list);
    expect(isSequential(back) && back.sizes).toEqual([3, 4, 2]);
    expect(back.parameters.map(({ trainable }) => trainable)).toEqual([false, ...Array(3).fill(undefined)]);
    expect(open(writeModel(list)).description).toMatchObject({ version: 2, frozen: ['0.weight'] });
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
    const { description } = open(bytes);
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
      const file = open(writeModel(model));
      file.description.inputScales = inputScales;
      return () => readModel(close(file), 'spoilt');
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
    const one = open(writeModel(residual()));
    one.description.inputScales = { input: { scale: 1, offset: 0 } };
    expect(() => readModel(close(one), 'spoilt')).toThrow(/unknown option "inputScales"/);
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

describe('a file that was tampered with', () => {
  type Nodes = { op: string; of?: string[]; [key: string]: unknown }[];
  type Graph = GraphDescription & {
    nodes: Nodes;
    inputs: Record<string, unknown>;
    outputs: Record<string, unknown>;
  };
  const node = (op: string, change: object) => (graph: Graph) =>
    void Object.assign(graph.nodes.find((own) => own.op === op)!, change);
  const cases: [
    what: string,
    spoil: (graph: Graph, file: ReturnType<typeof open>) => void,
    message: RegExp,
  ][] = [
    [
      'a forward reference',
      node('dropout', { of: ['30'] }),
      /node \d+: expected the place of a node before it, given "30"/,
    ],
    [
      'a node of itself',
      (graph) => {
        graph.nodes[4].of = ['4'];
      },
      /before it, given "4"/,
    ],
    ['a place that is none', node('dropout', { of: ['-1'] }), /before it, given "-1"/],
    ['a second output that there is not', node('add', { of: ['0.1', '0'] }), /given "0\.1"/],
    ['an unknown operation', node('add', { op: 'toString' }), /unknown operation "toString"/],
    ['an operation of derivatives', node('add', { op: 'spread' }), /unknown operation "spread"/],
    ['too few inputs', node('add', { of: ['0'] }), /add: expected another number of inputs, given 1/],
    ['none', node('matmul', { of: [] }), /another number of inputs/],
    ['an unknown attribute', node('dropout', { chance: 1 }), /unknown option "chance"/],
    [
      'an attribute out of range',
      node('dropout', { rate: 1 }),
      /rate: expected a finite number, at least 0 and less than 1/,
    ],
    ['an attribute of another type', node('matmul', { flat: 'yes' }), /flat: expected true or false/],
    ['a form that only derivatives have', node('matmul', { form: 'tn' }), /form: expected one of "nn", "nt"/],
    ['an activation that is none', node('activation', { name: '__proto__' }), /name: expected an activation/],
    ['a negative eps', node('batchNorm', { eps: -1 }), /eps: expected a finite number, greater than 0/],
    ['an input of another shape', node('input', { shape: [7] }), /expected as many columns/],
    ['an input of no shape', node('input', { shape: [] }), /shape: expected a list of lengths/],
    ['a shape of nothing', node('input', { shape: [0] }), /shape: expected a list of lengths/],
    ['more axes than there may be', node('input', { shape: [8, 1, 1, 1, 1, 1, 1] }), /at most 6 axes/],
    [
      'a parameter as large as all memory',
      node('parameter', { shape: [2 ** 20, 2 ** 20] }),
      /at most 1073741824 numbers/,
    ],
    ['a parameter of another shape than its tensor', node('parameter', { shape: [8, 7] }), /expected|given/],
    ['a parameter that has no tensor', node('parameter', { name: 'other' }), /tensor "other" is missing/],
    [
      'two parameters of one name',
      (graph) => {
        for (const own of graph.nodes) if (own.op === 'parameter') own.name = 'w';
      },
      /two parameters are named "w"/,
    ],
    ['a name that is none', node('parameter', { name: 'a b' }), /name: expected a name/],
    ['a layer without a name', node('add', { in: 'block..dense' }), /names of at most 100 layers/],
    [
      '1000 layers within each other',
      node('add', { in: Array(1000).fill('a').join('.') }),
      /names of at most 100 layers/,
    ],
    [
      'an input that is not named',
      (graph) => {
        graph.inputs = { input: '1' };
      },
      /expected an input, given parameter/,
    ],
    [
      'an output that there is not',
      (graph) => {
        graph.outputs = { output: '99' };
      },
      /output "output": expected the place of a node before it/,
    ],
    [
      'no outputs',
      (graph) => {
        graph.outputs = {};
      },
      /outputs: expected at least one/,
    ],
    [
      'an output that is a parameter',
      (graph) => {
        graph.outputs = { output: '1' };
      },
      /lead to an output/,
    ],
    [
      'a node that leads nowhere',
      (graph) => {
        graph.nodes.push({ op: 'literal', shape: [1], values: [1] } as never);
      },
      /nodes that lead to an output/,
    ],
    [
      'a literal that is larger than its numbers',
      (graph) => {
        graph.nodes.push({ op: 'literal', shape: [2 ** 40], values: [1] } as never);
      },
      /at most 1073741824 numbers/,
    ],
    [
      'a literal of other numbers',
      (graph) => {
        graph.nodes.push({ op: 'literal', shape: [2], values: [1, null] } as never);
      },
      /values: expected a list of finite numbers/,
    ],
    [
      'no nodes',
      (graph) => {
        graph.nodes = [];
      },
      /nodes: expected a list of nodes/,
    ],
    [
      'a node that is none',
      (graph) => {
        graph.nodes[0] = 7 as never;
      },
      /expected an options object, given 7/,
    ],
    [
      'a graph that is none',
      (_, file) => {
        file.description.graph = [];
      },
      /graph: expected a graph/,
    ],
    [
      'a tensor that is not of the model',
      (_, file) => {
        file.tensors.set('more', { dtype: 'F32', shape: [1], data: Float32Array.of(1) });
      },
      /no parameter "more"/,
    ],
    [
      'a graph and layers',
      (_, file) => {
        file.description.layers = [];
      },
      /unknown option "layers"/,
    ],
    [
      'kinds of layers that are no words',
      (graph) => {
        Object.assign(graph, { layers: { block: 1 } });
      },
      /layers: "block": expected what it is/,
    ],
  ];

  it.each(cases)('%s', (_, spoil, message) => {
    const file = open(writeModel(residual()));
    spoil(file.description.graph, file);
    const spoilt = close(file);
    expect(() => readModel(spoilt, 'spoilt')).toThrow(FormatError);
    expect(() => readModel(spoilt, 'spoilt')).toThrow(message);
  });

  it('a loss that reads what there is not, of shapes that do not fit, or that is several where it is one', () => {
    const model = residual();
    remember(model, { loss: ownSquares() });
    const spoil = (change: (loss: { nodes: Nodes; [key: string]: unknown }) => void) => {
      const file = open(writeModel(model));
      change(file.description.loss);
      return () => readModel(close(file), 'spoilt');
    };
    expect(spoil((loss) => void Object.assign(loss.nodes.at(-1)!, { of: ['99', '0'] }))).toThrow(
      /given "99"/,
    );
    expect(spoil((loss) => void Object.assign(loss, { result: 'model 999' }))).toThrow(/given "model 999"/);
    expect(spoil((loss) => void Object.assign(loss, { targetWidth: 4 }))).toThrow(FormatError);
    expect(spoil((loss) => void Object.assign(loss, { link: 'softmin' }))).toThrow(/link: expected one of/);
    expect(spoil((loss) => void Object.assign(loss, { kind: 'several', parts: {} }))).toThrow(FormatError);
    expect(spoil((loss) => void loss.nodes.push({ op: 'input', shape: [1] }))).toThrow(
      /unknown operation "input"/,
    );
  });

  it('a frozen parameter that there is not', () => {
    const list = sequential(3, [dense(2)]);
    freeze(list, '*');
    const file = open(writeModel(list));
    file.description.frozen = ['1.weight'];
    expect(() => readModel(close(file), 'spoilt')).toThrow(/no parameter "1\.weight"/);
  });
});

it('the same model gives the same bytes, another model others', () => {
  const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
  expect(digest(writeModel(residual(1)))).toBe(digest(writeModel(residual(1))));
  expect(digest(writeModel(residual(1)))).not.toBe(digest(writeModel(residual(2))));
});
