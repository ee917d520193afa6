/**
 * Tables from the command line: trained on, measured, predicted; and bad ones, each of which gets one clear
 * line.
 */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lanegrad, lastObject, measured } from './command.js';

let root: string;

/**
 * Flowers of two kinds, told apart by a length and a colour; and their weight, which follows from the length.
 */
function flowers(rows: number): string {
  const lines = Array.from({ length: rows }, (_, i) => {
    const kind = i % 3 === 0 ? 'rose' : 'tulip';
    const length = (kind === 'rose' ? 5 : 3) + ((i * 37) % 101) / 60;
    const colour = kind === 'rose' ? ['red', 'white'][i % 2] : ['red', 'yellow', 'white'][i % 3];
    const day = `2024-0${1 + (i % 6)}-1${i % 10}`;
    const missing = i % 17 === 0 ? '' : String(length);
    return `${i},${missing},${colour},${day},${i % 4 === 0 ? 'yes' : 'no'},${(2 * length + 1).toFixed(3)},${kind}`;
  });
  return `id,length,colour,picked,wild,weight,kind\n${lines.join('\n')}\n`;
}

const files: Readonly<Record<string, string | Uint8Array>> = {
  'flowers.csv': flowers(300),
  'semicolon.csv': 'a;b;y\n1,5;2;p\n2,5;1;q\n1,25;2;p\n3,5;1;q\n',
  'empty.csv': '',
  'header.csv': 'a,b,y\n',
  'ragged.csv': 'a,b,y\n1,2,p\n1,2\n',
  'long.csv': 'a,b,y\n1,2,p\n1,2,q,3\n',
  'twice.csv': 'a,b,a\n1,2,3\n',
  'quote.csv': 'a,b,y\n1,"2,p\n3,4,q\n',
  'latin1.csv': Buffer.from('a,b,y\n1,2,p\n2,caf\xe9,q\n', 'latin1'),
  'utf16.csv': Buffer.from('\ufeffa,b,y\n1,2,p\n', 'utf16le'),
  'nul.csv': 'a,b,y\n1,x\0,p\n2,3,q\n',
  'columns.csv': `${'x,'.repeat(999_999)}x\n`,
  'text.csv': `a,b,y\n${Array.from({ length: 30 }, (_, i) => `${i === 11 ? 'abc' : i % 7},${i % 3},${i % 2}`).join('\n')}\n`,
  'infinite.csv': 'a,b,y\n1,2,p\n-inf,3,q\n2,1,p\n',
  'missing.csv': 'a,b,y\n1,2,p\n3,3,\n2,1,q\n',
  'constant.csv': 'a,b,y\n1,2,p\n3,3,p\n2,1,p\n',
  'useless.csv': 'a,y\n1,p\n1,q\n1,p\n',
  'sheet.xlsx': Buffer.from('PK\x03\x04\x14\0\x06\0[Content_Types].xml'),
  'broken.parquet': Buffer.from(`PAR1${'x'.repeat(100)}PAR1`),
  'broken.npy': Buffer.from('\x93NUMPY\x09\0', 'latin1'),
  'nested.jsonl': '{"a":1,"y":0}\n{"a":[1],"y":1}\n',
  'json.jsonl': '{"a":1,"y":0}\n{"a":\n',
};

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lanegrad-tables-'));
  for (const [name, content] of Object.entries(files)) await writeFile(join(root, name), content);
  const rows = flowers(300).trimEnd().split('\n');
  const cells = rows.map((row) => row.split(','));
  const write = (name: string, change: (row: string[], index: number) => string[]) =>
    writeFile(join(root, name), `${cells.map((row, i) => change([...row], i).join(',')).join('\n')}\n`);
  await write('without-length.csv', (row) => row.filter((_, i) => i !== 1));
  await write('unknown.csv', (row, i) => (i === 7 ? row.with(2, 'blue') : row).slice(0, 6));
  await write('other-class.csv', (row, i) => (i === 8 ? row.with(6, 'daisy') : row));
  await write('length-text.csv', (row, i) => (i === 9 ? row.with(1, 'long') : row));
  await writeFile(join(root, 'flowers.csv.gz'), (await import('node:zlib')).gzipSync(flowers(300)));
});
afterAll(() => rm(root, { recursive: true }));

