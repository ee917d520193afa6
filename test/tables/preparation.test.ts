/** A preparation on its way through a model's file, and asked about other tables; files that lie. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../src/create/engine.js';
import type { Engine } from '../../src/engine/engine.js';
import { readSafetensors, type WritableTensor, writeSafetensors } from '../../src/formats/safetensors.js';
import { adam } from '../../src/nn/optimizers.js';
import { tableDataset } from '../../src/tables/dataset.js';
import { targetMetrics } from '../../src/tables/metrics.js';
import { tableModel } from '../../src/tables/model.js';
import { readModel, writeModel } from '../../src/tables/model-file.js';
import { openTable } from '../../src/tables/open.js';
import { predictTable, type TablePrediction } from '../../src/tables/predict.js';
import type { TablePreparation } from '../../src/tables/preparation.js';
import { prepareTable } from '../../src/tables/prepare.js';
import { evaluate } from '../../src/train/evaluate.js';
import { fit } from '../../src/train/fit.js';
import { predict } from '../../src/train/predict.js';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ math: 'strict' });
});
afterAll(() => engine.dispose());

const open = (rows: readonly object[]) =>
  openTable(new TextEncoder().encode(rows.map((row) => JSON.stringify(row)).join('\n')), { name: 'data' });

/** Shops in 60 towns, each with a level of its own; what they sell follows from the level and a number. */
function shops(rows: number) {
  return Array.from({ length: rows }, (_, i) => {
    const town = (i * 7) % 60;
    const x = ((i * 37) % 101) / 50 - 1;
    const sold = 50 + 10 * ((town * 13) % 7) + 8 * x;
    return {
      town: `town ${town}`,
      x,
      open: i % 3 === 0,
      since: `20${10 + (i % 9)}-05-01`,
      sold: sold + 0.001,
    };
  });
}

async function trained(options: { task: 'regression' | 'classification' }) {
  const rows = shops(1200).map((row) =>
    options.task === 'regression' ? row : { ...row, sold: row.sold > 80 ? 'many' : 'few' },
  );
  const table = await open(rows);
  const prepared = await prepareTable(table, { target: 'sold' });
  const { preparation, train, test } = prepared;
  const model = tableModel(preparation, { hidden: [32], seed: 1 });
  const loss = options.task === 'regression' ? 'meanSquaredError' : 'softmaxCrossEntropy';
  await fit(engine, model, train, {
    loss,
    optimizer: adam({ learningRate: 0.01 }),
    batchSize: 32,
    epochs: 20,
  });
  if (!test) throw new Error('expected rows to test on');
  return { rows, table, preparation, model, loss, test } as const;
}

async function all(predictions: AsyncIterable<TablePrediction>) {
  const rows: number[] = [];
  const probabilities: number[] = [];
  let unknown: ReadonlyMap<string, number> = new Map();
  for await (const prediction of predictions) {
    rows.push(...prediction.predictions);
    probabilities.push(...(prediction.probabilities ?? []));
    unknown = prediction.unknown;
  }
  return { rows, probabilities, unknown };
}

describe('a regression with embedded categories', () => {
  it('is learnt, kept in the file, and predicted in its own unit', async () => {
    const { rows, table, preparation, model, loss, test } = await trained({ task: 'regression' });
    expect(preparation.columns[0]).toMatchObject({ kind: 'category', encoding: 'embedding', width: 16 });
    const { metrics } = await evaluate(engine, model, test, { loss, metrics: ['r2'] });
    expect(metrics?.r2).toBeGreaterThan(0.95);

    const read = readModel(writeModel(model, { table: preparation }), 'model');
    expect(read.metadata.table).toEqual(preparation);
    const predicted = await all(predictTable(engine, read.model, preparation, table));
    const sold = rows.map((row) => Number(row.sold));
    const error = predicted.rows.reduce((sum, value, i) => sum + Math.abs(value - sold[i]), 0) / rows.length;
    expect(error).toBeLessThan(4);

    // The same numbers as by hand.
    const { mean, deviation } = preparation.target as { mean: number; deviation: number };
    const whole = await tableDataset(table, preparation);
    const byHand = predict(engine, model, whole.inputs, { loss });
    expect(predicted.rows).toEqual(Array.from(byHand, (value) => value * deviation + mean));
    const part = await tableDataset(table, preparation, 'test');
    expect(part.inputs).toEqual(test.inputs);
    expect(part.targets).toEqual(test.targets);
  });

  it('treats a town it never saw as none', async () => {
    const { preparation, model } = await trained({ task: 'regression' });
    const rows = [0, 1, 2].map((i) => ({ ...shops(1)[0], town: `elsewhere ${i}` }));
    const { rows: predicted, unknown } = await all(
      predictTable(engine, model, preparation, await open(rows)),
    );
    expect(unknown).toEqual(new Map([['town', 3]]));
    expect(new Set(predicted).size).toBe(1);
    // Towns are from 50 to 110: one that is not known is somewhere within.
    expect(predicted[0]).toBeGreaterThan(45);
    expect(predicted[0]).toBeLessThan(125);
  });
});

