/**
 * Tables in ONNX: the file, given cells as they stand in the table, computes what lanegrad does with that
 * table.
 */
import { InferenceSession, Tensor } from 'onnxruntime-web';
import { describe, expect, test } from 'vitest';
import { createReferenceEngine } from '../../src/create/reference.js';
import { dense } from '../../src/nn/dense.js';
import { embedding } from '../../src/nn/embedding.js';
import { type Sequential, sequential } from '../../src/nn/sequential.js';
import type { ModelMetadata } from '../../src/tables/model-file.js';
import { writeOnnx } from '../../src/tables/onnx.js';
import { openTable } from '../../src/tables/open.js';
import { predictTable } from '../../src/tables/predict.js';
import { type PreparedColumn, placesOf, type TablePreparation } from '../../src/tables/preparation.js';
import { prepareTable } from '../../src/tables/prepare.js';
import { worstDifference } from '../formats/onnx/runtime.js';

const CITIES = Array.from({ length: 40 }, (_, i) => `city ${i}`);
const HEAD = 'area,year,town,city,sold,when,hour,price,kind';

/** Every kind of column, some cells missing. */
const rows = Array.from({ length: 400 }, (_, i) => {
  const area = i % 11 === 0 ? '' : (40 + ((i * 37) % 101) / 3).toFixed(2);
  const town = i % 13 === 0 ? '' : ['north', 'south', 'west'][i % 3];
  const sold = ['yes', 'no'][(i >> 2) % 2];
  const date = new Date(Date.UTC(2020, 0, 1 + ((i * 29) % 1400), (i * 5) % 24)).toISOString();
  const when = i % 17 === 0 ? '' : date.slice(0, 10);
  const price = 200 + ((i * 53) % 97) * 3.5;
  return [
    area,
    1900 + ((i * 7) % 120),
    town,
    CITIES[(i * 17) % 40],
    sold,
    when,
    date.slice(0, 16),
    price,
    `kind ${i % 4}`,
  ].join(',');
});

/** Rows that training did not have: another town and city, and everything missing that may be. */
const asked = [
  '55.5,2025,east,city 99,no,2031-12-31,2024-02-29T23:59,0,kind 1',
  ',1850,,city 3,yes,,1969-07-20T20:17,0,kind 0',
  ...rows.slice(0, 30),
];

const open = (lines: readonly string[]) =>
  openTable(new TextEncoder().encode([HEAD, ...lines].join('\n')), { name: 'table' });

async function prepare(target: 'price' | 'kind') {
  const types: Record<string, 'drop'> = target === 'price' ? { kind: 'drop' } : { price: 'drop' };
  const { preparation, train } = await prepareTable(await open(rows), { target, types });
  expect(new Set(preparation.columns.map(({ kind }) => kind))).toEqual(
    new Set(['number', 'category', 'boolean', 'date']),
  );
  return { preparation, inputSize: train.width };
}

/** A model whose first layer embeds the columns that want it. */
function modelFor({ columns, target }: TablePreparation, inputSize: number): Sequential {
  let at = 0;
  const embedded: { column: number; cardinality: number; width: number }[] = [];
  for (const column of columns) {
    if (column.kind === 'category' && column.encoding === 'embedding') {
      embedded.push({ column: at, cardinality: placesOf(column), width: column.width! });
    }
    at += width(column);
  }
  expect(embedded).toHaveLength(1);
  const outputs = target.kind === 'classification' ? target.classes.length : 1;
  return sequential(
    inputSize,
    [embedding({ columns: embedded }), dense(8, { activation: 'tanh' }), dense(outputs)],
    { seed: 4 },
  );
}

function width(column: PreparedColumn): number {
  if (column.kind !== 'category')
    return 1 + Number(column.indicator) + (column.kind === 'date' ? (column.time ? 6 : 4) : 0);
  return column.encoding === 'embedding'
    ? 1
    : column.categories.length + Number(column.others) + Number(column.missing);
}

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
