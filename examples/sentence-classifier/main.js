/** Vectors of sentences, made by an encoder, become a calibrated classifier. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createEngine, predictProba, trainHead, writeOnnx } from 'lanegrad';

/**
 * THE STAND-IN. A real encoder takes its place: remove this function, `npm install @huggingface/transformers`, and write
 *
 *     import { pipeline } from '@huggingface/transformers';
 *     const extractor = await pipeline('feature-extraction', 'onnx-community/all-MiniLM-L6-v2-ONNX');
 *     const encode = async (sentences) => (await extractor(sentences, { pooling: 'mean', normalize: true })).tolist();
 *
 * which gives 384 numbers a sentence and knows what words mean. This one knows nothing: it adds up a vector of 256 random
 * signs for each word, chosen by its first five letters, so that the example is small and downloads nothing.
 */
async function encode(sentences) {
  return sentences.map((sentence) => {
    const vector = new Array(256).fill(0);
    for (const word of sentence.toLowerCase().match(/\p{L}{3,}/gu) ?? []) {
      let hash = 0;
      for (const letter of word.slice(0, 5)) hash = (Math.imul(hash, 31) + letter.codePointAt(0)) >>> 0;
      for (let i = 0; i < vector.length; i++) {
        // Marsaglia's xorshift.
        hash ^= hash << 13;
        hash ^= hash >>> 17;
        hash ^= hash << 5;
        vector[i] += hash & 1024 ? 1 : -1;
      }
    }
    const length = Math.hypot(...vector) || 1;
    return vector.map((own) => own / length);
  });
}

const out = process.argv[2] ?? 'runs/tickets.onnx';
const text = await readFile(new URL('sentences.tsv', import.meta.url), 'utf8');
const rows = text
  .trim()
  .split('\n')
  .map((line) => line.split('\t'));
const vectors = await encode(rows.map(([, sentence]) => sentence));

const engine = await createEngine();
const kinds = rows.map(([kind]) => kind);
// Few sentences for so many numbers: l2 keeps the weights small.
const { model, report } = await trainHead(engine, vectors, kinds, { l2: 0.1 });
const { train, validation } = report.rows;
console.log(`${train} sentences to learn from, ${validation} kept apart`);
console.log(`right of those kept apart: ${(report.accuracy * 100).toFixed(0)} %`);
console.log(`their loss: ${report.loss.before.toFixed(3)}, calibrated ${report.loss.after.toFixed(3)} nats`);

const questions = process.argv.slice(3);
if (questions.length === 0) questions.push('Where is the parcel', 'Refund my card', 'The app shows an error');
const shares = predictProba(engine, model, (await encode(questions)).flat());
for (const [i, question] of questions.entries()) {
  const own = report.classNames.map(
    (name, j) => `${name} ${shares[i * report.classNames.length + j].toFixed(2)}`,
  );
  console.log(`${question}: ${own.join(', ')}`);
}

await mkdir(dirname(out), { recursive: true });
await writeFile(out, writeOnnx(model, { softmax: true, metadata: { classNames: [...report.classNames] } }));
console.log(`written: ${out}`);
engine.dispose();