describe('a classification', () => {
  it('gives probabilities that are those of the model, whatever else and in what order the table has', async () => {
    const { rows, preparation, model } = await trained({ task: 'classification' });
    const other = rows.map(({ sold: _, ...row }, i) => ({
      extra: i,
      since: row.since,
      x: row.x,
      open: row.open,
      town: row.town,
    }));
    const { rows: classes, probabilities } = await all(
      predictTable(engine, model, preparation, await open(other)),
    );
    const names = preparation.target.kind === 'classification' ? preparation.target.classes : [];
    const right = classes.filter((place, i) => names[place] === rows[i].sold).length;
    expect(right / rows.length).toBeGreaterThan(0.95);
    for (let i = 0; i < rows.length; i++) {
      expect(probabilities[2 * i] + probabilities[2 * i + 1]).toBeCloseTo(1, 5);
      expect(classes[i]).toBe(probabilities[2 * i] >= probabilities[2 * i + 1] ? 0 : 1);
    }
  });

  it('measures a number in its own unit', async () => {
    const { preparation, model, test, table } = await trained({ task: 'regression' });
    const { metrics } = await evaluate(engine, model, test, { metrics: targetMetrics(preparation) });
    const split = await tableDataset(table, preparation, 'test');
    const [mean, deviation] =
      preparation.target.kind === 'regression' ? [preparation.target.mean, preparation.target.deviation] : [];
    const outputs = predict(engine, model, split.inputs);
    let [absolute, squared] = [0, 0];
    for (const [i, output] of outputs.entries()) {
      const error = output * deviation! + mean! - (split.targets![i] * deviation! + mean!);
      absolute += Math.abs(error) / outputs.length;
      squared += error ** 2 / outputs.length;
    }
    expect(metrics?.mae).toBeCloseTo(absolute, 4);
    expect(metrics?.rmse).toBeCloseTo(Math.sqrt(squared), 4);
    expect(metrics?.mae).toBeGreaterThan(0.1);
    expect(Object.keys(metrics ?? {}).sort()).toEqual(['mae', 'r2', 'rmse']);
    const mse = await evaluate(engine, model, test, { metrics: targetMetrics(preparation, ['mse']) });
    expect(mse.metrics?.mse).toBeCloseTo(squared, 3);
    expect(() => targetMetrics(preparation, ['f1'])).toThrow(
      /"f1" is of classification, but this is regression/,
    );
    const classes = await trained({ task: 'classification' });
    expect(() => targetMetrics(classes.preparation)).toThrow(
      'targetMetrics: preparation: expected one whose target is a number, given "sold", which is one of 2 classes',
    );
  });

  it('names all columns that a table lacks', async () => {
    const { preparation, model, rows } = await trained({ task: 'regression' });
    const without = (...names: string[]) =>
      rows
        .slice(0, 3)
        .map((row) => Object.fromEntries(Object.entries(row).filter(([key]) => !names.includes(key))));
    const given = /as the model was trained on; given "open", "sold"/;
    const lacking = all(predictTable(engine, model, preparation, await open(without('town', 'x', 'since'))));
    await expect(lacking).rejects.toThrow('data: expected the columns "town", "x", "since", as the model');
    await expect(tableDataset(await open(without('town', 'x', 'since')), preparation)).rejects.toThrow(given);
    const one = all(predictTable(engine, model, preparation, await open(without('x'))));
    await expect(one).rejects.toThrow('data: expected a column "x", as the model');
  });

  it('refuses another class, and the preparation of another model', async () => {
    const { rows, preparation, model } = await trained({ task: 'classification' });
    const other = await open([rows[0], { ...rows[1], sold: 'none' }]);
    await expect(all(predictTable(engine, model, preparation, other))).rejects.toThrow(
      /data: row 2 \(line 2\), column "sold": expected one of the classes/,
    );
    await expect(tableDataset(other, preparation)).rejects.toThrow(/row 2 \(line 2\), column "sold"/);
    const unlabelled = await open([rows[0], { ...rows[1], sold: null }]);
    await expect(tableDataset(unlabelled, preparation)).rejects.toThrow(/row 2 .*: the target is missing/);
    const less = { ...preparation, columns: preparation.columns.slice(1) };
    await expect(all(predictTable(engine, model, less, other))).rejects.toThrow(/expected 8 inputs, given 7/);
  });
});

