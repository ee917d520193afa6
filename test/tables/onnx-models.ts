/** A table of every kind of column, and a model of it with an embedding. */
import { expect } from 'vitest';
import { dense } from '../../src/nn/dense.js';
import { embedding } from '../../src/nn/embedding.js';
import { type Sequential, sequential } from '../../src/nn/sequential.js';
import { openTable } from '../../src/tables/open.js';
import { type PreparedColumn, placesOf, type TablePreparation } from '../../src/tables/preparation.js';
import { prepareTable } from '../../src/tables/prepare.js';

const CITIES = Array.from({ length: 40 }, (_, i) => `city ${i}`);
export const HEAD = 'area,year,town,city,sold,when,hour,price,kind';

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
export const asked = [
  '55.5,2025,east,city 99,no,2031-12-31,2024-02-29T23:59,0,kind 1',
  ',1850,,city 3,yes,,1969-07-20T20:17,0,kind 0',
  ...rows.slice(0, 30),
];

export const open = (lines: readonly string[]) =>
  openTable(new TextEncoder().encode([HEAD, ...lines].join('\n')), { name: 'table' });

export async function prepare(target: 'price' | 'kind') {
  const types: Record<string, 'drop'> = target === 'price' ? { kind: 'drop' } : { price: 'drop' };
  const { preparation, train } = await prepareTable(await open(rows), { target, types });
  expect(new Set(preparation.columns.map(({ kind }) => kind))).toEqual(
    new Set(['number', 'category', 'boolean', 'date']),
  );
  return { preparation, inputSize: train.width };
}

/** A model whose first layer embeds the columns that want it. */
export function modelFor({ columns, target }: TablePreparation, inputSize: number): Sequential {
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
