/** The part of the visitor's own table: opened, understood, trained on, tested, asked and kept. */
import '../../style/results.css';
import './table.css';
import type { ColumnType, Task } from 'lanegrad/tables';
import { lossCurve } from '../../shared/charts.js';
import { onThemeChange } from '../../shared/colours.js';
import { count, disable, fill, get, make, percent, plural, saveFile, say } from '../../shared/dom.js';
import { onDrop } from '../../shared/drop.js';
import { describeEngine, sayEngine } from '../../shared/engine.js';
import { Latest } from '../../shared/latest.js';
import { confusionTable, shareList } from '../../shared/results.js';
import { copyLink, type Part, writeRoute } from '../../shared/route.js';
import { WorkerClient } from '../../shared/rpc.js';
import { describe, rowFields, showColumns, showPreview } from './columns.js';
import { markup } from './markup.js';
import type {
  Calls,
  EpochNews,
  KeptFile,
  Opened,
  Prepared,
  Source,
  Trained,
  TrainSettings,
} from './protocol.js';
import { scatter } from './scatter.js';
import { readHidden, readLink, type TableLink, writeLink } from './settings.js';

/** Names that targets often have; otherwise it is the last column. */
const TARGETS = /^(target|label|class|species|y|price|outcome|survived|diagnosis|quality)$/i;

export function open(root: HTMLElement): Part {
  fill(root, markup);
  return new TablePart(root);
}

