/**
 * What a model remembers of its training: the loss and how bytes were scaled, in every function and every
 * file.
 */
import { expect, test } from 'vitest';
import { OptionError } from '../../src/base/errors.js';
import { dataset } from '../../src/data/dataset.js';
import { readModel, writeModel } from '../../src/formats/model.js';
import { readOnnx } from '../../src/formats/onnx/read.js';
import { writeOnnx } from '../../src/formats/onnx/write.js';
import { dense } from '../../src/nn/dense.js';
import { huber, softmaxCrossEntropy } from '../../src/nn/losses.js';
import { remember } from '../../src/nn/model.js';
import { sgd } from '../../src/nn/optimizers.js';
import { sequential } from '../../src/nn/sequential.js';
import { readCheckpoint } from '../../src/train/checkpoint.js';
import { evaluate } from '../../src/train/evaluate.js';
import { fit } from '../../src/train/fit.js';
import { predict, predictClasses, predictProba } from '../../src/train/predict.js';
import { basic, net, strict } from './fit-setting.js';
import { clouds } from './sets.js';

const optimizer = sgd({ learningRate: 0.1 });
const xs = Float32Array.from({ length: 40 }, (_, i) => Math.sin(i));
const line = dataset({ name: 'line', inputs: xs, width: 2, targets: Array.from(xs.subarray(0, 20)) });
const yesNo = dataset({ name: 'yes or no', inputs: xs, labels: Array.from({ length: 20 }, (_, i) => i % 2) });
const one = () => sequential(2, [dense(1)], { seed: 3 });

async function regression() {
  const model = one();
  await fit(strict, model, line, { loss: huber({ delta: 2 }), optimizer, epochs: 1 });
  return model;
}

test('numbers of a regression come out as they are, after training and after every file', async () => {
  const model = await regression();
  const [w, v] = model.parameters[0].values;
  const [bias] = model.parameters[1].values;
  const right = Math.fround(Math.fround(w * 0.5) + v) + bias;
  const saved = readModel(writeModel(model), 'saved').model;
  const exported = readOnnx(writeOnnx(model), 'exported').model;
  for (const own of [model, saved, exported]) {
    expect(own.loss?.config).toEqual({ kind: 'huber', delta: 2 });
    expect(predict(strict, own, [0.5, 1])[0]).toBeCloseTo(right, 6);
    expect((await evaluate(strict, own, line)).confusion).toEqual([]);
    expect(() => predictProba(strict, own, [0.5, 1])).toThrow(/expected one of a classifier, given "huber"/);
    expect(() => predictClasses(strict, own, [0.5, 1])).toThrow(OptionError);
  }
});