describe('a table', () => {
  it('is trained on, and what was inferred is shown', async () => {
    const args = ['train', 'flowers.csv', '--target', 'kind', '--epochs', '30', '--out', 'kind'];
    const { code, stdout, stderr } = await lanegrad(root, args);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^flowers\.csv {2}300 rows, 7 columns$/m);
    expect(stdout).toMatch(/^id +dropped +it numbers the rows$/m);
    expect(stdout).toMatch(/^length +number +2 +18 \(6\.0 %\) +3 to 6\.\d+, mean/m);
    expect(stdout).toMatch(/^colour +category +3 +3 categories: red, white, yellow$/m);
    expect(stdout).toMatch(/^picked +date +5 +2024-01-1\d to 2024-06-1\d$/m);
    expect(stdout).toMatch(/^wild +boolean +1 +no, yes$/m);
    expect(stdout).toMatch(/^target {2}kind: 2 classes: tulip 66\.7 %, rose 33\.3 %$/m);
    expect(stdout).toMatch(/^rows {4}2\d\d train, 4\d validation, 4\d test$/m);
    expect(stdout).toMatch(/^test +loss 0\.\d+, accuracy (9\d\.\d\d|100\.00) %$/m);
    const page = await readFile(join(root, 'kind', 'report.html'), 'utf8');
    expect(page).toContain('<h2>Table</h2>');
    expect(page).toContain('<h2>Confusion matrix</h2>');
  });

  it('is measured and predicted by the model alone', async () => {
    const part = await lanegrad(root, ['evaluate', 'kind', 'flowers.csv', '--split', 'test', '--json']);
    expect(part.code).toBe(0);
    const { accuracy, samples } = measured(part) as { accuracy: number; samples: number };
    expect(accuracy).toBeGreaterThan(0.9);
    const trained = await lanegrad(root, ['evaluate', 'kind', 'flowers.csv', '--json']);
    expect(lastObject(trained)).toMatchObject({ samples: 300, split: 'full' });
    expect(samples).toBeLessThan(50);
    expect(lastObject(trained).note).toBeUndefined();
    // What the run was trained on need not be said again; that it was is said.
    const again = await lanegrad(root, ['evaluate', 'kind', '--json']);
    const { note, ...rest } = measured(again);
    expect(rest).toEqual(measured(trained));
    expect(note).toMatch(/^note: the rows that the model was trained on are among them/);
    const kept = await lanegrad(root, ['evaluate', 'kind', '--split', 'test', '--json']);
    expect(measured(kept)).toEqual(measured(part));
    const alone = await lanegrad(root, ['predict', 'kind']);
    expect(alone.stdout.trimEnd().split('\n')).toHaveLength(301);

    const out = ['--out', 'predictions.csv', '--copy', 'id,colour', '--json'];
    const predicted = await lanegrad(root, ['predict', 'kind', 'unknown.csv', ...out]);
    expect(predicted.stderr).toMatch(/^unknown +colour: 1 values/m);
    expect(lastObject(predicted)).toMatchObject({
      rows: 300,
      unknownCategories: { colour: 1 },
      missing: { length: 18 },
    });
    const lines = (await readFile(join(root, 'predictions.csv'), 'utf8')).trimEnd().split('\n');
    expect(lines[0]).toBe('id,colour,prediction,probability_rose,probability_tulip');
    expect(lines).toHaveLength(301);
    const [id, colour, prediction, rose, tulip] = lines[7].split(',');
    expect([id, colour]).toEqual(['6', 'blue']);
    expect(Number(rose) + Number(tulip)).toBeCloseTo(1, 4);
    expect(prediction).toBe(Number(rose) > Number(tulip) ? 'rose' : 'tulip');
    // To standard output, with what is said of it elsewhere: the same rows.
    const piped = await lanegrad(root, ['predict', 'kind', 'unknown.csv', '--copy', 'id,colour']);
    expect(piped.stdout).toBe(await readFile(join(root, 'predictions.csv'), 'utf8'));
    expect(piped.stderr).toMatch(/^rows +300$/m);
  });

  it('with a number as target is a regression, in its own unit', async () => {
    const args = ['train', 'flowers.csv', '--target', 'weight', '--types', 'kind=drop,colour=drop'];
    const outcome = await lanegrad(root, [...args, '--epochs', '60', '--out', 'weight', '--json']);
    expect(outcome.code).toBe(0);
    const { test, table, layers } = lastObject(outcome) as {
      test: { metrics: Record<string, number>; accuracy?: number };
      table: { target: object };
      layers: number[];
    };
    expect(table.target).toMatchObject({ kind: 'regression', name: 'weight' });
    expect(layers.at(-1)).toBe(1);
    expect(test.accuracy).toBeUndefined();
    // All that is left unexplained is where the length is missing.
    expect(test.metrics.r2).toBeGreaterThan(0.8);
    const measured = await lanegrad(root, ['evaluate', 'weight', 'flowers.csv', '--split', 'test', '--json']);
    expect(lastObject(measured)).toMatchObject({ target: 'weight', metrics: test.metrics });
    const predicted = await lanegrad(root, ['predict', 'weight', 'flowers.csv']);
    const values = predicted.stdout.trimEnd().split('\n').slice(1).map(Number);
    expect(values).toHaveLength(300);
    // Of 7 to 14.4: weights, not deviations from their mean.
    expect(Math.min(...values)).toBeGreaterThan(5);
    expect(Math.max(...values)).toBeLessThan(17);
    const page = await readFile(join(root, 'weight', 'report.html'), 'utf8');
    expect(page).toContain('<h2>Predicted and actual</h2>');
    expect(page).toContain('<circle');
    expect(page).not.toContain('NaN');
    expect(page).not.toContain('Confusion');
  });

  it('gives the same weights again, also behind gzip, and when a run goes on', async () => {
    const args = ['--target', 'kind', '--epochs', '6', '--math', 'strict', '--json', '--hidden', '8'];
    const once = await lanegrad(root, ['train', 'flowers.csv', ...args, '--out', 'once']);
    const zipped = await lanegrad(root, ['train', 'flowers.csv.gz', ...args, '--out', 'zipped']);
    const { weightsSha256 } = lastObject(once);
    expect(lastObject(zipped).weightsSha256).toBe(weightsSha256);
    const first = [...args.with(3, '3'), '--checkpoint-every', '1epoch', '--out', 'halved'];
    expect(await lanegrad(root, ['train', 'flowers.csv', ...first])).toMatchObject({ code: 0 });
    const resumed = await lanegrad(root, ['train', '--resume', 'halved', '--epochs', '6', '--json']);
    expect(resumed.code).toBe(0);
    expect(lastObject(resumed)).toMatchObject({ weightsSha256, epochs: 6 });
  });

  it('may be too short for a validation or a test', async () => {
    const args = [
      'train',
      'semicolon.csv',
      '--decimal',
      ',',
      '--target',
      'y',
      '--validation',
      '0',
      '--test',
      '0',
    ];
    const outcome = await lanegrad(root, [...args, '--epochs', '2', '--out', 'short', '--json']);
    expect(outcome.code).toBe(0);
    expect(lastObject(outcome)).toMatchObject({ validation: null, test: null });
    expect(lastObject(outcome)).toMatchObject({ table: { notes: ['delimiter ";"'] } });
  });
});

