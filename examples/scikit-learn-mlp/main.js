/** A classifier of scikit-learn's, trained on with rows that came in later, and written as ONNX again. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { adam, createEngine, dataset, evaluate, fit, predictProba, writeOnnx } from 'lanegrad';
import { loadOnnx } from 'lanegrad/node';

const here = new URL('./', import.meta.url);
const out = process.argv[2] ?? 'runs/iris-again.onnx';

// The label that the file gives beside the probabilities is left out; its classes are in the metadata.
const { model, metadata } = await loadOnnx(fileURLToPath(new URL('iris.onnx', here)));
const { classNames } = metadata;
console.log(`from scikit-learn: ${model.parameters.map(({ name }) => name).join(', ')}`);
console.log(`classes: ${classNames.join(', ')}`);

/** Four numbers and a name a line. Classes are numbered as in the file, not as they come. */
async function rowsOf(name) {
  const text = await readFile(new URL(name, here), 'utf8');
  const lines = text.trim().split('\n').slice(1);
  const cells = lines.map((line) => line.split(','));
  return dataset({
    name,
    inputs: cells.map((row) => row.slice(0, 4).map(Number)),
    labels: cells.map((row) => row[4]),
    classNames,
  });
}

const engine = await createEngine();
const [newRows, testRows] = await Promise.all(['new-rows.csv', 'test-rows.csv'].map(rowsOf));
const right = async () => `${((await evaluate(engine, model, testRows)).accuracy * 100).toFixed(1)} %`;

console.log(`as it came: ${await right()} of ${testRows.size} rows right`);
await fit(engine, model, newRows, {
  // It ends with softmax, which reading took as the link of this loss.
  loss: 'softmaxCrossEntropy',
  optimizer: adam({ learningRate: 0.01 }),
  epochs: 60,
  batchSize: 16,
});
console.log(`with ${newRows.size} more rows: ${await right()}`);

await mkdir(dirname(out), { recursive: true });
await writeFile(out, writeOnnx(model, { softmax: true, metadata }));
const flower = [5.9, 3.0, 4.2, 1.5];
const shares = predictProba(engine, model, flower);
console.log(
  `${flower.join(', ')}: ${classNames.map((name, i) => `${name} ${shares[i].toFixed(3)}`).join(', ')}`,
);
console.log(`written: ${out}`);
engine.dispose();
