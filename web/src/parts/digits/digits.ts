/**
 * The part of the digits, whose markup is in index.html: puts its pieces together. What computes is in the
 * library; what draws is in the other files here.
 */
import { readModel, type Sequential, writeModel } from 'lanegrad';
import { createTrainer, type Trainer } from 'lanegrad/trainer';
import { Curve } from '../../shared/charts.js';
import { count, disable, get, make, saveFile, say } from '../../shared/dom.js';
import { describeEngine, sayEngine } from '../../shared/engine.js';
import { Latest } from '../../shared/latest.js';
import { copyLink, type Part, readRoute, writeRoute } from '../../shared/route.js';
import { type Images, loadImages } from './data.js';
import { renderDigit } from './digit.js';
import { Looks } from './looks.js';
import { buildModel, buildOptimizer, readsDigits, shapeOf, titleOf } from './network.js';
import { Pad } from './pad.js';
import { drawImage, showConfusion } from './pictures.js';
import { readSettings, type Settings, SettingsForm, writeSettings } from './settings.js';

const trainButton = get<HTMLButtonElement>('train');
const resetButton = get<HTMLButtonElement>('reset');
const compareButton = get<HTMLButtonElement>('compare');
const form = new SettingsForm(get<HTMLFormElement>('settings'), readSettings(readRoute().query));

// The first steps are off the scale, or nothing else could be told apart.
const lossCurve = new Curve(
  get('loss-chart'),
  (min, max) => [0, (min < 0.3 ? Math.min(max, 0.8) : max) * 1.05],
  (value) => value.toFixed(1),
);
const accuracyCurve = new Curve(
  get('accuracy-chart'),
  (min, max) => [max > 94 ? Math.max(80, Math.floor(min / 10) * 10) : Math.floor(min / 10) * 10, 100],
  (value) => String(value),
);

/** Milliseconds between two looks into the network. */
const LOOK_INTERVAL = 250;

/** What the network's ten outputs are: it is also asked before it has been trained. */
const LOGITS = { loss: 'softmaxCrossEntropy' } as const;

let trainer: Trainer | undefined;
/** Of the model in the trainer: another shape needs another model. */
let shape = '';
let images: Images | undefined;
let epochsDone = 0;
let secondsDone = 0;
let comparison: AbortController | undefined;
let input: Float32Array | undefined;

/** What is drawn; without a drawing the first test image, once it is there. */
const looks = new Looks(() => input ?? (images && testImage(images, 0)));

/** A trainer for `model`, in place of the one before. */
async function use(model: Sequential, modelShape: string): Promise<Trainer> {
  trainer?.dispose();
  trainer = undefined;
  const next = await createTrainer({ model, worker: true });
  trainer = next;
  shape = modelShape;
  epochsDone = 0;
  secondsDone = 0;
  lossCurve.clear();
  accuracyCurve.clear();
  for (const id of ['accuracy', 'speed', 'epoch', 'seconds']) say(id, '–');
  say('parameters', count(model.parameterCount));
  get('confusion').replaceChildren();
  sayWhatComputes(next);
  await looks.use(next);
  guess.run();
  return next;
}

function sayWhatComputes({ info }: Trainer): void {
  const { backend, reason } = info;
  sayEngine('digits', describeEngine(info));
  const isolation = crossOriginIsolated
    ? 'This page is cross-origin isolated, so threads may share memory.'
    : 'This page is not cross-origin isolated, so there is one thread.';
  say('details', `Engine: ${backend}, because ${reason}. ${isolation}`);
}

async function train(settings: Settings): Promise<void> {
  writeRoute('digits', writeSettings(settings));
  setBusy(true);
  try {
    say('status', 'Loading the images …');
    images = await loadImages(settings.data);
    let current = trainer;
    if (!current || shape !== shapeOf(settings)) {
      say('status', 'Building the network …');
      current = await use(buildModel(settings), shapeOf(settings));
    }
    await run(current, images, settings);
  } catch (error) {
    say('status', `It stopped: ${(error as Error).message}`);
  } finally {
    setBusy(false);
  }
}

