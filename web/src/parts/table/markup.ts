/** The table's markup, in the order of what one does. */

export const markup = `
<h1>Train on your own table</h1>
<p class="lead">Drop a table, say which column is to be predicted, press <b>Train</b>. The file stays on your machine: nothing is sent anywhere.</p>
<section class="tb-open" id="tb-drop" aria-labelledby="tb-open-title">
  <h2 id="tb-open-title" class="hidden">Open a table</h2>
  <p class="big">Drop a CSV file here</p>
  <p class="note">or JSON lines, Parquet, NPY; also compressed by gzip. What a file is, its first bytes say.</p>
  <div class="buttons">
    <button type="button" id="tb-choose" class="primary">Choose a file</button>
    <button type="button" data-example="iris">Try iris flowers</button>
    <button type="button" data-example="houses">Try made-up houses</button>
  </div>
  <input type="file" id="tb-file" class="hidden" tabindex="-1" aria-label="A table" accept=".csv,.tsv,.txt,.tab,.jsonl,.ndjson,.json,.parquet,.npy,.npz,.gz,text/csv" />
</section>
<p id="tb-status" role="status" class="note"></p>
<p id="tb-error" class="error" role="alert"></p>

<section id="tb-columns" hidden aria-labelledby="tb-columns-title">
  <h2 id="tb-columns-title">What is in it</h2>
  <p id="tb-about" class="lead"></p>
  <div class="tb-target">
    <label>To be predicted <select name="target"></select></label>
    <label>It is <select name="task"><option value="">found out</option><option value="classification">one of some classes</option><option value="regression">a number</option></select></label>
    <label class="check"><input type="checkbox" name="dropMissingTarget" /> leave out rows without it</label>
  </div>
  <p id="tb-found" class="found"></p>
  <!-- What scrolls must be reached by keyboard. -->
  <div class="scroll" tabindex="0" role="group" aria-label="Columns, which may be scrolled sideways"><table class="rows" id="tb-list"></table></div>
  <details><summary>The first rows</summary><div class="scroll" tabindex="0" role="group" aria-label="First rows, which may be scrolled sideways"><table class="rows" id="tb-preview"></table></div></details>
</section>

<section id="tb-train" hidden aria-labelledby="tb-train-title">
  <h2 id="tb-train-title">Train</h2>
  <div class="board">
    <form id="tb-settings" autocomplete="off">
      <div class="fields">
        <label class="whole">Hidden layers, such as 128-64 <input name="hidden" type="text" pattern="none|[1-9][0-9]{0,3}(-[1-9][0-9]{0,3}){0,4}" required /></label>
        <label>Dropout <input name="dropout" type="number" min="0" max="0.9" step="0.05" required /></label>
        <label>Learning rate <input name="rate" type="number" min="0.00001" max="1" step="any" required /></label>
        <label>Batch size <input name="batch" type="number" min="1" max="10000" step="1" required /></label>
        <label>Epochs, at most <input name="epochs" type="number" min="1" max="10000" step="1" required /></label>
        <label>Seed <input name="seed" type="number" min="0" max="999999" step="1" required /></label>
      </div>
      <div class="buttons"><button type="submit" id="tb-go" class="primary">Train</button></div>
      <p class="note">They suit a table of this size, by Adam; training ends when the rows that validate say so.</p>
    </form>
    <div class="results" id="tb-results">
      <div class="hero"><p class="name" id="tb-score-name">Test accuracy</p><p class="value"><span id="tb-score">–</span><span class="unit" id="tb-score-unit"></span></p><p class="note" id="tb-score-note">of rows that it is never trained on</p></div>
      <dl class="figures" id="tb-figures"></dl>
    </div>
    <figure><figcaption>Loss <span class="legend"><i class="train"></i>training <i class="test"></i>validation</span></figcaption><div id="tb-chart" class="plot" role="img" aria-label="Curves of the loss on rows that train and that validate"></div></figure>
  </div>
  <div class="scroll" id="tb-detail" tabindex="0" role="group" aria-label="How the test went"></div>
</section>

<section id="tb-use" hidden aria-labelledby="tb-use-title">
  <h2 id="tb-use-title">Ask it</h2>
  <p class="lead">A row of your own; what you leave empty is missing.</p>
  <div class="tb-ask">
    <form id="tb-row" autocomplete="off"><div class="fields"></div></form>
    <div>
      <p class="tb-answer"><span class="name"></span><output id="tb-answer" for="tb-row">–</output></p>
      <ol class="shares" id="tb-shares" aria-label="How sure the model is of each class"></ol>
      <p class="note" id="tb-ask-note"></p>
    </div>
  </div>
</section>

<section id="tb-keep" hidden aria-labelledby="tb-keep-title">
  <h2 id="tb-keep-title">Keep it</h2>
  <p class="lead">The model is one safetensors file, with all it takes to prepare other rows: <code>lanegrad predict</code> and Python’s <code>safetensors</code> read it.
  The ONNX file takes the columns as they stand in the table. The report is a page of its own.</p>
  <div class="buttons">
    <button type="button" id="tb-report">Look at the report</button>
    <button type="button" data-file="report">Save the report</button>
    <button type="button" data-file="model">Save the model</button>
    <button type="button" data-file="onnx">Save as ONNX</button>
  </div>
  <p id="tb-keep-status" role="status" class="note"></p>
</section>
<div class="buttons tb-share"><button type="button" id="tb-share">Copy a link</button></div>
<p id="tb-share-status" role="status" class="note"></p>
`;
