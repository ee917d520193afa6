/** The template `script`: a network learns points on two spirals. */
import { type Language, runner, type Template } from './project.js';

export function scriptTemplate(language: Language): Template {
  const file = `train.${language}`;
  const { command, tools } = runner(language, file);
  return {
    files: { [file]: SCRIPT },
    scripts: { start: command },
    tools,
    about: [
      `A network that learns which of two spirals a point is on: \`${file}\` makes the data, trains, measures and saves.`,
    ],
  };
}

const SCRIPT = `import { adam, createEngine, dataset, dense, evaluate, fit, predictProba, sequential } from 'lanegrad';
import { saveModel } from 'lanegrad/node';

// Points on two spirals: the inputs are x and y, the label says on which of the two. Put your own numbers here.
const points = Array.from({ length: 1000 }, (_, i) => {
  const turn = (Math.floor(i / 2) / 500) * 2 * Math.PI;
  const angle = turn + (i % 2) * Math.PI;
  const noise = Math.sin(i * 12.9898) * 0.04;
  return { inputs: [(turn / 6) * Math.cos(angle) + noise, (turn / 6) * Math.sin(angle) - noise], label: i % 2 };
});
const setOf = (own = points) =>
  dataset({ inputs: own.map(({ inputs }) => inputs), labels: own.map(({ label }) => label), classes: 2 });

// Every fifth pair of points tests, the others train.
const train = setOf(points.filter((_, i) => Math.floor(i / 2) % 5 !== 0));
const test = setOf(points.filter((_, i) => Math.floor(i / 2) % 5 === 0));

const engine = await createEngine();
const layers = [dense(32, { activation: 'tanh' }), dense(32, { activation: 'tanh' }), dense(2)];
const model = sequential(2, layers, { seed: 1 });

await fit(engine, model, train, {
  loss: 'softmaxCrossEntropy',
  optimizer: adam({ learningRate: 0.01 }),
  batchSize: 32,
  epochs: 60,
  onEpoch: ({ epoch, loss }) => {
    if (epoch % 10 === 0) console.log(\`epoch \${epoch}  loss \${loss.toFixed(4)}\`);
  },
});

const { accuracy } = await evaluate(engine, model, test);
console.log(\`\${(100 * accuracy).toFixed(1)} % of \${test.size} test points right\`);

const [first, second] = predictProba(engine, model, [0.5, 0.5]);
console.log(\`the point 0.5, 0.5: \${first.toFixed(3)} for the one, \${second.toFixed(3)} for the other\`);

await saveModel(model, 'model.safetensors');
console.log('written to model.safetensors');
engine.dispose();
`;
