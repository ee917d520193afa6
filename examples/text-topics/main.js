/** Texts are told apart by the mean of their words' vectors, which are learned with the rest. */
import { readFile } from 'node:fs/promises';
import {
  adamW,
  add,
  createEngine,
  dataset,
  dense,
  div,
  dropout,
  evaluate,
  fit,
  input,
  layer,
  mul,
  network,
  notEqual,
  parameter,
  predictProba,
  randomNormal,
  reshape,
  splitDataset,
  sum,
  take,
} from 'lanegrad';

/** Words of a text that count, at most. */
const LENGTH = 24;

const text = await readFile(new URL('../sentence-classifier/sentences.tsv', import.meta.url), 'utf8');
const rows = text
  .trim()
  .split('\n')
  .map((line) => line.split('\t'));

// Two letters more or less are the same word: "refund", "refunds", "refunded".
const words = (sentence) =>
  (sentence.toLowerCase().match(/\p{L}{3,}/gu) ?? []).map((word) => word.slice(0, 5));
const seen = rows.flatMap(([, sentence]) => words(sentence));
const vocabulary = [...new Set(seen)];
const numberOf = new Map(vocabulary.map((word, i) => [word, i + 1]));

/** Numbers of the words that are known, and 0 for all places that are left. */
function tokens(sentence) {
  const known = words(sentence).flatMap((word) => numberOf.get(word) ?? []);
  return Array.from({ length: LENGTH }, (_, i) => known[i] ?? 0);
}

const meanOfWords = layer('words', (numbers) => {
  const vectors = take(parameter('vectors', [vocabulary.length + 1, 16], randomNormal(0.5)), numbers);
  const isWord = notEqual(numbers, 0);
  // [rows, LENGTH, 1] meets [rows, LENGTH, 16]; a text without a known word is divided by 1e-6, and stays 0.
  const mask = reshape(isWord, [LENGTH, 1]);
  return div(sum(mul(vectors, mask), { axis: 1 }), add(1e-6, sum(isWord, { axis: 1, keepAxes: true })));
});

const set = dataset({
  inputs: rows.map(([, sentence]) => tokens(sentence)),
  labels: rows.map(([kind]) => kind),
});
const { train, validation } = splitDataset(set, { validation: 0.25, seed: 3 });
const sentence = input([LENGTH]);
const model = network(sentence, dense(set.classes)(dropout(0.3)(meanOfWords(sentence))), { seed: 1 });

const engine = await createEngine();
await fit(engine, model, train, {
  loss: 'softmaxCrossEntropy',
  optimizer: adamW({ learningRate: 0.01, weightDecay: 0.1 }),
  batchSize: 8,
  epochs: 60,
});
const { accuracy } = await evaluate(engine, model, validation);
console.log(`${train.size} sentences of ${vocabulary.length} words learned, ${validation.size} kept apart`);
console.log(`right of those kept apart: ${(100 * accuracy).toFixed(0)} %`);

const questions = process.argv.slice(2);
if (questions.length === 0) questions.push('Where is the parcel', 'Refund my card', 'The app shows an error');
const shares = predictProba(engine, model, questions.flatMap(tokens));
for (const [i, question] of questions.entries()) {
  const own = set.classNames.map((name, j) => `${name} ${shares[i * set.classes + j].toFixed(2)}`);
  console.log(`${question}: ${own.join(', ')}`);
}
engine.dispose();
