/** Points are set, a trainer in a worker learns them, and each few frames the page asks it for its curve. */
import { adam, createTrainer, dataset, dense, sequential } from 'lanegrad';

const canvas = document.querySelector('canvas');
const context = canvas.getContext('2d');
const status = document.querySelector('#status');
const places = Float32Array.from({ length: 141 }, (_, i) => i / 70 - 1);
const points = [];
let curve;
let trainer;
/** Of the training that is meant: what an older one still says is not listened to. */
let turn = 0;

const left = (x) => ((x + 1) / 2) * canvas.width;
const top = (y) => ((1 - y) / 2) * canvas.height;

function draw() {
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = '#2563eb';
  for (const [x, y] of points) {
    context.beginPath();
    context.arc(left(x), top(y), 11, 0, 7);
    context.fill();
  }
  if (!curve) return;
  context.strokeStyle = '#ea580c';
  context.lineWidth = 6;
  context.beginPath();
  for (const [i, x] of places.entries()) context.lineTo(left(x), top(curve[i]));
  context.stroke();
}

async function learn() {
  const own = ++turn;
  trainer?.dispose();
  trainer = undefined;
  curve = undefined;
  draw();
  if (points.length === 0) {
    status.textContent = 'No points yet.';
    return;
  }
  const model = sequential(
    1,
    [dense(32, { activation: 'tanh' }), dense(32, { activation: 'tanh' }), dense(1)],
    { seed: 1 },
  );
  const made = await createTrainer({ model, worker: true });
  if (own !== turn) return made.dispose();
  trainer = made;
  let loss;
  const training = made.fit(
    dataset({ inputs: points.map(([x]) => [x]), targets: points.map(([, y]) => y) }),
    {
      loss: 'meanSquaredError',
      optimizer: adam({ learningRate: 0.01 }),
      batchSize: 64,
      epochs: 3000,
      onProgress: (progress) => {
        loss = progress.loss;
      },
    },
  );
  let going = true;
  const show = async () => {
    // A trainer that was let go of answers with an error, which is nobody's business any more.
    const told = await made.predict(places).catch((error) => {
      if (own === turn) throw error;
    });
    if (own !== turn) return;
    curve = told;
    draw();
    if (loss !== undefined)
      status.textContent = `${points.length} points, squared error ${loss.toExponential(1)}${going ? ' …' : ', done'}`;
  };
  training.then(
    ({ epochs }) => {
      going = false;
      loss = epochs.at(-1)?.loss;
    },
    (error) => {
      going = false;
      loss = undefined;
      if (own === turn) status.textContent = error.message;
    },
  );
  while (going && own === turn) {
    await show();
    await new Promise(requestAnimationFrame);
  }
  if (own === turn) await show();
}

canvas.addEventListener('pointerdown', ({ clientX, clientY }) => {
  const box = canvas.getBoundingClientRect();
  points.push([(2 * (clientX - box.left)) / box.width - 1, 1 - (2 * (clientY - box.top)) / box.height]);
  learn();
});
document.querySelector('#random').addEventListener('click', () => {
  points.splice(
    0,
    points.length,
    ...Array.from({ length: 12 }, (_, i) => [i / 6 - 0.92, 0.7 * Math.sin(i * 0.9) + 0.2 * Math.random()]),
  );
  learn();
});
document.querySelector('#clear').addEventListener('click', () => {
  points.length = 0;
  learn();
});
draw();
document.body.dataset.ready = '';