async function run(
  current: Trainer,
  { train: set, test, description }: Images,
  settings: Settings,
): Promise<void> {
  const before = epochsDone;
  const last = before + settings.epochs;
  let looking = false;
  let looked = 0;
  const began = performance.now();
  say('status', `Training on ${description}.`);
  const history = await current.fit(set, {
    ...LOGITS,
    optimizer: buildOptimizer(settings),
    batchSize: settings.batch,
    epochs: settings.epochs,
    // Another order each time that training goes on.
    seed: before,
    validation: test,
    onProgress({ epoch, samples, loss, accuracy, samplesPerSecond }) {
      const now = before + epoch - 1 + samples / set.size;
      lossCurve.add(now, loss, null);
      accuracyCurve.add(now, 100 * accuracy, null);
      say('speed', count(samplesPerSecond));
      say('epoch', `${before + epoch} of ${last}`);
      say('seconds', (secondsDone + (performance.now() - began) / 1000).toFixed(1));
      if (looking || performance.now() - looked < LOOK_INTERVAL) return;
      looking = true;
      looked = performance.now();
      looks.update().finally(() => {
        looking = false;
      });
      guess.run();
    },
    onEpoch({ epoch, validation, samplesPerSecond }) {
      epochsDone = before + epoch;
      if (!validation) return;
      lossCurve.add(epochsDone, null, validation.loss);
      accuracyCurve.add(epochsDone, null, 100 * validation.accuracy);
      say('accuracy', (100 * validation.accuracy).toFixed(2));
      say('epoch', `${epochsDone} of ${last}`);
      say('speed', count(samplesPerSecond));
      say(
        'status',
        `Epoch ${epochsDone}: ${(100 * validation.accuracy).toFixed(2)} % of the test images right.`,
      );
      measure(current, test);
    },
  });
  secondsDone += (performance.now() - began) / 1000;
  await looks.update();
  guess.run();
  say('seconds', secondsDone.toFixed(1));
  if (history.outcome === 'aborted') say('status', 'Stopped. Train goes on from here.');
  else
    say('status', `Done: ${get('accuracy').textContent} % of the test images right. Draw one, or train on.`);
}

async function measure(current: Trainer, test: Images['test']): Promise<void> {
  try {
    showConfusion(get('confusion'), (await current.evaluate(test, LOGITS)).confusion);
  } catch {
    // Another network has taken its place.
  }
}

function setBusy(busy: boolean): void {
  trainButton.textContent = busy ? 'Pause' : 'Train';
  resetButton.textContent = busy ? 'Stop' : 'Start anew';
  compareButton.disabled = busy;
  get<HTMLButtonElement>('load').disabled = busy;
  disable(get('settings'), 'select, input', busy);
}

get('settings').addEventListener('submit', async (event) => {
  event.preventDefault();
  if (trainer?.state === 'training') {
    await trainer.pause();
    await looks.update();
    trainButton.textContent = 'Resume';
  } else if (trainer?.state === 'paused') {
    trainButton.textContent = 'Pause';
    await trainer.resume();
  } else if (trainButton.textContent === 'Train') {
    const settings = form.read();
    if (settings) await train(settings);
  }
});

resetButton.addEventListener('click', async () => {
  if (trainer && trainer.state !== 'idle') return void trainer.stop();
  const settings = form.read();
  if (!settings) return;
  const parts = await use(buildModel(settings), shapeOf(settings)).catch((error) => error as Error);
  say('status', parts instanceof Error ? parts.message : 'A new network, which knows nothing yet.');
});

// The drawing.

const bars = Array.from({ length: 10 }, (_, digit) => {
  const item = document.createElement('li');
  const bar = make('span', { class: 'bar', 'aria-hidden': 'true' }, make('i'));
  item.append(make('span', {}, String(digit)), bar, make('span', { class: 'share' }, '–'));
  get('probabilities').append(item);
  return item;
});

/** Asks the network about the drawing. */
const guess = new Latest(async () => {
  const probabilities = input && (await trainer?.predict(input, LOGITS));
  showGuess(input && probabilities);
});

function showGuess(probabilities: Float32Array | undefined): void {
  const best = probabilities ? probabilities.indexOf(Math.max(...probabilities)) : -1;
  for (const [digit, item] of bars.entries()) {
    const share = probabilities?.[digit] ?? 0;
    item.classList.toggle('best', digit === best);
    item.querySelector('i')!.style.transform = `scaleX(${share})`;
    item.querySelector('.share')!.textContent = probabilities ? `${(100 * share).toFixed(1)} %` : '–';
  }
  const untrained = epochsDone === 0 && trainer?.state === 'idle' ? ' – but it is untrained' : '';
  const answer = best < 0 ? 'Nothing drawn yet' : `Looks like ${best === 8 ? 'an' : 'a'} ${best}${untrained}`;
  // Only what changes is read out.
  if (get('answer').textContent !== answer) say('answer', answer);
}