test('one output that says yes or no is a probability, after training and after every file', async () => {
  const model = one();
  await fit(strict, model, yesNo, { loss: 'binaryCrossEntropy', optimizer, epochs: 1 });
  const [p] = predict(strict, model, [0.5, 1]);
  const [w, v] = model.parameters[0].values;
  const logit = 0.5 * w + v + model.parameters[1].values[0];
  expect(p).toBeCloseTo(1 / (1 + Math.exp(-logit)), 6);
  const { accuracy } = await evaluate(strict, model, yesNo);
  for (const own of [readModel(writeModel(model), 's').model, readOnnx(writeOnnx(model), 'o').model]) {
    expect([...predictProba(strict, own, [0.5, 1])]).toEqual([Math.fround(1 - p), p]);
    expect((await evaluate(strict, own, yesNo)).accuracy).toBe(accuracy);
  }
  expect(() => writeOnnx(model, { softmax: true })).toThrow(
    /"binaryCrossEntropy" \(outputs are logits of yes/,
  );
});

test('a loss by which the outputs would mean something else is refused, and both are named', async () => {
  const model = await regression();
  const loss = 'softmaxCrossEntropy' as const;
  const said =
    /trained with "huber" \(outputs are numbers\), given "softmaxCrossEntropy" \(outputs are logits/;
  for (const ask of [predict, predictProba, predictClasses]) {
    expect(() => ask(strict, model, [1, 2], { loss })).toThrow(OptionError);
    expect(() => ask(strict, model, [1, 2], { loss })).toThrow(said);
  }
  await expect(evaluate(strict, model, yesNo, { loss })).rejects.toThrow(said);
  // Errors are measured by another loss as well.
  expect((await evaluate(strict, model, line, { loss: 'meanSquaredError' })).loss).toBeGreaterThan(0);
});

test('a model that was never trained says what to pass, and remembers nothing', async () => {
  const model = net();
  await expect(evaluate(strict, model, clouds(9))).rejects.toThrow(OptionError);
  await expect(evaluate(strict, model, clouds(9))).rejects.toThrow(/^evaluate: option loss is required/);
  expect(readModel(writeModel(model), 's').model.loss).toBeUndefined();
  await expect(fit(strict, model, clouds(9, { width: 7 }), basic)).rejects.toThrow();
  expect(model.loss).toBeUndefined();
});

test('training anew puts the new loss in the place of the old', async () => {
  const model = await regression();
  await fit(strict, model, yesNo, { loss: 'binaryCrossEntropy', optimizer, epochs: 1 });
  expect(model.loss?.kind).toBe('binaryCrossEntropy');
});

test('it is there from the first values that training gives the model, and in its checkpoints', async () => {
  const model = net();
  const seen: (string | undefined)[] = [];
  const saved: Uint8Array[] = [];
  await fit(strict, model, clouds(30, { bytes: true }), {
    ...basic,
    loss: softmaxCrossEntropy({ labelSmoothing: 0.1 }),
    classWeights: 'balanced',
    epochs: 2,
    onEpochBegin: () => void seen.push(model.loss?.kind),
    checkpoint: { save: (file) => void saved.push(file.bytes) },
  });
  expect(seen).toEqual([undefined, 'softmaxCrossEntropy']);
  // Without the weights: they make up for the classes of one set.
  expect(model.loss?.config).toEqual({ kind: 'softmaxCrossEntropy', labelSmoothing: 0.1 });
  expect(model.input).toEqual({ scale: 1 / 255, offset: 0 });
  expect(readCheckpoint(saved[0], 'c').configuration.loss).toMatchObject({ labelSmoothing: 0.1 });
});

test('bytes mean the same to predict as to training, in every file too', async () => {
  const set = clouds(60, { bytes: true });
  const pixels = set.inputs as Uint8Array;
  const model = net();
  await fit(strict, model, set, { ...basic, epochs: 2 });
  const { predictions, confidences } = await evaluate(strict, model, set);
  const files = [readModel(writeModel(model), 's').model, readOnnx(writeOnnx(model), 'o').model];
  for (const own of [model, ...files]) {
    expect([...predictClasses(strict, own, pixels)]).toEqual([...predictions]);
    const shares = predict(strict, own, pixels);
    // Of the same bits: they are rounded as the kernels round.
    predictions.forEach((best, row) => {
      expect(shares[3 * row + best]).toBe(confidences[row]);
    });
    expect(
      predict(
        strict,
        own,
        Float32Array.from(pixels, (byte) => byte / 255),
      )[0],
    ).toBeCloseTo(shares[0], 6);
    const other = dataset({ name: 'other', inputs: pixels, labels: set.labels, classes: 3, scale: 1 });
    await expect(evaluate(strict, own, other)).rejects.toThrow(
      /trained on bytes \* 0\.0039.* bytes \* 1 \+ 0/,
    );
    expect(() => writeModel(own, { input: { scale: 1, offset: 0 } })).toThrow(OptionError);
  }
  const other = dataset({ name: 'other', inputs: pixels, labels: set.labels, classes: 3, offset: -1 });
  const validated = fit(strict, net(), set, { ...basic, validation: other });
  await expect(validated).rejects.toThrow(/^fit: validation: the model was trained on bytes/);
});

test('bytes are refused by a model that was trained on floats, and numbers to one that was not trained', async () => {
  const model = net();
  const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  expect(predict(strict, model, bytes)).toEqual(predict(strict, model, [...bytes]));
  await fit(strict, model, clouds(30), { ...basic, epochs: 1 });
  expect(() => predict(strict, model, bytes)).toThrow(OptionError);
  expect(() => predict(strict, model, bytes)).toThrow(/not trained on bytes.* expected a Float32Array/);
  // A set of bytes says itself how they are scaled.
  expect((await evaluate(strict, model, clouds(30, { bytes: true }))).size).toBe(30);
});

test('what a file says is read as any other option', () => {
  const written = (loss: unknown) => {
    const model = net();
    remember(model, { loss: softmaxCrossEntropy() });
    const text = Buffer.from(writeModel(model)).toString('latin1');
    const given = JSON.stringify(JSON.stringify(loss)).slice(1, -1);
    const plain = '{\\"kind\\":\\"softmaxCrossEntropy\\"}';
    expect(text).toContain(plain);
    const header = text.slice(8, 8 + Number(new DataView(writeModel(model).buffer).getBigUint64(0, true)));
    const other = header.trimEnd().replace(plain, given);
    const padded = other.padEnd(Math.ceil(other.length / 8) * 8);
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(padded.length));
    return Buffer.concat([length, Buffer.from(padded + text.slice(8 + header.length), 'latin1')]);
  };
  expect(readModel(written({ kind: 'softmaxCrossEntropy' }), 'f').model.loss?.kind).toBe(
    'softmaxCrossEntropy',
  );
  for (const loss of [{ kind: 'hinge' }, {}, 7, [], { kind: 'softmaxCrossEntropy', classWeights: [1, 2] }]) {
    expect(() => readModel(written(loss), 'f'), JSON.stringify(loss)).toThrow(/^f: .*(loss|class weights)/);
  }
});
