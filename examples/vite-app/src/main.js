/** The smallest problem that needs a hidden layer, learned when the button is pressed. */
import { adam, createEngine, dataset, dense, fit, predictProba, sequential } from 'lanegrad';

const rows = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
];
const set = dataset({ inputs: rows, labels: ['no', 'yes', 'yes', 'no'] });
const status = document.querySelector('pre');

document.querySelector('button').addEventListener('click', async () => {
  const engine = await createEngine();
  const model = sequential(2, [dense(8, { activation: 'tanh' }), dense(2)], { seed: 1 });
  const { epochs, seconds } = await fit(engine, model, set, {
    loss: 'softmaxCrossEntropy',
    optimizer: adam({ learningRate: 0.05 }),
    epochs: 200,
  });
  const chances = predictProba(engine, model, rows.flat());
  const lines = rows.map((row, i) => `${row.join(' xor ')}: ${(100 * chances[2 * i + 1]).toFixed(1)} % yes`);
  const { math, threads } = engine.info;
  const { loss } = epochs.at(-1);
  status.textContent = [
    ...lines,
    '',
    `loss ${loss.toFixed(4)} after ${(1000 * seconds).toFixed(0)} ms, ${math}, threads: ${threads}`,
  ].join('\n');
  engine.dispose();
});
