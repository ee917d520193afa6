/** What a served model of a table answers: the bits of `predictTable`, and for each wrong cell an error of its own. */
import { encode } from 'fast-png';
import { describe, expect, test } from 'vitest';
import { tableModel } from '../../src/tables/model.js';
import type { ModelMetadata } from '../../src/tables/model-file.js';
import { openTable } from '../../src/tables/open.js';
import { predictTable } from '../../src/tables/predict.js';
import { prepareTable } from '../../src/tables/prepare.js';
import { fit } from '../../src/train/fit.js';
import { basic } from '../train/fit-setting.js';
import { engine, get, post } from './client.js';
import { fieldOf, serve } from './served.js';

describe('tables', () => {
  const rows = Array.from({ length: 120 }, (_, i) => ({
    length: i % 17 === 0 ? null : 3 + ((i * 37) % 101) / 30,
    colour: ['red', 'white', 'yellow'][i % 3],
    wild: i % 4 === 0 ? 'yes' : 'no',
    picked: `2024-0${1 + (i % 6)}-1${i % 10}`,
    code: `00${i % 5}`,
    kind: i % 3 === 0 ? 'rose' : 'tulip',
    weight: 7 + ((i * 29) % 53) / 10,
  }));

  async function trained(target: string) {
    const table = await openTable(rows, { name: 'flowers' });
    const { train, preparation } = await prepareTable(table, { target });
    const model = tableModel(preparation, { seed: 1, hidden: [6] });
    const loss = preparation.target.kind === 'classification' ? 'softmaxCrossEntropy' : 'meanSquaredError';
    await fit(engine, model, train, { ...basic, loss, epochs: 2 });
    const metadata: ModelMetadata = { table: preparation };
    const predictions: number[] = [];
    const shares: number[] = [];
    const names: string[] = [];
    for await (const own of predictTable(engine, model, preparation, await openTable(rows))) {
      predictions.push(...own.predictions);
      shares.push(...(own.probabilities ?? []));
      names.push(...(own.names ?? []));
    }
    return { url: await serve(model, { metadata }), predictions, shares, names };
  }

  test('have the bits of predictTable, by class', async () => {
    const { url, predictions, shares, names } = await trained('kind');
    const answer = await post(url, rows);
    expect(fieldOf(answer, 'class')).toEqual(predictions);
    expect(fieldOf(answer, 'probabilities').flat()).toEqual(shares);
    expect(answer.json.target).toBe('kind');
    expect(answer.json.predictions!.map(({ name }) => name)).toEqual(names);
    expect(new Set(names).size).toBeGreaterThan(0);
    expect(answer.json.classNames).toEqual(expect.arrayContaining(['rose', 'tulip']));
    // One at a time, with columns in another order, and one that nobody knows.
    for (const i of [0, 5, 17, 119]) {
      const { kind, ...row } = rows[i];
      const turned = { more: kind, ...Object.fromEntries(Object.entries(row).reverse()) };
      const own = await post(url, [turned]);
      expect(own.json.predictions).toEqual([answer.json.predictions![i]]);
    }
    expect((await post(url, (await get(url)).json.example)).status).toBe(200);
  });

  test('have the bits of predictTable, by number', async () => {
    const { url, predictions, names } = await trained('weight');
    expect(names).toEqual([]);
    expect(fieldOf(await post(url, rows), 'value')).toEqual(predictions);
  });

  test('note what is strange, and predict all the same', async () => {
    const { url } = await trained('kind');
    expect((await post(url, [rows[1], rows[2]])).json.notes).toBeUndefined();
    const { picked: _, ...without } = rows[1];
    const strange = [rows[1], { ...without, colour: 'mauve', colr: 'red' }];
    const answer = await post(url, strange);
    expect(answer.status).toBe(200);
    expect(answer.json.predictions).toHaveLength(2);
    expect(answer.json.notes).toEqual([
      'column "colour": a value that training did not see, or seldom, in 1 of 2 rows',
      'column "picked": no value in 1 of 2 rows',
      'not a column of the model: "colr"',
    ]);
    const more = Object.fromEntries(Array.from({ length: 7 }, (_, i) => [`x${i}`, i]));
    expect((await post(url, [{ ...rows[1], ...more }])).json.notes).toEqual([
      'not a column of the model: "x0", "x1", "x2", "x3", "x4" and 2 more',
    ]);
  });

  test('name the cell that is wrong', async () => {
    const { url } = await trained('kind');
    const { length: _, ...without } = rows[1];
    for (const [body, name, message] of [
      [
        [rows[1], { ...rows[2], length: 'long' }],
        'DataError',
        /row 2, column "length": expected a number, given "long"/,
      ],
      [
        [{ ...rows[1], wild: 'maybe' }],
        'DataError',
        /row 1, column "wild": expected "no" or "yes", given "maybe"/,
      ],
      [[without], 'DataError', /expected a column "length", as the model was trained on/],
      [[rows[1], 7], 'DataError', /row 2: expected an object such as/],
      [[{ ...rows[1], length: [1] }], 'FormatError', /length/],
      [{ rows: [rows[1]], type: 'uint8' }, 'OptionError', /it is for models that are not of tables/],
    ] as const) {
      const answer = await post(url, body);
      expect(answer).toMatchObject({ status: 400, json: { error: { name } } });
      expect(answer.json.error?.message).toMatch(message);
    }
    const png = encode({ width: 2, height: 2, channels: 1, data: new Uint8Array(4) });
    const refused = await post(url, png, { 'content-type': 'image/png' });
    expect(refused.status).toBe(415);
    expect(refused.json.error?.message).toMatch(/the model takes no pictures; expected application\/json/);
    const form = await post(url, rows, { 'content-type': 'application/x-www-form-urlencoded' });
    expect(form.json.error?.message).toMatch(/expected the content-type application\/json, given/);
  });
});
