/**
 * Tables in ONNX: the file, given cells as they stand in the table, computes what lanegrad does with that
 * table.
 */
import { InferenceSession, Tensor } from 'onnxruntime-web';
import { describe, expect, test } from 'vitest';
import { FormatError } from '../../src/base/errors.js';
import { createReferenceEngine } from '../../src/create/reference.js';
import { mul, sigmoid } from '../../src/graph/functions.js';
import { input } from '../../src/graph/leaves.js';
import { dense } from '../../src/nn/dense.js';
import { meanSquaredError } from '../../src/nn/losses.js';
import { remember } from '../../src/nn/model.js';
import { network } from '../../src/nn/network.js';
import { isSequential } from '../../src/nn/sequential.js';
import type { ModelMetadata } from '../../src/tables/model-file.js';
import { writeOnnx } from '../../src/tables/onnx.js';
import { readOnnx } from '../../src/tables/onnx-read.js';
import { predictTable } from '../../src/tables/predict.js';
import type { PreparedColumn, TablePreparation } from '../../src/tables/preparation.js';
import { runModel, worstDifference } from '../formats/onnx/runtime.js';
import { editFile } from '../formats/onnx/schema.js';
import { asked, HEAD, modelFor, open, prepare } from './onnx-models.js';

/** The table's cells as the file takes them. */
function feeds(columns: readonly PreparedColumn[], lines: readonly string[]): Record<string, Tensor> {
  const names = HEAD.split(',');
  const cells = (name: string) => lines.map((line) => line.split(',')[names.indexOf(name)]);
  return Object.fromEntries(
    columns.map(({ kind, name }) => {
      const texts = cells(name);
      const shape = [texts.length, 1];
      if (kind === 'category' || kind === 'boolean') return [name, new Tensor('string', texts, shape)];
      const numbers = texts.map((text) => {
        if (text === '') return Number.NaN;
        return kind === 'date' ? Date.parse(text.length > 10 ? `${text}Z` : text) / 86_400_000 : Number(text);
      });
      return [name, new Tensor('float64', Float64Array.from(numbers), shape)];
    }),
  );
}

async function runFile(bytes: Uint8Array, inputs: Record<string, Tensor>) {
  const session = await InferenceSession.create(bytes);
  const results = await session.run(inputs);
  const [name] = session.outputNames;
  return { name, values: results[name].data as Float32Array };
}

describe('a table in ONNX Runtime gives what lanegrad predicts', () => {
  test.each(['price', 'kind'] as const)('target %s', async (target) => {
    const { preparation, inputSize } = await prepare(target);
    const model = modelFor(preparation, inputSize);
    const classifies = target === 'kind';
    const bytes = writeOnnx(model, {
      metadata: { table: preparation },
      rawInputs: true,
      softmax: classifies,
    });
    const { name, values } = await runFile(bytes, feeds(preparation.columns, asked));
    const own: number[] = [];
    const engine = createReferenceEngine({ precision: 'float64' });
    for await (const { predictions, probabilities } of predictTable(
      engine,
      model,
      preparation,
      await open(asked),
    )) {
      own.push(...(probabilities ?? predictions));
    }
    expect(name).toBe(classifies ? 'probabilities' : 'prediction');
    expect(own.length).toBe(asked.length * (classifies ? 4 : 1));
    expect(worstDifference(values, own)).toBeLessThanOrEqual(1e-5);
    // The rows differ, so that agreement is no accident.
    expect(new Set(Array.from(values, (value) => value.toFixed(4))).size).toBeGreaterThan(20);
  });

  test('without raw inputs the model is as any other', async () => {
    const { preparation, inputSize } = await prepare('kind');
    const model = modelFor(preparation, inputSize);
    const session = await InferenceSession.create(writeOnnx(model, { metadata: { table: preparation } }));
    expect([session.inputNames, session.outputNames]).toEqual([['input'], ['logits']]);
  });
});

