/** Training and measuring on tables that stream: the bits of the same in memory. */
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../src/create/engine.js';
import type { AnySet } from '../../src/data/any-set.js';
import type { Engine } from '../../src/engine/engine.js';
import { adam } from '../../src/nn/optimizers.js';
import { weightsSha256 } from '../../src/run/weights.js';
import { tableDataset, tableStream } from '../../src/tables/dataset.js';
import { tableModel } from '../../src/tables/model.js';
import { openTable } from '../../src/tables/open.js';
import type { TablePreparation } from '../../src/tables/preparation.js';
import { prepareTable } from '../../src/tables/prepare.js';
import { streamTable } from '../../src/tables/stream-table.js';
import type { Table } from '../../src/tables/types.js';
import { evaluate } from '../../src/train/evaluate.js';
import { fit } from '../../src/train/fit.js';

let engine: Engine;
let table: Table;
beforeAll(async () => {
  engine = await createEngine();
  const lines = Array.from({ length: 17_000 }, (_, i) => {
    const [x, y] = [((i * 7919) % 10_007) / 10_007, ((i * 104_729) % 9973) / 9973];
    return `${x},${y},${['red', 'blue', 'green'][i % 3]},${(x * y).toFixed(6)},${x + y > 1 ? 'far' : 'near'}`;
  });
  const text = ['x,y,colour,sum,kind', ...lines].join('\n');
  table = await openTable(new TextEncoder().encode(text), { name: 'data.csv' });
});
afterAll(() => engine.dispose());

async function train(
  { train, validation, preparation }: { train: AnySet; validation?: AnySet; preparation: TablePreparation },
  shuffle: boolean,
): Promise<string> {
  const model = tableModel(preparation, { hidden: [8], seed: 5 });
  await fit(engine, model, train, {
    loss: preparation.target.kind === 'regression' ? 'meanSquaredError' : 'softmaxCrossEntropy',
    optimizer: adam({ learningRate: 0.01 }),
    batchSize: 96,
    epochs: 3,
    shuffle,
    ...(validation && { validation, earlyStopping: { patience: 3 } }),
  });
  return weightsSha256(model);
}

describe.each(['kind', 'sum'])('weights, the target being %s,', (target) => {
  it('are those of training in memory where rows come as they stand, in many windows', async () => {
    const memory = await prepareTable(table, { target });
    const streamed = await streamTable(table, { target, memory: 2 ** 20, spillFolder: tmpdir() });
    expect(streamed.train.window).toBeLessThan(streamed.train.size!);
    expect(await train(streamed, false)).toBe(await train(memory, false));
    await streamed.close();
  });

  it('and where one window holds all, shuffled; with less memory the order is another', async () => {
    const memory = await prepareTable(table, { target });
    const one = await streamTable(table, { target });
    expect(one.train.window).toBeGreaterThan(one.train.size!);
    const shuffled = await train(one, true);
    expect(shuffled).toBe(await train(memory, true));
    const many = await streamTable(table, { target, memory: 2 ** 20 });
    const other = await train(many, true);
    expect(other).not.toBe(shuffled);
    expect(await train(many, true)).toBe(other);
    await one.close();
    await many.close();
  });
});

describe('measuring', () => {
  it('a table that is read anew gives what one in memory does', async () => {
    const { train: set, preparation } = await prepareTable(table, { target: 'kind' });
    const model = tableModel(preparation, { hidden: [8], seed: 5 });
    const options = { loss: 'softmaxCrossEntropy', optimizer: adam(), epochs: 2 } as const;
    await fit(engine, model, set, options);
    for (const part of [undefined, 'test'] as const) {
      const memory = await evaluate(engine, model, await tableDataset(table, preparation, part));
      const streamed = await evaluate(engine, model, tableStream(table, preparation, part));
      const { size, loss, accuracy, confusion } = memory;
      expect(streamed).toMatchObject({ size, loss, accuracy, confusion });
    }
  });

  it('and training on it is training in memory', async () => {
    const { preparation, train: set } = await prepareTable(table, { target: 'sum' });
    const streamed = tableStream(table, preparation, 'train');
    expect(await train({ train: streamed, preparation }, false)).toBe(
      await train({ train: set, preparation }, false),
    );
  });

  it('what is wrong in it is the cause', async () => {
    const { preparation } = await prepareTable(table, { target: 'kind' });
    const text = `x,y,colour,sum,kind\n${'0.1,0.2,red,0.3,near\n'.repeat(30)}0.1,oops,red,0.3,near\n`;
    const bad = await openTable(new TextEncoder().encode(text), { name: 'bad.csv' });
    const model = tableModel(preparation, { hidden: [8] });
    const attempt = evaluate(engine, model, tableStream(bad, preparation), { loss: 'softmaxCrossEntropy' });
    await expect(attempt).rejects.toMatchObject({
      cause: { message: 'bad.csv: row 31 (line 32), column "y": expected a number, given "oops"' },
    });
    const { split } = preparation;
    const none = { ...preparation, split: { ...split, test: 0 } };
    const empty = evaluate(engine, model, tableStream(table, none, 'test'), { loss: 'softmaxCrossEntropy' });
    await expect(empty).rejects.toThrow('data.csv: expected rows, given none for test');
    expect(() => tableStream(table, preparation, 'some' as never)).toThrow(
      'tableStream: part: expected one of',
    );
  });
});
