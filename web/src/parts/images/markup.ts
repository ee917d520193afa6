/** The markup of the part for the visitor's images. */

export const markup = `
<h1>Train on your own images</h1>
<p class="lead">Make a few classes, drop pictures on each or film them, press <b>Train</b>. A small convolution network learns them here:
no picture leaves this page.</p>
<div class="im-tools buttons">
  <button type="button" id="im-camera" aria-pressed="false">Use the camera</button>
  <button type="button" id="im-folder">Choose a folder of classes</button>
  <button type="button" id="im-example">Try drawn shapes</button>
  <input type="file" id="im-folder-file" class="hidden" tabindex="-1" aria-label="A folder with a folder for each class" webkitdirectory multiple />
</div>
<p id="im-error" class="error" role="alert"></p>
<section class="im-data" aria-labelledby="im-data-title">
  <h2 id="im-data-title" class="hidden">Classes</h2>
  <ol id="im-classes" class="im-classes"></ol>
  <button type="button" id="im-add">Add a class</button>
</section>
<p id="im-status" role="status" class="note"></p>
<section class="board im-train" aria-labelledby="im-train-title">
  <form id="im-settings" autocomplete="off">
    <h2 id="im-train-title">Train</h2>
    <div class="fields">
      <label>Filters <input name="filters" type="number" min="4" max="32" step="1" required /></label>
      <label>Epochs <input name="epochs" type="number" min="1" max="1000" step="1" required /></label>
      <label>Learning rate <input name="rate" type="number" min="0.00001" max="1" step="any" required /></label>
      <label>Batch size <input name="batch" type="number" min="1" max="256" step="1" required /></label>
      <label>Dropout <input name="dropout" type="number" min="0" max="0.9" step="0.05" required /></label>
      <label>Seed <input name="seed" type="number" min="0" max="999999" step="1" required /></label>
    </div>
    <fieldset class="im-augment"><legend>Each time that it is looked at, a picture is</legend>
      <label class="check"><input type="checkbox" name="mirror" /> mirrored or not</label>
      <label class="check"><input type="checkbox" name="shift" /> moved a little</label>
      <label class="check"><input type="checkbox" name="turn" /> turned a little</label>
      <label class="check"><input type="checkbox" name="light" /> lighter or darker</label>
    </fieldset>
    <div class="buttons"><button type="submit" id="im-go" class="primary">Train</button></div>
  </form>
  <div class="results" id="im-results">
    <div class="hero"><p class="name" id="im-score-name">Validation accuracy</p><p class="value"><span id="im-score">–</span><span class="unit"> %</span></p><p class="note" id="im-score-note">of a fifth of the pictures, which it is not trained on</p></div>
    <dl class="figures">
      <div><dt>Epoch</dt><dd id="im-epoch">–</dd></div>
      <div><dt>Training loss</dt><dd id="im-loss">–</dd></div>
      <div><dt>Images a second</dt><dd id="im-speed">–</dd></div>
      <div><dt>Parameters</dt><dd id="im-parameters">–</dd></div>
    </dl>
  </div>
  <figure><figcaption>Loss <span class="legend"><i class="train"></i>training <i class="test"></i>validation</span></figcaption><div id="im-chart" class="plot" role="img" aria-label="Curves of the loss on pictures that train and that validate"></div></figure>
</section>
<section class="im-ask" aria-labelledby="im-ask-title">
  <h2 id="im-ask-title">Show it something</h2>
  <p class="lead">Once it has learned: another picture, or what the camera sees.</p>
  <div class="im-answer">
    <div class="im-try" id="im-try">
      <video id="im-video" hidden muted playsinline aria-label="What the camera sees"></video>
      <canvas id="im-seen" width="32" height="32" role="img" aria-label="The picture as the network sees it: 32 by 32 pixels"></canvas>
      <div class="buttons">
        <button type="button" id="im-try-file">Choose a picture</button>
        <button type="button" id="im-try-shape" hidden>Draw another shape</button>
      </div>
      <input type="file" id="im-try-input" class="hidden" tabindex="-1" accept="image/*" aria-label="A picture to ask about" />
      <p class="note">or drop one here</p>
    </div>
    <div>
      <p class="im-guess"><span id="im-answer" role="status">Nothing shown yet</span></p>
      <ol class="shares" id="im-shares" aria-label="How sure the network is of each class"></ol>
    </div>
  </div>
</section>
<section aria-labelledby="im-keep-title">
  <h2 id="im-keep-title">Keep it</h2>
  <p class="lead">The model knows its classes’ names and how pictures become its inputs: <code>lanegrad predict</code> asks it about a folder.</p>
  <div class="buttons">
    <button type="button" data-keep="model" disabled>Save the model</button>
    <button type="button" data-keep="onnx" disabled>Save as ONNX</button>
    <button type="button" id="im-share">Copy a link</button>
  </div>
  <p id="im-keep-status" role="status" class="note"></p>
</section>
<p class="note source">Images a second are those of the last tenth of a second of training, in a worker, with all that is done to them; pauses do not count.</p>
`;