describe('a file that lies about its table', () => {
  const good: TablePreparation = {
    version: 1,
    columns: [
      { kind: 'number', name: 'x', mean: 1, deviation: 2, indicator: true },
      { kind: 'boolean', name: 'b', mean: 0.5, deviation: 0.5, indicator: false, values: ['no', 'yes'] },
      { kind: 'date', name: 'd', mean: 1, deviation: 2, indicator: false, time: false },
      {
        kind: 'category',
        name: 'c',
        categories: ['p', 'q'],
        encoding: 'oneHot',
        others: true,
        missing: false,
      },
      {
        kind: 'category',
        name: 'e',
        categories: ['p', 'q'],
        encoding: 'embedding',
        others: true,
        missing: true,
        width: 3,
      },
    ],
    dropped: [{ name: 'id', reason: 'it numbers the rows' }],
    target: { kind: 'classification', name: 'y', classes: ['a', 'b'] },
    split: { seed: 1, validation: 0.15, test: 0.15 },
  };
  const model = tableModel(good);
  const file = writeModel(model, { table: good });

  const change = (at: readonly (string | number)[], value: unknown) => {
    const { tensors, metadata } = readSafetensors(file, 'model');
    const description = JSON.parse(metadata.lanegrad);
    let place = description.table;
    for (const key of at.slice(0, -1)) place = place[key];
    place[at[at.length - 1]] = value;
    return writeSafetensors(tensors as unknown as Map<string, WritableTensor>, {
      lanegrad: JSON.stringify(description),
    });
  };

  it('may not reach beyond an embedding', async () => {
    const read = readModel(change(['columns', 4, 'categories'], ['p', 'q', 'r', 's']), 'model');
    const table = await open([{ x: 1, b: 'no', d: '2024-01-01', c: 'p', e: 's' }]);
    const { table: preparation = good } = read.metadata;
    await expect(all(predictTable(engine, read.model, preparation, table))).rejects.toThrow(
      /predictTable: input at row 0, column 11: expected a category, a whole number from 0 to 3, given 4/,
    );
  });

  it('is read when it does not', () => {
    expect(readModel(file, 'model').metadata.table).toEqual(good);
    for (const [at, value] of [
      [['columns', 1, 'asWritten'], true],
      [['columns', 2, 'order'], 'mdy'],
      [['columns', 3, 'asWritten'], true],
      [['target', 'asWritten'], true],
      [['cells'], { decimal: ',', missing: ['-', '-999'] }],
    ] as const) {
      const { table } = readModel(change(at, value), 'model').metadata;
      expect(at.reduce<unknown>((part, key) => (part as Record<string, unknown>)[key], table)).toEqual(value);
    }
    expect(readModel(change(['split', 'task'], 'classification'), 'model').metadata.table?.split.task).toBe(
      'classification',
    );
  });

  it.each<[at: (string | number)[], value: unknown, message: RegExp]>([
    [['version'], 2, /table, version: expected 1, given 2|version: expected 1, given 2/],
    [['extra'], 1, /unknown option "extra"/],
    [['columns'], 'x', /columns: expected a list/],
    [['columns'], [], /expected 12 inputs, given 0/],
    [['columns', 0, 'kind'], 'text', /columns\[0\].*kind/],
    [['columns', 0, 'mean'], '1', /columns\[0\].*mean/],
    [['columns', 0, 'mean'], null, /columns\[0\].*mean/],
    [['columns', 0, 'deviation'], 0, /columns\[0\].*deviation.*greater than 0/],
    [['columns', 0, 'indicator'], false, /expected 12 inputs, given 11/],
    [['columns', 0, 'name'], 7, /columns\[0\].*name/],
    [['columns', 0, 'name'], 'y', /two columns have the same name/],
    [['columns', 1, 'values'], ['no'], /columns\[1\].*two strings that differ/],
    [['columns', 1, 'values'], ['no', 'no'], /columns\[1\].*no string twice/],
    [['columns', 2, 'time'], true, /expected 12 inputs, given 14/],
    [['columns', 3, 'categories'], ['p', 1], /columns\[3\].*expected strings/],
    [['columns', 3, 'categories'], ['p'], /expected 12 inputs, given 11/],
    [['columns', 3, 'width'], 2, /columns\[3\].*unknown option "width"/],
    [['columns', 4, 'width'], 1e9, /columns\[4\].*width.*at most 1024/],
    [['dropped'], [{ name: 'x' }], /dropped\[0\].*reason/],
    [['target', 'kind'], 'ranking', /target.*kind/],
    [['target', 'classes'], ['a'], /classes: expected at least 2/],
    [['target', 'classes'], ['a', 'b', 'c'], /expected 2 outputs, given 3/],
    [['target'], { kind: 'regression', name: 'y', mean: 0, deviation: -1 }, /deviation.*greater than 0/],
    [['split', 'test'], 1, /test.*less than 1/],
    [['split', 'task'], 'ranking', /task/],
    [['columns', 1, 'asWritten'], 1, /columns\[1\].*asWritten: expected true, given 1/],
    [['columns', 2, 'order'], 'ymd', /columns\[2\].*order: expected "dmy" or "mdy", given "ymd"/],
    [['columns', 3, 'asWritten'], false, /columns\[3\].*asWritten: expected true, given false/],
    [['target', 'asWritten'], 'yes', /target.*asWritten: expected true, given "yes"/],
    [['cells'], [], /cells: expected an options object/],
    [['cells'], { decimal: ';' }, /cells: option decimal: expected "\." or ",", given ";"/],
    [['cells'], { missing: [7] }, /cells: option missing: expected texts, given 7/],
    [['cells'], { marks: [] }, /cells: unknown option "marks"/],
  ])('%j is %j', (at, value, message) => {
    expect(() => readModel(change(at, value), 'model')).toThrow(message);
    expect(() => readModel(change(at, value), 'model')).toThrow(/^model: /);
  });
});