class TablePart implements Part {
  readonly #root: HTMLElement;
  readonly #client = new WorkerClient<Calls, EpochNews>(
    new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' }),
  );
  readonly #curve = lossCurve('tb-chart', 4);
  readonly #ask = new Latest(() => this.#predict());
  #opened: Opened | undefined;
  #prepared: Prepared | undefined;
  #link: TableLink = readLink(new URLSearchParams());
  #example: string | undefined;
  #types: Record<string, ColumnType> = {};
  #training = false;
  #drawScatter: (() => void) | undefined;
  #used: string | undefined;

  constructor(root: HTMLElement) {
    this.#root = root;
    onThemeChange(() => this.#drawScatter?.());
    sayEngine('table', 'in a worker of this page');
    this.#listen();
  }

  show(query: URLSearchParams): void {
    if (query.toString() === this.#used) return;
    this.#used = query.toString();
    this.#link = readLink(query);
    const { example, target } = this.#link;
    if (example) void this.#openExample(example);
    else if (target)
      say('tb-status', `The link is for a table with the column ${target} to be predicted: drop it here.`);
  }

  hide(): void {}

  #listen(): void {
    const file = get<HTMLInputElement>('tb-file');
    get('tb-choose').addEventListener('click', () => file.click());
    file.addEventListener('change', () => {
      if (file.files?.[0]) void this.#open(file.files[0], undefined);
      file.value = '';
    });
    onDrop(this.#root, ([first]) => first && void this.#open(first.file, undefined));
    for (const button of this.#root.querySelectorAll<HTMLButtonElement>('[data-example]')) {
      button.addEventListener('click', () => {
        this.#link = readLink(new URLSearchParams());
        void this.#openExample(button.dataset.example!);
      });
    }
    for (const name of ['target', 'task', 'dropMissingTarget']) {
      this.#field(name).addEventListener('change', () => {
        if (name === 'target') this.#types = {};
        void this.#prepare();
      });
    }
    get('tb-settings').addEventListener('submit', (event) => {
      event.preventDefault();
      if (this.#training) void this.#client.ask('stop', undefined);
      else void this.#train();
    });
    get('tb-row').addEventListener('input', () => void this.#ask.run());
    get('tb-row').addEventListener('submit', (event) => event.preventDefault());
    get('tb-report').addEventListener('click', () => void this.#lookAtReport());
    for (const button of this.#root.querySelectorAll<HTMLButtonElement>('[data-file]')) {
      button.addEventListener('click', () => void this.#save(button.dataset.file as KeptFile));
    }
    get('tb-share').addEventListener('click', async () => {
      say(
        'tb-share-status',
        await copyLink(
          'table',
          writeLink(this.#currentLink()),
          this.#example ? ', the example too' : ', and no data',
        ),
      );
    });
  }

  #field(name: string): HTMLInputElement | HTMLSelectElement {
    return this.#root.querySelector<HTMLInputElement | HTMLSelectElement>(
      `[name="${name}"]:not([data-cell])`,
    )!;
  }

  /** What goes wrong is said as the library says it. */
  async #attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
    say('tb-error', '');
    try {
      return await work();
    } catch (error) {
      const { name, message } = error as Error;
      say('tb-status', '');
      get('tb-error').replaceChildren(make('strong', {}, name), ` ${message}`);
      return undefined;
    }
  }

  async #openExample(name: string): Promise<void> {
    const { examples } = await import('./examples.js');
    const example = Object.entries(examples).find(([key]) => key === name)?.[1];
    if (!example) return say('tb-status', `There is no example ${name}.`);
    await this.#open({ name: example.name, text: example.text() }, name, this.#link.target ?? example.target);
  }

  async #open(source: Source, example: string | undefined, target?: string): Promise<void> {
    if (this.#training) await this.#client.ask('stop', undefined);
    for (const id of ['tb-columns', 'tb-train', 'tb-use', 'tb-keep']) get(id).hidden = true;
    say('tb-status', `Reading ${source.name} …`);
    const opened = await this.#attempt(() => this.#client.ask('open', source));
    if (!opened) return;
    this.#opened = opened;
    this.#prepared = undefined;
    this.#example = example;
    const { columns, name, notes, format } = opened;
    const wanted = target ?? this.#link.target;
    const guess =
      columns.find((one) => one === wanted) ?? columns.find((one) => TARGETS.test(one)) ?? columns.at(-1)!;
    this.#types = { ...this.#link.types };
    this.#field('target').replaceChildren(...columns.map((one) => new Option(one, one)));
    this.#field('target').value = guess;
    this.#field('task').value = this.#link.task ?? '';
    say(
      'tb-about',
      `${name}: ${plural(columns.length, 'column')}, read as ${[format, ...notes].join(', ')}.`,
    );
    showPreview(get('tb-preview'), opened);
    this.#root.classList.add('opened');
    get('tb-columns').hidden = false;
    await this.#prepare(this.#link.train);
  }

  /** What was chosen for training stays, where the table is the same. */
  async #prepare(given: Partial<TrainSettings> = this.#currentLink().train): Promise<void> {
    for (const id of ['tb-train', 'tb-use', 'tb-keep']) get(id).hidden = true;
    say('tb-status', 'Looking at its columns …');
    const task = this.#field('task').value as Task | '';
    const dropMissingTarget = (this.#field('dropMissingTarget') as HTMLInputElement).checked;
    const prepared = await this.#attempt(() =>
      this.#client.ask('prepare', {
        target: this.#field('target').value,
        task: task || undefined,
        types: this.#types,
        dropMissingTarget,
      }),
    );
    if (!prepared) {
      this.#prepared = undefined;
      return say('tb-found', 'Choose another column, or another type for the one that is named.');
    }
    this.#prepared = prepared;
    const { summary, suited } = prepared;
    say('tb-found', describe(summary));
    showColumns(get('tb-list'), summary, this.#types, (name, type) => {
      if (type) this.#types[name] = type;
      else delete this.#types[name];
      void this.#prepare();
    });
    this.#fill({ seed: 1, ...suited, ...given });
    this.#clearResults();
    get('tb-train').hidden = false;
    say('tb-status', `Ready: ${plural(summary.rows, 'row')}.`);
    this.#remember();
  }

  #fill(settings: TrainSettings): void {
    this.#field('hidden').value = settings.hidden.join('-') || 'none';
    for (const key of ['dropout', 'rate', 'batch', 'epochs', 'seed'] as const)
      this.#field(key).value = String(settings[key]);
  }

  #read(): TrainSettings | undefined {
    if (!get<HTMLFormElement>('tb-settings').reportValidity()) return undefined;
    const hidden = readHidden(this.#field('hidden').value);
    if (!hidden) return undefined;
    const number = (key: string) => Number(this.#field(key).value);
    return {
      hidden,
      dropout: number('dropout'),
      rate: number('rate'),
      batch: number('batch'),
      epochs: number('epochs'),
      seed: number('seed'),
    };
  }

  #currentLink(): TableLink {
    const settings = this.#prepared && this.#read();
    const usual: TrainSettings | undefined = this.#prepared && { seed: 1, ...this.#prepared.suited };
    const differ = Object.entries(settings ?? {}).filter(
      ([key, value]) => String(value) !== String(usual?.[key as keyof TrainSettings]),
    );
    return {
      example: this.#example,
      target: this.#opened && this.#field('target').value,
      task: (this.#field('task').value || undefined) as Task | undefined,
      types: this.#types,
      train: Object.fromEntries(differ),
    };
  }

  #remember(): void {
    const query = writeLink(this.#currentLink());
    this.#used = query.toString();
    writeRoute('table', query);
  }

  #clearResults(): void {
    this.#drawScatter = undefined;
    this.#curve.clear();
    for (const id of ['tb-figures', 'tb-detail']) get(id).replaceChildren();
    const classes = this.#prepared?.summary.target.kind === 'classification';
    say('tb-score-name', classes ? 'Test accuracy' : 'Test R²');
    say('tb-score', '–');
    say('tb-score-unit', classes ? ' %' : '');
    say('tb-score-note', 'of rows that it is never trained on');
  }

  async #train(): Promise<void> {
    const settings = this.#read();
    if (!settings || !this.#prepared) return;
    this.#clearResults();
    this.#remember();
    this.#setBusy(true);
    for (const id of ['tb-use', 'tb-keep']) get(id).hidden = true;
    say('tb-status', 'Training …');
    let said = 0;
    this.#client.onNews = ({ epoch, loss, validationLoss, score }) => {
      this.#curve.add(epoch, loss, validationLoss);
      const how =
        score === null ? '' : this.#isClasses ? `, ${percent(score)} right` : `, R² ${score.toFixed(3)}`;
      // Those who hear the page are not told of each epoch.
      if (performance.now() - said < 1000) return;
      said = performance.now();
      say(
        'tb-status',
        `Epoch ${epoch} of at most ${settings.epochs}${validationLoss === null ? '' : `: validation${how}`}.`,
      );
    };
    const trained = await this.#attempt(() => this.#client.ask('train', settings));
    this.#setBusy(false);
    if (trained) this.#showTrained(trained);
  }

  get #isClasses(): boolean {
    return this.#prepared?.summary.target.kind === 'classification';
  }

  #setBusy(busy: boolean): void {
    this.#training = busy;
    say('tb-go', busy ? 'Stop' : 'Train');
    const fields = '#tb-settings input, #tb-columns select, #tb-columns input, [data-example], #tb-choose';
    disable(this.#root, fields, busy);
  }

  #showTrained(trained: Trained): void {
    const { test, epochs, outcome, bestEpoch, seconds, rowsPerSecond, parameters, info } = trained;
    sayEngine('table', describeEngine(info));
    const ended = outcome === 'stoppedEarly' ? 'ended early' : outcome === 'aborted' ? 'stopped' : 'done';
    const kept =
      bestEpoch === undefined
        ? ''
        : ` The model has the weights of epoch ${bestEpoch}, the best on the rows that validate.`;
    say('tb-status', `Training ${ended} after ${plural(epochs, 'epoch')}.${kept}`);
    const figures: [name: string, value: string][] = [];
    if (test?.kind === 'classification') {
      say('tb-score', (100 * test.accuracy).toFixed(1));
      say(
        'tb-score-note',
        `of ${plural(test.size, 'row')} that it was never trained on; always the most frequent class: ${percent(test.baseline)}`,
      );
      figures.push(['Test loss', test.loss.toFixed(3)], ['F1, mean of classes', test.f1.toFixed(3)]);
      get('tb-detail').replaceChildren(confusionTable(test.confusion, test.classes));
    } else if (test) {
      say('tb-score', test.r2.toFixed(3));
      say(
        'tb-score-note',
        `of ${plural(test.size, 'row')} that it was never trained on; 1 is perfect, 0 no better than the mean`,
      );
      const short = (value: number) => Number(value.toPrecision(4)).toLocaleString('en');
      figures.push(['Mean absolute error', short(test.mae)], ['Root mean squared error', short(test.rmse)]);
      const { figure, draw } = scatter(test);
      this.#drawScatter = draw;
      get('tb-detail').replaceChildren(figure);
    } else {
      say('tb-score-note', 'too few rows for a test');
    }
    figures.push(
      ['Training', `${seconds.toFixed(2)} s`],
      ['Rows a second', epochs > 0 ? count(rowsPerSecond) : '–'],
      ['Parameters', count(parameters)],
      ['Epochs', count(epochs)],
    );
    get('tb-figures').replaceChildren(
      ...figures.map(([name, value]) => make('div', {}, make('dt', {}, name), make('dd', {}, value))),
    );
    const { columns } = this.#prepared!;
    const { columns: names, preview } = this.#opened!;
    get('tb-row')
      .querySelector('.fields')!
      .replaceChildren(...rowFields(columns, names, preview[0] ?? []));
    this.#root.querySelector('.tb-answer .name')!.textContent = `${this.#prepared!.summary.target.name} `;
    get('tb-shares').replaceChildren();
    for (const id of ['tb-use', 'tb-keep']) get(id).hidden = false;
    void this.#ask.run();
  }

  async #predict(): Promise<void> {
    const fields = [...get('tb-row').querySelectorAll<HTMLInputElement>('input')];
    const row = Object.fromEntries(fields.map(({ name, value }) => [name, value]));
    try {
      const { answer, probabilities, unknown, missing } = await this.#client.ask('predict', row);
      const number = Number(answer);
      say(
        'tb-answer',
        probabilities.length > 0 || Number.isNaN(number) ? answer : number.toLocaleString('en'),
      );
      shareList(get('tb-shares'), probabilities.slice(0, 8));
      const notes = [
        ...unknown.map((name) => `The value of ${name} did not occur in training.`),
        ...(missing.length > 0 ? [`Missing: ${missing.join(', ')}.`] : []),
      ];
      say('tb-ask-note', notes.join(' '));
    } catch (error) {
      say('tb-answer', '–');
      shareList(get('tb-shares'), []);
      say('tb-ask-note', (error as Error).message);
    }
  }

  async #lookAtReport(): Promise<void> {
    // At once: a window that opens later is taken for an advertisement.
    const view = window.open('', '_blank');
    const html = await this.#attempt(() => this.#client.ask('file', 'report'));
    if (html === undefined) return view?.close();
    const address = URL.createObjectURL(new Blob([html as string], { type: 'text/html' }));
    if (view) view.location.href = address;
    else say('tb-keep-status', 'The browser keeps the report from opening; save it instead.');
  }

  async #save(kind: KeptFile): Promise<void> {
    const bytes = await this.#attempt(() => this.#client.ask('file', kind));
    if (bytes === undefined || !this.#opened) return;
    const base = this.#opened.name.replace(/(\.\w+)+$/, '') || 'table';
    const name = { model: `${base}.safetensors`, onnx: `${base}.onnx`, report: `${base}-report.html` }[kind];
    saveFile(name, bytes as Uint8Array | string, kind === 'report' ? 'text/html' : undefined);
    say('tb-keep-status', `Saved as ${name}, ${count(bytes.length / 1000)} kB.`);
  }
}