const target = ['--target', 'y'];
const bad: [args: string[], code: 1 | 2, message: RegExp][] = [
  [['train', 'flowers.csv'], 2, /--target: expected the column of flowers\.csv to predict/],
  [
    ['train', 'flowers.csv', '--target', 'kinds'],
    1,
    /has no column "kinds" for the target; did you mean "kind"\?/,
  ],
  [['train', 'nothing.csv', ...target], 1, /nothing\.csv: cannot be read: no such file/],
  [
    ['train', 'flowers.csv', '--target', 'kind', '--types', 'colour=colour'],
    2,
    /--types.*column=type such as zip=category/,
  ],
  [
    ['train', 'flowers.csv', '--target', 'kind', '--types', 'color=drop'],
    2,
    /no column "color"; did you mean "colour"/,
  ],
  [['train', 'flowers.csv', '--target', 'kind', '--test', '0.33'], 2, /--test.*steps of 0\.05/],
  [['train', 'flowers.csv', '--target', 'kind', '--delimiter', 'xx'], 2, /--delimiter.*one character/],
  [
    ['train', 'flowers.csv', '--target', 'kind', '--task', 'regression'],
    1,
    /row 1 \(line 2\), column "kind": expected a number as the target/,
  ],
  [
    ['train', 'flowers.csv', '--target', 'weight', '--label-smoothing', '0.1', '--quiet'],
    2,
    /labelSmoothing: it is for classes/,
  ],
  [['train', 'empty.csv', ...target, '--sample', '0'], 2, /--sample.*above 0 and at most 1/],
  [['train', 'empty.csv', ...target], 1, /empty\.csv: the file is empty/],
  [['train', 'header.csv', ...target], 1, /header\.csv: expected rows after the header, given none/],
  [
    ['train', 'ragged.csv', ...target],
    1,
    /ragged\.csv: row 2 \(line 3\): expected 3 cells, as in the header, given 2; column "y" is missing/,
  ],
  [
    ['train', 'long.csv', ...target],
    1,
    /long\.csv: row 2 \(line 3\): expected 3 cells, as in the header, given 4/,
  ],
  [['train', 'twice.csv', ...target], 1, /twice\.csv: line 1: columns 1 and 3 are both called "a"/],
  [
    ['train', 'quote.csv', ...target],
    1,
    /quote\.csv: row 1 \(line 2\), column "b": the quote that opens here is never closed/,
  ],
  [['train', 'latin1.csv', ...target], 1, /latin1\.csv: row 2 \(line 3\), column "b": expected UTF-8/],
  [['train', 'utf16.csv', ...target], 1, /utf16\.csv: column "y": the target is always "p"/],
  [
    ['train', 'nul.csv', ...target],
    1,
    /nul\.csv: row 1 \(line 2\), column "b": expected text, given a NUL byte/,
  ],
  [
    ['train', 'columns.csv', ...target],
    1,
    /columns\.csv: line 1: expected at most 65536 columns, given 1,000,000/,
  ],
  [
    ['train', 'text.csv', ...target],
    1,
    /text\.csv: row 12 \(line 13\), column "a": expected a number, as 29 of 30 values are, given "abc"/,
  ],
  [
    ['train', 'infinite.csv', ...target],
    1,
    /infinite\.csv: row 2 \(line 3\), column "a": expected a finite number, given -Infinity/,
  ],
  [
    ['train', 'missing.csv', ...target],
    1,
    /missing\.csv: row 2 \(line 3\), column "y": the target is missing/,
  ],
  [['train', 'constant.csv', ...target], 1, /constant\.csv: column "y": the target is always "p"/],
  [
    ['train', 'useless.csv', ...target],
    1,
    /useless\.csv: no column is left to learn from \("a": it is always 1\)/,
  ],
  [
    ['train', 'sheet.xlsx', ...target],
    1,
    /sheet\.xlsx: expected a table, given a spreadsheet or document; save it as CSV/,
  ],
  [['train', 'broken.parquet', ...target], 1, /broken\.parquet: not a Parquet file that can be read/],
  [['train', 'broken.npy', ...target], 1, /broken\.npy: /],
  [
    ['train', 'nested.jsonl', ...target],
    1,
    /nested\.jsonl: row 2 \(line 2\), column "a": expected a number, a text/,
  ],
  [['train', 'json.jsonl', ...target], 1, /json\.jsonl: line 2: not JSON/],
  [
    ['predict', 'kind', 'without-length.csv'],
    1,
    /without-length\.csv: expected a column "length", as the model was trained on/,
  ],
  [
    ['predict', 'kind', 'length-text.csv'],
    1,
    /length-text\.csv: row 9 \(line 10\), column "length": expected a number, given "long"/,
  ],
  [['predict', 'kind', 'length-text.csv', '--out', 'never.csv'], 1, /row 9 \(line 10\), column "length"/],
  [['predict', 'kind', 'flowers.csv', '--json'], 2, /--out: expected a file for the predictions/],
  [['predict', 'kind', 'flowers.csv', '--copy', 'name'], 2, /--copy: the table has no column "name"/],
  [
    ['predict', 'kind', 'mnist'],
    2,
    /the model is of tables: expected a file such as data\.csv, given "mnist"/,
  ],
  [
    ['predict', 'kind/model.safetensors', 'nothing.csv'],
    1,
    /^error: nothing\.csv: cannot be read: no such file/,
  ],
  [
    ['evaluate', 'kind', 'other-class.csv'],
    1,
    /row 8 \(line 9\), column "kind": expected one of the classes that the model knows \("rose", "tulip"\), given "daisy"/,
  ],
  [['evaluate', 'kind', 'unknown.csv'], 1, /unknown\.csv: has no column "kind" for the target/],
];

describe('what is wrong with a table is said in one line, with row and column', () => {
  it.each(bad)('%j', async (args, code, message) => {
    const before = (await readdir(root, { recursive: true })).sort();
    const outcome = await lanegrad(root, args);
    expect(outcome.stderr).toMatch(message);
    expect(outcome.stderr).toMatch(/^error: .*\n$/);
    expect(outcome.code).toBe(code);
    expect(outcome.stdout).toBe('');
    expect((await readdir(root, { recursive: true })).sort()).toEqual(before);
  });
});
