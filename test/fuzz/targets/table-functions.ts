/** The functions of the entry point tables. */
import * as tables from '../../../src/tables.js';
import { expectThat } from '../target.js';
import { allFinite, apply, type Call } from './functions.js';

const csv = new TextEncoder().encode(
  `a,b,target\n${Array.from({ length: 40 }, (_, i) => `${i % 7},${i % 3 ? 'x' : 'y'},${i % 2 ? 'yes' : 'no'}`).join('\n')}\n`,
);
/** A table with the column `target`. */
export const table = () => tables.openTable(csv, { name: 't' });
const prepared = async () => tables.prepareTable(await table(), { target: 'target' });
let first: ReturnType<typeof prepared> | undefined;
/** A preparation, made once: nothing writes to it. */
async function known() {
  first ??= prepared();
  return (await first).preparation;
}

async function drain(
  rows: AsyncIterable<{ predictions: Float64Array; chunk: { rows: number } }>,
): Promise<number> {
  let count = 0;
  for await (const { chunk, predictions } of rows) {
    allFinite(predictions.slice(0, chunk.rows), 'a prediction');
    count += chunk.rows;
  }
  return count;
}

export const tableFunctions: Record<string, Call> = {
  openTable: {
    weight: 3,
    valid: () => [csv, { name: 't', delimiter: ',', header: true, decimal: '.' }],
    async call(...args) {
      const opened = await apply(tables.openTable, args);
      let rows = 0;
      for await (const chunk of opened.chunks()) rows += chunk.rows;
      return rows;
    },
    check: (rows, _, intact) => intact && expectThat(rows === 40, () => `${String(rows)} rows of 40`),
  },
  predictTable: {
    weight: 2,
    valid: async (_, { engine }) => [
      engine,
      tables.tableModel(await known(), { hidden: [3] }),
      await known(),
      await table(),
    ],
    call: (...args) => drain(apply(tables.predictTable, args)),
  },
  targetMetrics: {
    valid: async () => {
      const options = { target: 'a', task: 'regression' } as const;
      return [(await tables.prepareTable(await table(), options)).preparation, ['mae', 'r2']];
    },
    call: tables.targetMetrics,
  },
  prepareTable: {
    weight: 3,
    valid: async () => [
      await table(),
      {
        target: 'target',
        task: 'classification',
        types: { a: 'number', b: 'category' },
        validation: 0.2,
        test: 0.1,
        seed: 2,
        sample: 1,
      },
    ],
    call: tables.prepareTable,
    check: (result) => allFinite((result as tables.PreparedTable).train.inputs),
  },
  tableDataset: {
    weight: 2,
    valid: async () => [await table(), await known(), 'validation'],
    call: tables.tableDataset,
  },
  tableStream: {
    valid: async () => [await table(), await known(), 'validation'],
    async call(...args) {
      const { source } = apply(tables.tableStream, args);
      let rows = 0;
      const chunks = 'open' in source ? source.open({ signal: new AbortController().signal }) : [];
      for await (const { inputs } of chunks) {
        allFinite(inputs as Float32Array, 'an input');
        rows += inputs.length;
      }
      return rows;
    },
  },
  tableModel: {
    weight: 2,
    valid: async () => [await known(), { hidden: [4, 3], activation: 'relu', dropout: 0.1, seed: 1 }],
    call: tables.tableModel,
  },
};
