/** Tables of every format, from bytes that were right, changed or built to harm. */
import { gzipSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { adam, fit } from '../../../src/index.js';
import {
  openTable,
  type PreparedTable,
  predictTable,
  prepareTable,
  type Table,
  tableModel,
} from '../../../src/tables.js';
import { bytesOf, npy, zip } from '../encode.js';
import { mutateBytes, mutateText } from '../mutate.js';
import type { Random } from '../random.js';
import { expectThat, must, type Target, type World } from '../target.js';
import { allFinite } from './functions.js';

const encoder = new TextEncoder();
const WORDS = [
  'cat',
  'a dog',
  'it, said',
  'he "spoke"',
  'two\nlines',
  'Ünïcode',
  '😀',
  'x=1',
  'semi;colon',
  "it's",
];

export interface Written {
  names: string[];
  /** [column][row] */
  cells: (number | string)[][];
  bytes: Uint8Array;
}

/** Columns of numbers and of words, never empty. */
function makeCells(r: Random, numbersOnly = false): Pick<Written, 'names' | 'cells'> {
  const rows = r.between(2, 12);
  const columns = r.between(2, 5);
  return {
    names: r.list(columns, (i) => `${r.pick(['name', 'a b', 'né', 'x_'])}${i}`),
    cells: r.list(columns, (i) =>
      r.list(rows, () =>
        i === 0 || numbersOnly || r.chance(0.5) ? r.between(-(10 ** 6), 10 ** 6) / 1000 : r.pick(WORDS),
      ),
    ),
  };
}

function csvCell(value: number | string): string {
  const text = String(value);
  return /[",\n;]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function makeCsv(r: Random): Written {
  const { names, cells } = makeCells(r);
  const rows = cells[0].map((_, row) => cells.map((column) => csvCell(column[row])).join(','));
  const end = r.pick(['\n', '\r\n']);
  return {
    names,
    cells,
    bytes: encoder.encode([names.join(','), ...rows].join(end) + (r.chance(0.5) ? end : '')),
  };
}

export function makeJsonLines(r: Random): Written {
  const { names, cells } = makeCells(r);
  const rows = cells[0].map((_, row) =>
    JSON.stringify(Object.fromEntries(names.map((name, i) => [name, cells[i][row]]))),
  );
  return {
    names,
    cells,
    bytes: encoder.encode(r.chance(0.3) ? `[${rows.join(',')}]` : `${rows.join('\n')}\n`),
  };
}

function makeNpy(r: Random): Written {
  const { cells } = makeCells(r, true);
  const [rows, columns] = [cells[0].length, cells.length];
  const data = Float64Array.from({ length: rows * columns }, (_, i) =>
    Number(cells[i % columns][Math.floor(i / columns)]),
  );
  return {
    names: cells.map((_, i) => `column${i + 1}`),
    cells,
    bytes: npy('<f8', `(${rows}, ${columns})`, bytesOf(data)),
  };
}

function makeNpz(r: Random): Written {
  const { cells } = makeCells(r, true);
  const names = cells.map((_, i) => `array${i}`);
  const entries = cells.map(
    (column, i) =>
      [
        `${names[i]}.npy`,
        npy('<f8', `(${column.length},)`, bytesOf(Float64Array.from(column.map(Number)))),
      ] as const,
  );
  return { names, cells, bytes: zip(entries) };
}

export function makeParquet(r: Random): Written {
  const { names, cells: made } = makeCells(r);
  // A column has one type.
  const cells = made.map((column) =>
    typeof column[0] === 'number'
      ? column.map((value) => (typeof value === 'number' ? value : 0))
      : column.map(String),
  );
  const columnData = names.map((name, i) => ({
    name,
    data: cells[i],
    type: typeof cells[i][0] === 'number' ? ('DOUBLE' as const) : ('STRING' as const),
  }));
  return { names, cells, bytes: new Uint8Array(parquetWriteBuffer({ columnData })) };
}

const MAKERS = [
  ['csv', makeCsv, 4],
  ['json lines', makeJsonLines, 4],
  ['npy', makeNpy, 2],
  ['npz', makeNpz, 2],
  ['parquet', makeParquet, 4],
] as const;

/** Reads all rows; each chunk must be whole. */
async function readAll(table: Table): Promise<{ rows: number; cells: (number | string | undefined)[][] }> {
  const cells: (number | string | undefined)[][] = table.columns.map(() => []);
  expectThat(new Set(table.columns).size === table.columns.length, () => 'columns of the same name');
  let rows = 0;
  for await (const chunk of table.chunks()) {
    expectThat(
      chunk.rows >= 1 && chunk.firstRow === rows + 1,
      () => `a chunk of ${chunk.rows} rows from ${chunk.firstRow}, after ${rows}`,
    );
    expectThat(
      chunk.columns.length === table.columns.length,
      () => `${chunk.columns.length} columns in a chunk of ${table.columns.length}`,
    );
    for (const [i, { numbers, texts }] of chunk.columns.entries()) {
      expectThat(numbers.length >= chunk.rows, () => 'a column is shorter than its chunk');
      if (rows > 1000) continue;
      for (let row = 0; row < chunk.rows; row++)
        cells[i].push(Number.isNaN(numbers[row]) ? texts?.[row] : numbers[row]);
    }
    rows += chunk.rows;
  }
  return { rows, cells };
}

/** What was read of a table must be what was written. */
export function checkCells(
  { names, cells }: Written,
  columns: readonly string[],
  rows: number,
  cellAt: (row: number, column: number) => unknown,
): void {
  expectThat(columns.join('|') === names.join('|'), () => `columns ${columns}, written ${names}`);
  expectThat(rows === cells[0].length, () => `${rows} rows, written ${cells[0].length}`);
  for (const [i, column] of cells.entries()) {
    for (const [row, value] of column.entries()) {
      const given = cellAt(row, i);
      // A text that reads as a number is one, in whatever type a file has it.
      const right = Object.is(given, value) || (typeof value === 'string' && Object.is(given, Number(value)));
      expectThat(
        right,
        () => `row ${row + 1} of ${names[i]}: ${JSON.stringify(given)}, written ${JSON.stringify(value)}`,
      );
    }
  }
}

/** Text that costs much where a reader is careless. */
export function hostileText(r: Random): string {
  const many = r.pick([100, 3000, 60_000]);
  return r.pick([
    () => `a,b\n1,${'1'.repeat(many)}x\n`,
    () => `a,b\n1,${'1,'.repeat(many)}2\n`,
    () => `${r.list(many, (i) => `c${i}`).join(',')}\n${'1,'.repeat(many - 1)}1\n`,
    () => `a,b\n1,"${'x'.repeat(many)}\n`,
    () => `a,b\n${'"'.repeat(many)}`,
    () => `a,b\n${'\n'.repeat(many)}1,2\n`,
    () => `${' '.repeat(many)}a,b\n1,2`,
    () => '['.repeat(many),
    () => `${'{"a":'.repeat(many)}1${'}'.repeat(many)}`,
    () => `{"a":${'['.repeat(many)}${']'.repeat(many)}}\n`,
    () => `[{"a":1},${'{"b":2},'.repeat(many)}{"c":3}]`,
    () => `{${r.list(many, (i) => `"k${i}":1`).join(',')}}`,
    () => r.list(many / 10, (i) => `{"k${i}":1}`).join('\n'),
    () => `{"a":"${'\\u0041'.repeat(many)}"}`,
    () => `a;b\n${'1e309;-1e309\n'.repeat(many / 10)}`,
    () => `a,b\n${'1e-400,0x10\n'.repeat(many / 10)}`,
    () => `${'\u0000'.repeat(many)}`,
    () => `a,a\n1,2\n`,
    () => `\ufeffa,b\n1,2\n`,
    () => `__proto__,constructor\n1,x\n2,y\n`,
    () => `{"__proto__":1,"constructor":2}\n{"__proto__":3}\n`,
    () => `date,b\n${'2020-02-30,1\n31/12/1999,2\n'.repeat(many / 30)}`,
  ])();
}

const openTarget: Target = {
  name: 'openTable',
  weight: 24,
  async run(r) {
    const [, make] = r.pick(MAKERS.flatMap((entry) => new Array<typeof entry>(entry[2]).fill(entry)));
    const written = make(r);
    if (r.chance(0.15)) {
      const { table, read } = await must('a table', async () => {
        const table = await openTable(written.bytes, { name: 't' });
        return { table, read: await readAll(table) };
      });
      return checkCells(written, table.columns, read.rows, (row, column) => read.cells[column][row]);
    }
    let bytes: Uint8Array;
    const textual = make === makeCsv || make === makeJsonLines;
    if (r.chance(0.06)) bytes = encoder.encode(hostileText(r));
    else if (textual && r.chance(0.6))
      bytes = encoder.encode(mutateText(r, new TextDecoder().decode(written.bytes)));
    else bytes = mutateBytes(r, written.bytes);
    if (r.chance(0.05)) bytes = gzipSync(bytes);
    else if (r.chance(0.02)) bytes = mutateBytes(r, gzipSync(bytes));
    const options =
      textual && r.chance(0.2)
        ? { delimiter: r.pick([',', ';', '\t', '|', ' ']), header: r.chance(0.5) }
        : {};
    await readAll(await openTable(bytes, { name: 't', ...options }));
  },
};

/** A table with a target, prepared, trained on and predicted from. */
const prepareTarget: Target = {
  name: 'prepareTable of hostile tables',
  weight: 4,
  async run(r, world) {
    const rows = r.between(20, 60);
    const classes = r.pick([
      ['yes', 'no'],
      ['007', '7'],
      ['a', 'b', 'c'],
      ['1', '2'],
    ]);
    const column: Record<string, () => string> = {
      numbers: () => String(r.between(-(10 ** 5), 10 ** 5) / 1000),
      words: () => csvCell(r.pick(WORDS)),
      dates: () => r.pick(['2020-01-31', '2021-12-01', '1999-06-15']),
      holes: () => r.pick(['', '1', 'NA', '2.5']),
      codes: () => r.pick(['001', '1', '1e3', '1000']),
      constant: () => '1',
      huge: () => r.pick(['1e308', '-1e308', '1e-308', '0']),
    };
    const kinds = r.list(r.between(1, 4), () => r.pick(Object.keys(column)));
    const lines = r.list(rows, () => [...kinds.map((kind) => column[kind]()), r.pick(classes)].join(','));
    const csv = [[...kinds.map((kind, i) => `${kind}${i}`), 'target'].join(','), ...lines].join('\n');
    const text = r.chance(0.5) ? csv : mutateText(r, csv);
    const table = await openTable(encoder.encode(text), { name: 't' });
    const prepared = await prepareTable(table, { target: 'target' });
    allFinite(prepared.train.inputs, 'an input');
    if (r.chance(0.5)) await trainOn(world, table, prepared);
  },
};

async function trainOn(
  { engine }: World,
  table: Table,
  { train, preparation }: PreparedTable,
): Promise<void> {
  const model = tableModel(preparation, { hidden: [3] });
  const loss = preparation.target.kind === 'classification' ? 'softmaxCrossEntropy' : 'meanSquaredError';
  await fit(engine, model, train, { loss, optimizer: adam(), epochs: 1 });
  let count = 0;
  for await (const { predictions, chunk } of predictTable(engine, model, preparation, table)) {
    count += chunk.rows;
    expectThat(predictions.slice(0, chunk.rows).every(Number.isFinite), () => 'a prediction is not finite');
  }
  expectThat(count > 0, () => 'no predictions');
}

/** Parquet and ZIP by lies in their footers. */
const footerTarget: Target = {
  name: 'openTable of lying footers',
  weight: 6,
  async run(r) {
    const { bytes } = r.chance(0.6) ? makeParquet(r) : makeNpz(r);
    const copy = bytes.slice();
    const tail = Math.min(copy.length - 8, 300);
    for (let count = r.between(1, 3); count > 0; count--) {
      const at = copy.length - 9 - r.below(tail);
      if (r.chance(0.6)) copy[at] = r.chance(0.5) ? r.below(256) : copy[at] ^ (1 << r.below(8));
      else copy.set(r.pick([[255, 255, 255, 255, 15], [128, 128, 4], [0]]), at);
    }
    await readAll(await openTable(copy, { name: 't' }));
  },
};

export const tableTargets: readonly Target[] = [openTarget, prepareTarget, footerTarget];
