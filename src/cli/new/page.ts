/** The template `page`: a web page in which a network learns while one looks on. */
import type { Language, Template } from './project.js';

export function pageTemplate(language: Language): Template {
  const file = `main.${language}`;
  return {
    files: { 'index.html': page(file), [file]: SCRIPT },
    scripts: { start: 'vite', build: 'vite build --base ./', preview: 'vite preview' },
    tools: ['vite'],
    about: [
      'A page in which a network learns two rings of points, and draws what it takes each place for. `npm run build`',
      'makes a folder `dist` that any server can serve.',
    ],
  };
}

const page = (script: string) => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>lanegrad</title>
    <link rel="icon" href="data:," />
    <style>
      :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
      body { max-width: 30rem; margin: 2rem auto; padding: 0 1rem }
      canvas { width: 100%; border-radius: 0.5rem }
    </style>
  </head>
  <body>
    <h1>Two rings</h1>
    <canvas id="field" width="120" height="120" role="img" aria-label="What the network takes each place for"></canvas>
    <p id="status" aria-live="polite">Learning …</p>
    <button id="again" type="button">Once more</button>
    <script type="module" src="./${script}"></script>
  </body>
</html>
`;

const SCRIPT = `import { adam, createEngine, dataset, dense, fit, predictProba, sequential } from 'lanegrad/inline';

const SIDE = 120;
const canvas = document.querySelector('canvas');
const context = canvas?.getContext('2d');
const status = document.querySelector('#status');
const again = document.querySelector('button');

// Points on two rings, from -1 to 1: the inner one is class 0, the outer one class 1.
const points = Array.from({ length: 400 }, (_, i) => {
  const radius = (i % 2 ? 0.8 : 0.4) + 0.08 * Math.sin(i * 12.9898);
  return [radius * Math.cos(i * 2.4), radius * Math.sin(i * 2.4)];
});
const train = dataset({ inputs: points, labels: points.map((_, i) => i % 2), classes: 2 });

// The middle of each pixel.
const places = Float32Array.from({ length: 2 * SIDE * SIDE }, (_, i) => {
  const pixel = i >> 1;
  const at = i % 2 === 0 ? pixel % SIDE : Math.floor(pixel / SIDE);
  return (2 * (at + 0.5)) / SIDE - 1;
});

const engine = await createEngine();

async function learn(seed = 1) {
  const model = sequential(2, [dense(16, { activation: 'tanh' }), dense(16, { activation: 'tanh' }), dense(2)], { seed });
  const draw = () => {
    const shares = predictProba(engine, model, places, { loss: 'softmaxCrossEntropy' });
    const image = new ImageData(SIDE, SIDE);
    for (let i = 0; i < SIDE * SIDE; i++) {
      image.data.set([40 + 200 * shares[2 * i], 90, 40 + 200 * shares[2 * i + 1], 255], 4 * i);
    }
    context?.putImageData(image, 0, 0);
  };
  await fit(engine, model, train, {
    loss: 'softmaxCrossEntropy',
    optimizer: adam({ learningRate: 0.02 }),
    batchSize: 32,
    epochs: 60,
    onEpoch: async ({ epoch, loss }) => {
      if (status) status.textContent = \`Epoch \${epoch}, loss \${loss.toFixed(4)}\`;
      if (epoch % 2 !== 0) return;
      draw();
      await new Promise(requestAnimationFrame);
    },
  });
}

let seed = 1;
again?.addEventListener('click', () => learn(++seed));
await learn(seed);
document.body.dataset.ready = 'yes';
`;
