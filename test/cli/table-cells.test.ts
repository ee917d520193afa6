/**
 * What cells mean on the command line: what is said of them is remembered, and what is copied stays as it is.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { lanegrad, lastObject } from './command.js';

let root: string;

const kinds = ['NA', 'EU'];
/**
 * Sales of two regions, in the notation of a country with decimal commas, days first, and a mark of its own
 * for missing values.
 */
function sales(rows: number, id: (i: number) => string): string {
  const lines = Array.from({ length: rows }, (_, i) => {
    const amount = (i % 2) * 5000 + ((i * 37) % 101) * 11 + 0.25;
    const shown = i % 13 === 0 ? '-' : amount.toLocaleString('de-DE');
    const day = `0${1 + (i % 9)}/0${1 + ((i * 5) % 9)}/2024`;
    return `${id(i)};${shown};${day};${kinds[i % 2]}`;
  });
  return `id;amount;day;region\n${lines.join('\n')}\n`;
}

const ids = [
  '00042',
  '208310224003697457',
  '7.10',
  '1e5',
  '+49',
  '-0',
  '?',
  '"x, ""y"""',
  '=1+1',
  '@a',
  '-2+3',
  '"=""a"""',
];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lanegrad-cells-'));
  await writeFile(join(root, 'sales.csv'), sales(120, String));
  await writeFile(
    join(root, 'new.csv'),
    sales(ids.length, (i) => ids[i]),
  );
  await writeFile(
    join(root, 'prices.csv'),
    `x,price\n${Array.from({ length: 90 }, (_, i) => `${i % 7},$${i}00.18`).join('\n')}\n`,
  );
});
afterAll(() => rm(root, { recursive: true }));

it('marks, decimal mark and order of dates are said once, and remembered', async () => {
  const said = ['--decimal', ',', '--missing', '-', '--date-order', 'dmy'];
  const args = [
    'train',
    'sales.csv',
    '--target',
    'region',
    ...said,
    '--epochs',
    '20',
    '--out',
    'run',
    '--json',
  ];
  const trained = await lanegrad(root, args);
  expect(trained.code).toBe(0);
  expect(lastObject(trained)).toMatchObject({
    table: {
      columns: [
        { name: 'id', kind: 'dropped' },
        { name: 'amount', kind: 'number', missing: 10 },
        {
          name: 'day',
          kind: 'date',
          about: expect.stringMatching(/^2024-01-0\d to 2024-09-0\d, day first$/),
        },
      ],
      target: { classes: [{ name: 'EU' }, { name: 'NA' }] },
      warnings: [],
    },
  });
  const measured = await lanegrad(root, ['evaluate', 'run', 'sales.csv', '--json']);
  const { accuracy, samples } = lastObject(measured) as { accuracy: number; samples: number };
  expect(samples).toBe(120);
  expect(accuracy).toBeGreaterThan(0.9);
});

it('identifiers beside predictions are what they were, byte for byte', async () => {
  const { code, stdout } = await lanegrad(root, ['predict', 'run', 'new.csv', '--copy', 'id']);
  expect(code).toBe(0);
  const cells = stdout
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => /^("(?:[^"]|"")*"|[^,]*),/.exec(line)?.[1]);
  expect(cells).toEqual(ids);
});

it('and no formulas, where that is asked for', async () => {
  const args = ['predict', 'run', 'new.csv', '--copy', 'id', '--escape-formulas'];
  const { stdout } = await lanegrad(root, args);
  const cells = stdout
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => /^("(?:[^"]|"")*"|[^,]*),/.exec(line)?.[1]);
  expect(cells).toEqual([...ids.slice(0, 8), "'=1+1", "'@a", "'-2+3", `"'=""a"""`]);
});

it('a price with its currency is no class', async () => {
  const { code, stderr } = await lanegrad(root, ['train', 'prices.csv', '--target', 'price']);
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /row 1 \(line 2\), column "price": expected a number, given "\$000\.18"; remove the currency sign "\$"/,
  );
});
