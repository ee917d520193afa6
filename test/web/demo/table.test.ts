/** The demo page's part of one's own table in Chromium: files, columns, training, test, predictions, models. */
import { readFile } from 'node:fs/promises';
import { parquetWriteBuffer } from 'hyparquet-writer';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { readModel } from '../../../src/tables/model-file.js';
import { readOnnx } from '../../../src/tables/onnx-read.js';
import { openTable } from '../../../src/tables/open.js';
import { predictTable } from '../../../src/tables/predict.js';
import { noBrowser } from '../../browser.js';
import { strict } from '../../train/fit-setting.js';
import { drop, saved, text, until, useDemo, visit } from './page.js';

const demo = useDemo();

const bytesOf = (text: string) => new TextEncoder().encode(text);
const csv = (name: string, text: string) => ({ name, bytes: bytesOf(text), type: 'text/csv' });

/** Things whose kind follows from their size. */
function things(rows: number): string {
  const lines = ['size,colour,kind'];
  for (let i = 0; i < rows; i++) {
    lines.push(`${(i % 10) + (i % 2) * 12},${['red', 'blue', 'green'][i % 3]},${i % 2 ? 'large' : 'small'}`);
  }
  return lines.join('\n');
}

async function train(page: Page): Promise<void> {
  await page.click('#tb-go');
  await until(page, 'tb-status', '^Training (done|ended early) after', 60_000);
}

