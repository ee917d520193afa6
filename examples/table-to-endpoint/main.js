/** A table becomes a model, and the model an HTTP endpoint: rows as JSON in, predictions out. */
import { adamW, createEngine, evaluate, fit } from 'lanegrad';
import { openTableFile, serveModel } from 'lanegrad/node';
import { prepareTable, tableDataset, tableModel } from 'lanegrad/tables';

const iris = new URL('../scikit-learn-mlp/new-rows.csv', import.meta.url).pathname;
const [path = iris, target = 'species', port = '8080'] = process.argv.slice(2);

const table = await openTableFile(path);
// What columns are is found out: numbers, categories, dates, truth values; 15 % of the rows test.
const { train, validation, preparation, summary } = await prepareTable(table, { target });
for (const { name, kind, about } of summary.columns) console.log(`${name}: ${kind}, ${about}`);

const engine = await createEngine();
const model = tableModel(preparation, { hidden: [32], seed: 1 });
const regression = train.targets !== undefined;
await fit(engine, model, train, {
  loss: regression ? 'huber' : 'softmaxCrossEntropy',
  optimizer: adamW({ learningRate: 0.01 }),
  batchSize: 16,
  epochs: 60,
  ...(validation && { validation, earlyStopping: { patience: 15 } }),
});
const { accuracy, loss } = await evaluate(engine, model, await tableDataset(table, preparation, 'test'));
console.log(
  regression ? `test loss ${loss.toFixed(4)}` : `${(100 * accuracy).toFixed(1)} % of the test rows right`,
);

const server = await serveModel(engine, model, { port: Number(port), metadata: { table: preparation } });
console.log(server.url);
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    await server.close();
    engine.dispose();
  });
}