describe('a file comes back as the model with its preparation', () => {
  const graphOf = ({ columns }: TablePreparation, inputSize: number, outputs: number) => {
    const x = input([inputSize]);
    expect(columns.length).toBeGreaterThan(3);
    const h = dense(6, { activation: 'tanh' })(x);
    return network(x, dense(outputs)(mul(h, sigmoid(h))), { seed: 2 });
  };

  test.each([
    ['price', false],
    ['price', true],
    ['kind', false],
    ['kind', true],
  ] as const)('target %s, raw inputs %s', async (target, rawInputs) => {
    const { preparation, inputSize } = await prepare(target);
    const outputs = target === 'kind' ? 4 : 1;
    for (const model of [modelFor(preparation, inputSize), graphOf(preparation, inputSize, outputs)]) {
      for (const softmax of target === 'kind' ? [false, true] : [false]) {
        const bytes = writeOnnx(model, { metadata: { table: preparation }, rawInputs, softmax });
        const back = readOnnx(bytes, 'table.onnx');
        expect(back.metadata.table).toEqual(preparation);
        expect(back.softmax).toBe(softmax);
        expect(back.model.inputSize).toBe(inputSize);
        const numbers = Array.from({ length: 2 * inputSize }, (_, i) => i % 3);
        expect(runModel(back.model, numbers)).toEqual(runModel(model, numbers));
      }
    }
  });

  test('the layers of a list, its embedding among them', async () => {
    const { preparation, inputSize } = await prepare('price');
    const model = modelFor(preparation, inputSize);
    remember(model, { loss: meanSquaredError() });
    const bytes = writeOnnx(model, { metadata: { table: preparation }, rawInputs: true });
    const back = readOnnx(bytes, 'table.onnx');
    expect(isSequential(back.model) && back.model.layers.map(({ kind }) => kind)).toEqual([
      'embedding',
      'dense',
      'dense',
    ]);
    expect(writeOnnx(back.model, { metadata: back.metadata, rawInputs: true })).toEqual(bytes);
  });

  test('but not where the graph prepares the table otherwise than the metadata say', async () => {
    const { preparation, inputSize } = await prepare('price');
    const model = modelFor(preparation, inputSize);
    const bytes = writeOnnx(model, { metadata: { table: preparation }, rawInputs: true });
    const said = (change: (table: TablePreparation) => TablePreparation) => () =>
      readOnnx(
        editFile(bytes, (file) => {
          const { metadataProps } = file as unknown as { metadataProps: { key: string; value: string }[] };
          const own = metadataProps.find(({ key }) => key === 'table')!;
          own.value = JSON.stringify(change(JSON.parse(own.value)));
        }),
        'table.onnx',
      );
    // The test's own writer does not know all attributes: only numbers of the target are changed.
    const { target } = preparation;
    expect(said((table) => ({ ...table, target: { ...target, mean: 5 } as typeof target }))).toThrow(
      FormatError,
    );
    expect(said((table) => ({ ...table, columns: table.columns.slice(1) }))).toThrow(
      /expected 6 inputs, the columns of its table, given 7/,
    );
    const reversed = (table: TablePreparation) => ({
      ...table,
      columns: table.columns.map((own) =>
        own.kind === 'category' ? { ...own, categories: own.categories.toReversed() } : own,
      ),
    });
    expect(said(reversed)).toThrow(/\(LabelEncoder\): it is not what its table's metadata say/);
    expect(said((table) => ({ ...table, version: 2 as 1 }))).toThrow(
      /metadata: table: version: expected 1, given 2/,
    );
    const renamed = (table: TablePreparation) => {
      const [first, ...rest] = table.columns;
      return { ...table, columns: [{ ...first, name: 'other' }, ...rest] };
    };
    expect(said(renamed)).toThrow(/expected an input for the column "other" of its table/);
  });
});

test('refusals', async () => {
  const { preparation, inputSize } = await prepare('price');
  const model = modelFor(preparation, inputSize);
  const metadata: ModelMetadata = { table: preparation };
  expect(() => writeOnnx(model, { metadata, rawInputs: true, softmax: true })).toThrow(
    /softmax: expected a model that classifies/,
  );
  const named = (name: string): ModelMetadata => {
    const [first, ...rest] = preparation.columns;
    return { table: { ...preparation, columns: [{ ...first, name }, ...rest] } };
  };
  expect(() => writeOnnx(model, { metadata: named('1.weight'), rawInputs: true })).toThrow(
    /"1\.weight" has the name of a value/,
  );
  expect(() => writeOnnx(model, { metadata: named(''), rawInputs: true })).toThrow(/column 0 has no name/);
});
