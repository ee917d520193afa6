/** The playground's markup: what can be pressed, chosen and read. */
import { make } from '../../shared/dom.js';
import { drawPoints } from './plane.js';
import { isRegression, makePoints, type SetName, setNames, titles } from './points.js';
import { type ChoiceName, choices, ranges } from './settings.js';

export const markup = `
<h1>A neural network, layer by layer</h1>
<p class="lead">Press <b>Play</b>: a small network learns to tell orange discs from blue squares, and every unit shows what it makes of the plane.
Trained by lanegrad in a worker of this page.</p>
<div class="pg-bar">
  <div class="buttons">
    <button type="button" id="pg-play" class="primary" disabled>Play</button>
    <button type="button" id="pg-step" disabled>Step</button>
    <button type="button" id="pg-reset" disabled>Reset</button>
  </div>
  <label class="inline">Speed <select name="speed"></select></label>
  <dl class="figures pg-figures">
    <div><dt>Steps</dt><dd id="pg-steps">–</dd></div>
    <div><dt>Epochs</dt><dd id="pg-epochs">–</dd></div>
    <div><dt>Steps a second</dt><dd id="pg-speed">–</dd></div>
    <div><dt>One step takes</dt><dd id="pg-time">–</dd></div>
  </dl>
</div>
<div class="pg-board">
  <form class="pg-data" autocomplete="off">
    <fieldset class="sets"><legend>Data</legend></fieldset>
    <label>Noise <output id="pg-noise-shown"></output><input type="range" name="noise" /></label>
    <label>Share to train on <output id="pg-share-shown"></output><input type="range" name="share" /></label>
    <button type="button" id="pg-again">Other points</button>
  </form>
  <div class="pg-net">
    <div class="pg-head">
      <h2><span id="pg-depth">3</span></h2>
      <div class="buttons">
        <button type="button" id="pg-deeper" class="small" aria-label="One more hidden layer">+</button>
        <button type="button" id="pg-flatter" class="small" aria-label="One hidden layer less">−</button>
      </div>
    </div>
    <div id="pg-diagram" class="diagram"></div>
    <p class="note">Lines are weights, <b class="key positive">orange</b> above and <b class="key negative">blue</b> below zero, as wide as they
    are large. Press a unit to see it large.</p>
  </div>
  <div class="pg-out">
    <div class="pg-head"><h2 id="pg-plane-title">What it predicts</h2></div>
    <canvas id="pg-plane" width="320" height="320" role="img" aria-label="The plane, coloured by what the network predicts, with the points that it learns from"></canvas>
    <div class="legend-bar" aria-hidden="true"><span id="pg-low">■ 0</span><i></i><span>1 ●</span></div>
    <div class="checks">
      <label class="check"><input type="checkbox" id="pg-test" /> show the test points, hollow</label>
      <label class="check"><input type="checkbox" id="pg-discrete" /> only the side of the boundary</label>
    </div>
  </div>
</div>
<div class="pg-below">
  <form class="pg-settings" autocomplete="off">
    <h2 class="hidden">Settings</h2>
    <div class="fields">
      <label>Activation <select name="activation"></select></label>
      <label>Optimizer <select name="optimizer"></select></label>
      <label>Learning rate <select name="rate"></select></label>
      <label>Batch size <select name="batch"></select></label>
      <label>L1 penalty <select name="l1"></select></label>
      <label>L2 penalty <select name="l2"></select></label>
      <label>Dropout <select name="dropout"></select></label>
      <label>Seed <input name="seed" type="number" min="0" max="999999" step="1" inputmode="numeric" /></label>
    </div>
    <p class="note">The learning rate may be changed while it learns; all else begins a new network.</p>
  </form>
  <figure>
    <figcaption>Loss <span class="legend"><i class="train"></i>training <i class="test"></i>test</span></figcaption>
    <div id="pg-chart" class="plot" role="img" aria-label="Curves of the loss on training and test points; the last values stand beside it"></div>
  </figure>
  <dl class="figures pg-losses">
    <div><dt>Test loss</dt><dd id="pg-test-loss">–</dd></div>
    <div><dt>Training loss</dt><dd id="pg-train-loss">–</dd></div>
    <div><dt id="pg-right-name">Test points right</dt><dd id="pg-right">–</dd></div>
  </dl>
</div>
<p id="pg-status" role="status" class="note">Starting …</p>
<div class="buttons"><button type="button" id="pg-share">Copy a link</button></div>
<p id="pg-share-status" role="status" class="note"></p>
<p class="note">Steps a second are counted over the last second by the clock, pictures between them included. The time of one step is that which the
worker spent in steps alone, over their number, likewise of the last second: gathering a batch, forth and back through the network, and the optimizer’s
step, on one thread. Losses are measured on all points of a set, after the step that is shown.</p>
`;

/** Fills the selects, sliders and pictures of data sets. */
export function fillFields(root: HTMLElement): void {
  for (const name of Object.keys(choices) as ChoiceName[]) {
    const select = field(root, name) as HTMLSelectElement;
    select.append(...choices[name].map(([value, label]) => new Option(label, value)));
  }
  for (const [name, range] of Object.entries(ranges)) Object.assign(field(root, name), range);
  const sets = root.querySelector('.sets')!;
  for (const name of setNames) {
    const input = make('input', { type: 'radio', name: 'data', value: name });
    const canvas = make('canvas', { width: 88, height: 88, 'aria-hidden': 'true', 'data-set': name });
    sets.append(make('label', {}, input, canvas, make('span', { class: 'hidden' }, titles[name])));
  }
}

export function drawSets(root: HTMLElement): void {
  for (const canvas of root.querySelectorAll<HTMLCanvasElement>('[data-set]')) {
    const name = canvas.dataset.set as SetName;
    const context = canvas.getContext('2d')!;
    context.clearRect(0, 0, canvas.width, canvas.height);
    const { train } = makePoints(name, { noise: 0, share: 0.5, seed: 1 });
    drawPoints(context, train, { radius: 2.2, regression: isRegression(name) });
  }
}

export function field(root: HTMLElement, name: string): HTMLInputElement | HTMLSelectElement {
  return root.querySelector<HTMLInputElement | HTMLSelectElement>(`[name="${name}"]`)!;
}
