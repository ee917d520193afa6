/** The page: a pad, classes that one adds to, a button that trains, and what the network makes of the drawing. */
import { createEngine, predictProba, readOnnx } from 'lanegrad';
import { firstClasses, pixelsOf, SIZE } from './drawings.js';
import { adapt, EPOCHS, exported } from './learn.js';

const $ = (id) => document.getElementById(id);
/** What the file does not say of itself: the names of its outputs. */
const shapes = ['circle', 'square', 'triangle', 'plus', 'wave', 'spiral', 'vee', 'tee'];

const engine = await createEngine();
const file = new Uint8Array(await (await fetch('shapes.onnx')).arrayBuffer());
/** What answers at the moment; at first the network as it came. */
let guesser = { model: readOnnx(file, 'shapes.onnx').model, names: shapes };
let classes = [...firstClasses];
let strokes = [];
/** The bytes of the last network that was trained. */
let trained;

// The pad: strokes of points from 0 to 1.
const pad = $('pad');
const pen = { at: [0.5, 0.5], isDown: false, isShown: false };
const steps = { ArrowLeft: [-0.04, 0], ArrowRight: [0.04, 0], ArrowUp: [0, -0.04], ArrowDown: [0, 0.04] };
const place = (event) => {
  const { left, top, width, height } = pad.getBoundingClientRect();
  return [(event.clientX - left) / width, (event.clientY - top) / height];
};

function redraw() {
  const context = pad.getContext('2d');
  context.clearRect(0, 0, pad.width, pad.height);
  Object.assign(context, { lineWidth: 26, lineCap: 'round', lineJoin: 'round', strokeStyle: '#fff' });
  for (const stroke of strokes) {
    context.beginPath();
    for (const [x, y] of [stroke[0], ...stroke]) context.lineTo(x * pad.width, y * pad.height);
    context.stroke();
  }
  if (!pen.isShown) return;
  context.beginPath();
  context.arc(pen.at[0] * pad.width, pen.at[1] * pad.height, 16, 0, 7);
  context.strokeStyle = pen.isDown ? '#67cbb2' : '#999';
  Object.assign(context, { lineWidth: 5 });
  context.stroke();
}

function changed() {
  redraw();
  guess();
}

function clear() {
  strokes = [];
  pen.isDown = false;
  changed();
}

pad.addEventListener('pointerdown', (event) => {
  if (event.button !== 0) return;
  pad.setPointerCapture(event.pointerId);
  pen.isShown = false;
  strokes.push([place(event)]);
  changed();
});
pad.addEventListener('pointermove', (event) => {
  if (!pad.hasPointerCapture(event.pointerId)) return;
  strokes.at(-1).push(place(event));
  changed();
});
pad.addEventListener('keydown', (event) => {
  const step = steps[event.key];
  if (event.key === 'Escape') clear();
  else if (event.key === ' ') {
    pen.isDown = !pen.isDown;
    if (pen.isDown) strokes.push([pen.at]);
  } else if (step) {
    pen.at = pen.at.map((own, axis) => Math.min(0.95, Math.max(0.05, own + step[axis])));
    if (pen.isDown) strokes.at(-1).push(pen.at);
  } else return;
  pen.isShown = true;
  event.preventDefault();
  changed();
});
pad.addEventListener('blur', () => {
  Object.assign(pen, { isDown: false, isShown: false });
  redraw();
});
$('clear').addEventListener('click', clear);

/** Shows how likely each class is. Nothing drawn has no class. */
function guess() {
  const { model, names } = guesser;
  const shares =
    strokes.length > 0
      ? predictProba(engine, model, pixelsOf(strokes), { loss: 'softmaxCrossEntropy' })
      : names.map(() => 0);
  const best = shares.indexOf(Math.max(...shares));
  $('guess').textContent = strokes.length > 0 ? `Most of all: ${names[best]}.` : 'Nothing drawn yet.';
  $('bars').replaceChildren(
    ...names.map((name, i) => {
      const bar = document.createElement('li');
      const percent = `${Math.round(shares[i] * 100)} %`;
      bar.append(...['span', 'i', 'span'].map((tag) => document.createElement(tag)));
      bar.children[0].textContent = name;
      bar.children[1].style.setProperty('--share', `${shares[i] * 100}%`);
      bar.children[2].textContent = percent;
      return bar;
    }),
  );
}

function showClasses() {
  $('classes').replaceChildren(
    ...classes.map((own) => {
      const canvas = Object.assign(document.createElement('canvas'), { width: SIZE, height: SIZE });
      const pixels = new Uint8ClampedArray(
        [...pixelsOf(own.strokes)].flatMap((v) => [255, 255, 255, v * 255]),
      );
      canvas.getContext('2d').putImageData(new ImageData(pixels, SIZE, SIZE), 0, 0);
      const remove = Object.assign(document.createElement('button'), { type: 'button' });
      remove.textContent = `${own.name} ✕`;
      remove.setAttribute('aria-label', `Remove ${own.name}`);
      remove.addEventListener('click', () => {
        classes = classes.filter((other) => other !== own);
        showClasses();
        $('name').focus();
      });
      const item = document.createElement('li');
      item.append(canvas, remove);
      return item;
    }),
  );
  $('train').disabled = classes.length < 2;
}

$('add').addEventListener('submit', (event) => {
  event.preventDefault();
  const name = $('name').value.trim();
  const problem =
    strokes.length === 0
      ? 'Draw it first.'
      : name === ''
        ? 'What is it called?'
        : classes.some((own) => own.name === name) && `There is a class ${name} already.`;
  $('problem').textContent = problem || '';
  if (problem) return;
  classes = [...classes, { name, strokes }];
  $('name').value = '';
  showClasses();
  clear();
});

$('train').addEventListener('click', async () => {
  const [own, button] = [classes, $('train')];
  button.disabled = true;
  try {
    const model = await adapt(engine, file, own, (epoch, accuracy, stage) => {
      $('progress').value = epoch / EPOCHS;
      $('accuracy').textContent = (accuracy * 100).toFixed(1);
      $('stage').textContent = `Of drawings that it is not trained on; training ${stage}.`;
    });
    guesser = { model, names: own.map(({ name }) => name) };
    trained = exported(model, own);
    $('download').hidden = false;
    $('download').textContent = `Download ONNX, ${Math.round(trained.length / 1000)} kB`;
    $('stage').textContent = 'Of drawings that it is not trained on. Trained: now draw one of the classes.';
    guess();
  } catch (error) {
    $('stage').textContent = `It did not work: ${error.message}`;
  } finally {
    button.disabled = classes.length < 2;
  }
});

$('download').addEventListener('click', () => {
  const href = URL.createObjectURL(new Blob([trained], { type: 'application/octet-stream' }));
  Object.assign(document.createElement('a'), { href, download: 'drawings.onnx' }).click();
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
});

$('known').textContent = shapes.join(', ');
showClasses();
clear();
document.body.dataset.ready = 'yes';