describe.skipIf(noBrowser)('the table', () => {
  test('iris is understood, learned, asked, reported and kept', async () => {
    await visit(demo, `${demo.url}#table`, { acceptDownloads: true }, async (page) => {
      await page.click('[data-example=iris]');
      await until(page, 'tb-status', '^Ready: 150 rows\\.$');
      expect(await page.inputValue('[name=target]')).toBe('species');
      expect(await text(page, 'tb-found')).toContain(
        'species is one of 3 classes: setosa, versicolor, virginica.',
      );
      expect(await page.locator('#tb-list tbody tr').count()).toBe(4);
      await train(page);
      expect(Number(await text(page, 'tb-score'))).toBeGreaterThan(85);
      expect(await page.locator('#tb-detail .confusion tbody tr').count()).toBe(3);
      // A row typed in: the first row stands there, and another one is a different flower.
      await until(page, 'tb-answer', '^setosa$');
      await page.fill('[name="petal length"][data-cell]', '5.8');
      await page.fill('[name="petal width"][data-cell]', '2.2');
      await until(page, 'tb-answer', '^(virginica|versicolor)$');
      await page.fill('[name="petal width"][data-cell]', '');
      await until(page, 'tb-ask-note', 'Missing: petal width\\.');
      await page.fill('[name="petal width"][data-cell]', 'wide');
      await until(page, 'tb-ask-note', 'expected a number');
      await page.fill('[name="petal width"][data-cell]', '2.2');
      await until(page, 'tb-answer', '^(virginica|versicolor)$');
      const answer = await text(page, 'tb-answer');

      const model = await saved(page, '[data-file=model]');
      expect(model.name).toBe('iris.safetensors');
      const read = readModel(new Uint8Array(await readFile(model.path)), model.name);
      const preparation = read.metadata.table!;
      const row = { 'sepal length': 5.1, 'sepal width': 3.5, 'petal length': 5.8, 'petal width': 2.2 };
      const rows = await openTable([row], { like: preparation });
      for await (const { predictions } of predictTable(strict, read.model, preparation, rows)) {
        const { target } = preparation;
        expect(target.kind === 'classification' && target.classes[predictions[0]]).toBe(answer);
      }
      const onnx = await saved(page, '[data-file=onnx]');
      expect(onnx.name).toBe('iris.onnx');
      const imported = readOnnx(new Uint8Array(await readFile(onnx.path)), onnx.name);
      expect(imported).toBeDefined();

      const report = await saved(page, '[data-file=report]');
      expect(await readFile(report.path, 'utf8')).toContain('Confusion matrix');
      const [view] = await Promise.all([page.waitForEvent('popup'), page.click('#tb-report')]);
      await view.waitForSelector('#confusion');
      expect(await view.title()).toContain('iris.csv');
    });
  });

  test('numbers are predicted in their own unit, from columns of all kinds', async () => {
    await visit(demo, `${demo.plain}#table?example=houses&seed=5`, {}, async (page) => {
      await until(page, 'tb-status', '^Ready: 600 rows');
      const kinds = await page
        .locator('#tb-list tbody select')
        .evaluateAll((all) => all.map((one) => (one as HTMLSelectElement).selectedOptions[0].text));
      expect(kinds).toEqual(['date', 'category', 'number', 'number', 'yes or no', 'number']);
      expect(await page.inputValue('#table [name=seed]')).toBe('5');
      // A column left out is no field of a row.
      await page.selectOption('[data-column=sold]', 'drop');
      await until(page, 'tb-found', '10 inputs');
      await train(page);
      expect(Number(await text(page, 'tb-score'))).toBeGreaterThan(0.9);
      expect(await page.isVisible('#tb-detail canvas')).toBe(true);
      expect(await page.locator('#tb-row [name=sold]').count()).toBe(0);
      await until(page, 'tb-answer', '^[\\d,.]+$');
      const price = Number((await text(page, 'tb-answer')).replaceAll(',', ''));
      await page.fill('#tb-row [name=area]', '40');
      await page.waitForFunction(
        (price) => Number(document.getElementById('tb-answer')!.textContent!.replaceAll(',', '')) < price,
        price,
      );
      await page.fill('#tb-row [name=district]', 'moon');
      await until(page, 'tb-ask-note', 'The value of district did not occur in training');
      expect(new URL(page.url()).hash).toBe('#table?example=houses&target=price&type=sold%3Ddrop&seed=5');
    });
  });

  test('files are dropped: CSV, JSON lines, Parquet, and what is none', async () => {
    await visit(demo, `${demo.url}#table`, {}, async (page) => {
      await drop(page, '#tb-drop', [csv('things.csv', things(120))]);
      await until(page, 'tb-status', '^Ready: 120 rows');
      expect(await page.inputValue('[name=target]')).toBe('kind');
      const lines = Array.from({ length: 80 }, (_, i) =>
        JSON.stringify({ a: i % 7, b: i % 2 ? 'x' : 'y', label: i % 2 }),
      );
      await page.setInputFiles('#tb-file', {
        name: 'things.jsonl',
        mimeType: 'application/json',
        buffer: Buffer.from(lines.join('\n')),
      });
      await until(page, 'tb-status', '^Ready: 80 rows');
      const columnData = [
        { name: 'a', data: Array.from({ length: 90 }, (_, i) => i / 7) },
        { name: 'y', data: Array.from({ length: 90 }, (_, i) => 3 * (i / 7) + 1) },
      ];
      await drop(page, '#tb-drop', [
        { name: 't.parquet', bytes: new Uint8Array(parquetWriteBuffer({ columnData })), type: '' },
      ]);
      await until(page, 'tb-status', '^Ready: 90 rows');
      expect(await text(page, 'tb-found')).toContain('y is a number');

      // What is wrong is said as the library says it.
      await drop(page, '#tb-drop', [
        { name: 'picture.png', bytes: Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10), type: '' },
      ]);
      await until(page, 'tb-error', '^FormatError picture.png: expected a table, given a PNG image');
      expect(await page.isVisible('#tb-train')).toBe(false);
      await drop(page, '#tb-drop', [
        csv(
          'gaps.csv',
          `a,y\n${Array.from({ length: 40 }, (_, i) => `${i},${i === 7 ? '' : i % 2 ? 'no' : 'yes'}`).join('\n')}`,
        ),
      ]);
      await until(page, 'tb-error', '^DataError gaps.csv: .*line 9');
      await page.check('[name=dropMissingTarget]');
      await until(page, 'tb-status', '^Ready');
      expect(await text(page, 'tb-error')).toBe('');
    });
  });

  test('training stops when asked, and a field out of range starts nothing', async () => {
    await visit(
      demo,
      `${demo.url}#table?example=houses&epochs=10000&batch=1&hidden=128-128`,
      {},
      async (page) => {
        await until(page, 'tb-status', '^Ready');
        await page.fill('#table [name=hidden]', '12-x');
        await page.click('#tb-go');
        expect(await text(page, 'tb-go')).toBe('Train');
        await page.fill('#table [name=hidden]', '128-128');
        await page.click('#tb-go');
        await until(page, 'tb-status', '^Epoch \\d+ of at most 10000');
        await page.click('#tb-go');
        await until(page, 'tb-status', '^Training stopped after');
        expect(await page.isEnabled('[name=target]')).toBe(true);
      },
    );
  });
});