function show(pixels: Float32Array | undefined): void {
  input = pixels;
  drawImage(get('seen'), pixels);
  guess.run();
  looks.updateMaps();
}

function testImage({ test: { inputs, width, scale } }: Images, index: number): Float32Array {
  return Float32Array.from(inputs.subarray(index * width, (index + 1) * width), (byte) => byte * scale);
}

const pad = new Pad(get('pad'), (strokes) => show(renderDigit(strokes)));
get('clear').addEventListener('click', () => pad.clear());
get('sample').addEventListener('click', () => {
  if (!images) return;
  pad.clear();
  show(testImage(images, Math.floor(Math.random() * images.test.size)));
});

// The engines.

compareButton.addEventListener('click', async () => {
  if (comparison) return comparison.abort();
  comparison = new AbortController();
  compareButton.textContent = 'Stop';
  trainButton.disabled = true;
  try {
    const { test } = await loadImages('small');
    const { compare } = await import('./compare.js');
    await compare(get('engines'), test, comparison.signal, (text) => say('compare-status', text));
    if (comparison.signal.aborted) say('compare-status', 'Stopped.');
  } catch (error) {
    say('compare-status', `It stopped: ${(error as Error).message}`);
  } finally {
    comparison = undefined;
    compareButton.textContent = 'Compare';
    trainButton.disabled = false;
  }
});

// Files and links.

get('save').addEventListener('click', async () => {
  if (!trainer) return;
  await trainer.download();
  const input = { scale: 1 / 255, offset: 0, imageShape: [28, 28] as const };
  const bytes = writeModel(trainer.model, { input, classNames: bars.map((_, digit) => String(digit)) });
  saveFile('digits.safetensors', bytes);
  say('keep-status', `Saved as digits.safetensors, ${count(bytes.length / 1000)} kB.`);
});

get('load').addEventListener('click', () => get<HTMLInputElement>('file').click());
get<HTMLInputElement>('file').addEventListener('change', async ({ target }) => {
  const field = target as HTMLInputElement;
  const file = field.files?.[0];
  if (!file) return;
  try {
    const { model } = readModel(new Uint8Array(await file.arrayBuffer()), file.name);
    if (!readsDigits(model))
      throw new Error(`${file.name} is a model of ${titleOf(model)}; this page needs 784-…-10`);
    // A shape that no settings have: what is trained next is this model, unless another is asked for.
    const settings = form.read();
    await use(model, settings ? shapeOf(settings) : '');
    if (images) await evaluateLoaded(images);
    say('keep-status', `Loaded ${file.name}: ${titleOf(model)}.`);
  } catch (error) {
    say('keep-status', (error as Error).message);
  } finally {
    field.value = '';
  }
});

async function evaluateLoaded({ test }: Images): Promise<void> {
  const evaluation = await trainer?.evaluate(test, LOGITS);
  if (!evaluation) return;
  say('accuracy', (100 * evaluation.accuracy).toFixed(2));
  showConfusion(get('confusion'), evaluation.confusion);
}

get('share').addEventListener('click', async () => {
  const settings = form.read();
  if (settings) say('keep-status', await copyLink('digits', writeSettings(settings), ', and no model'));
});

// The start.

async function start(): Promise<void> {
  showGuess(undefined);
  drawImage(get('seen'), undefined);
  pad.draw();
  const settings = form.read() ?? readSettings(new URLSearchParams());
  try {
    await use(buildModel(settings), shapeOf(settings));
    for (const id of ['train', 'reset', 'compare', 'save', 'load'])
      get<HTMLButtonElement>(id).disabled = false;
    say('status', 'Loading the images …');
    images = await loadImages(settings.data);
    get<HTMLButtonElement>('sample').disabled = false;
    looks.updateMaps();
    say('status', `Ready: ${images.description}.`);
  } catch (error) {
    say('status', `It cannot start: ${(error as Error).message}`);
    sayEngine('digits', 'not available');
  }
}

/** The part, which starts when it is opened. Its markup is there already. */
export function open(): Part {
  void start();
  let used = readRoute().query.toString();
  return {
    show(query) {
      if (query.toString() === used) return;
      // Another link, followed in the same page.
      used = query.toString();
      if (trainer?.state === 'idle') form.write(readSettings(query));
    },
    hide() {
      comparison?.abort();
      if (trainer?.state !== 'training') return;
      // The processor is for the part that is to be seen.
      void trainer.pause();
      trainButton.textContent = 'Resume';
    },
  };
}
