/** The part of the visitor's own images: classes of pictures, a network that learns them, and its guesses. */
import '../../style/results.css';
import './images.css';
import { lossCurve } from '../../shared/charts.js';
import { count, disable, fill, get, plural, saveFile, say } from '../../shared/dom.js';
import { type DroppedFile, onDrop } from '../../shared/drop.js';
import { describeEngine, sayEngine } from '../../shared/engine.js';
import { Latest } from '../../shared/latest.js';
import { shareList } from '../../shared/results.js';
import { copyLink, type Part, writeRoute } from '../../shared/route.js';
import { WorkerClient } from '../../shared/rpc.js';
import { Camera } from './camera.js';
import { type ClassCard, Gallery, MAX_CLASSES } from './gallery.js';
import { markup } from './markup.js';
import { drawShape, paintPixels, type ShapeName, shapes } from './pixels.js';
import type { Calls, KeptFile, News } from './protocol.js';
import { type Link, readForm, readLink, type Settings, writeForm, writeLink } from './settings.js';

/** Drawings of a class of the example. */
const DRAWINGS = 40;
/** Milliseconds between two looks at what the camera sees. */
const GLANCE = 120;

export function open(root: HTMLElement): Part {
  fill(root, markup);
  return new ImagesPart(root);
}

class ImagesPart implements Part {
  readonly #root: HTMLElement;
  readonly #form = get<HTMLFormElement>('im-settings');
  readonly #camera = new Camera(get('im-video'));
  readonly #gallery: Gallery;
  readonly #curve = lossCurve('im-chart', 3);
  readonly #guess = new Latest(() => this.#predict());
  readonly #client = new WorkerClient<Calls, News>(
    new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' }),
  );
  /** Names of the classes that the trainer's network tells apart. */
  #classNames: readonly string[] = [];
  #training = false;
  #example = false;
  #seen: Uint8Array | undefined;
  #glance: ReturnType<typeof setInterval> | undefined;
  #drawn = 10_000;
  #used: string | undefined;

  constructor(root: HTMLElement) {
    this.#root = root;
    this.#gallery = new Gallery(get('im-classes'), {
      changed: () => this.#changed(),
      files: (card, files) => void this.#addFiles([[card, files]]),
      look: () => this.#camera.look(),
    });
    sayEngine('images', 'in a worker of this page');
    this.#listen();
  }

  show(query: URLSearchParams): void {
    if (this.#training) void this.#client.ask('resume', undefined);
    if (query.toString() === this.#used || this.#training) return;
    this.#used = query.toString();
    const link = readLink(query);
    writeForm(this.#form, link);
    this.#gallery.clear();
    this.#example = false;
    if (link.example) this.#drawExample();
    else
      for (const name of link.classes.length > 0 ? link.classes : ['first', 'second'])
        this.#gallery.card(name);
  }

  hide(): void {
    this.#stopCamera();
    if (this.#training) void this.#client.ask('pause', undefined);
  }

  #listen(): void {
    const on = (id: string, run: () => void) => get(id).addEventListener('click', run);
    const chosen = (id: string, take: (files: readonly File[]) => void) => {
      const input = get<HTMLInputElement>(id);
      input.addEventListener('change', () => {
        take([...(input.files ?? [])]);
        input.value = '';
      });
      return () => input.click();
    };
    on('im-camera', () => void (this.#camera.on ? this.#stopCamera() : this.#startCamera()));
    on(
      'im-folder',
      chosen('im-folder-file', (files) => {
        const withFolders = files.map((file) => ({
          file,
          folders: file.webkitRelativePath.split('/').slice(0, -1),
        }));
        void this.#addDropped(withFolders);
      }),
    );
    on('im-example', () => this.#drawExample());
    on('im-add', () => this.#gallery.card(`class ${this.#gallery.cards.length + 1}`));
    on(
      'im-try-file',
      chosen('im-try-input', ([file]) => file && void this.#tryFile(file)),
    );
    on('im-try-shape', () => this.#tryShape());
    on('im-share', async () => {
      const link = this.#link();
      if (link)
        say(
          'im-keep-status',
          await copyLink(
            'images',
            writeLink(link),
            link.example ? ' and the example' : ' and the classes’ names, and no pictures',
          ),
        );
    });
    onDrop(this.#root, (files) => void this.#addDropped(files));
    onDrop(get('im-try'), ([first]) => first && void this.#tryFile(first.file));
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      if (this.#training) void this.#client.ask('stop', undefined);
      else void this.#train();
    });
    this.#form.addEventListener('change', () => this.#remember());
    for (const button of this.#root.querySelectorAll<HTMLButtonElement>('[data-keep]')) {
      button.addEventListener('click', () => void this.#save(button.dataset.keep as KeptFile));
    }
  }

  /** Another class, name or number of pictures. */
  #changed(): void {
    const { cards } = this.#gallery;
    get<HTMLButtonElement>('im-add').disabled = cards.length >= MAX_CLASSES;
    const problem = this.#problem();
    get<HTMLButtonElement>('im-go').disabled = problem !== undefined && !this.#training;
    const all = cards.reduce((sum, { images }) => sum + images.length, 0);
    if (!this.#training)
      say('im-status', problem ?? `Ready: ${plural(all, 'picture')} of ${cards.length} classes.`);
    if (this.#used !== undefined) this.#remember();
  }

  /** Why it cannot be trained yet. */
  #problem(): string | undefined {
    const { cards } = this.#gallery;
    if (cards.length < 2) return 'It takes two classes at least.';
    const empty = cards.find(({ images }) => images.length === 0);
    if (empty) return `${empty.name || 'A class'} has no pictures yet. A dozen of each class is a beginning.`;
    const names = cards.map(({ name }) => name);
    if (names.includes('')) return 'A class has no name.';
    if (new Set(names).size < names.length) return 'Two classes have the same name.';
    return undefined;
  }

  #link(): Link | undefined {
    const settings = readForm(this.#form);
    return (
      settings && {
        ...settings,
        example: this.#example,
        classes: this.#gallery.cards.map(({ name }) => name),
      }
    );
  }

  #remember(): void {
    if (!this.#form.checkValidity()) return;
    const query = writeLink(this.#link()!);
    this.#used = query.toString();
    writeRoute('images', query);
  }

  async #addFiles(groups: readonly (readonly [ClassCard, readonly File[]])[]): Promise<void> {
    const problems: string[] = [];
    say('im-error', '');
    this.#example = false;
    for (const [card, files] of groups) {
      if (files.length === 0) continue;
      say('im-status', `Reading ${plural(files.length, 'file')} of ${card.name} …`);
      const read = await this.#readPictures(files);
      problems.push(...read.problems);
      card.add(read.images);
    }
    this.#changed();
    const shown = problems.slice(0, 3);
    if (problems.length > 3) shown.push(`and ${problems.length - 3} more`);
    if (problems.length > 0) say('im-error', `Left out: ${shown.join('; ')}.`);
  }

  /** What is wrong with all of them is said as what is wrong with some. */
  #readPictures(files: readonly File[]): Promise<Calls['read']['gives']> {
    const failed = ({ message }: Error) => ({ images: [], problems: [message] });
    return this.#client.ask('read', files).catch(failed);
  }

  /** What was dropped beside the cards: a folder is a class; pictures by themselves are of the first empty class. */
  async #addDropped(files: readonly DroppedFile[]): Promise<void> {
    const folders = new Map<string, File[]>();
    for (const { file, folders: around } of files) {
      if (file.name.startsWith('.')) continue;
      const name = around.at(-1) ?? '';
      folders.set(name, [...(folders.get(name) ?? []), file]);
    }
    const named = [...folders.keys()].some((name) => name !== '');
    // Cards that nobody has touched make way for those that the folders name.
    if (named && this.#gallery.cards.every(({ images }) => images.length === 0)) this.#gallery.clear();
    const groups = [...folders].flatMap(([name, own]) => {
      const { cards } = this.#gallery;
      const card = name
        ? this.#gallery.card(name)
        : (cards.find(({ images }) => images.length === 0) ?? cards[0]);
      return card ? [[card, own] as const] : [];
    });
    if (groups.length < folders.size)
      say('im-error', `There are more folders than classes that there may be: ${MAX_CLASSES}.`);
    await this.#addFiles(groups);
  }

  #drawExample(): void {
    this.#gallery.clear();
    for (const [i, name] of (Object.keys(shapes) as ShapeName[]).entries()) {
      const drawings = Array.from({ length: DRAWINGS }, (_, j) => drawShape(name, i * 1000 + j));
      this.#gallery.card(name)?.add(drawings);
    }
    this.#example = true;
    get('im-try-shape').hidden = false;
    this.#changed();
  }

  async #train(): Promise<void> {
    const settings = readForm(this.#form);
    if (!settings || this.#problem()) return;
    this.#setBusy(true);
    say('im-error', '');
    this.#curve.clear();
    try {
      await this.#run(settings);
    } catch (error) {
      say('im-error', `It stopped: ${(error as Error).message}`);
      say('im-status', '');
    } finally {
      this.#setBusy(false);
    }
  }

  async #run(settings: Settings): Promise<void> {
    const classes = this.#gallery.cards.map(({ name, images }) => ({ name, images }));
    say('im-status', 'Building the network …');
    this.#client.onNews = (news) => {
      if (news.kind === 'begin') this.#classNames = classes.map(({ name }) => name);
      this.#showNews(news, settings);
    };
    const { epochs, stopped, best } = await this.#client.ask('train', { classes, settings });
    disable(this.#root, '[data-keep]', false);
    if (best) say('im-score', (100 * best.accuracy).toFixed(1));
    const whose = best ? ` The network has the weights of epoch ${best.epoch}, the best.` : '';
    const right = epochs > 0 ? `: ${get('im-score').textContent} % right` : '';
    say(
      'im-status',
      `${stopped ? 'Stopped' : 'Done'} after ${plural(epochs, 'epoch')}${right}.${whose} Show it something.`,
    );
    if (this.#example && !this.#seen) this.#tryShape();
    void this.#guess.run();
  }

  #showNews(news: News, settings: Settings): void {
    if (news.kind === 'progress') say('im-speed', count(news.imagesPerSecond));
    if (news.kind === 'epoch') {
      const { epoch, loss, validationLoss, accuracy } = news;
      this.#curve.add(epoch, loss, validationLoss);
      say('im-epoch', `${epoch} of ${settings.epochs}`);
      say('im-loss', loss.toFixed(3));
      say('im-score', (100 * accuracy).toFixed(1));
      void this.#guess.run();
      return;
    }
    if (news.kind !== 'begin') return;
    const { train, validation, parameters, info } = news;
    sayEngine('images', describeEngine(info));
    say('im-parameters', count(parameters));
    say('im-score-name', validation > 0 ? 'Validation accuracy' : 'Training accuracy');
    const few = 'of the pictures that it is trained on: with five of each class, some are kept to validate';
    say(
      'im-score-note',
      validation > 0 ? `of ${plural(validation, 'picture')} that it is not trained on` : few,
    );
    say('im-status', `Training on ${plural(train, 'picture')} …`);
  }

  #setBusy(busy: boolean): void {
    this.#training = busy;
    say('im-go', busy ? 'Stop' : 'Train');
    const fields = '#im-settings input, .im-tools button:not(#im-camera), .im-data button, .im-data input';
    disable(this.#root, fields, busy);
    // What is possible with the classes as they are, and with the camera.
    if (!busy) get<HTMLButtonElement>('im-add').disabled = this.#gallery.cards.length >= MAX_CLASSES;
    this.#gallery.filming(this.#camera.on && !busy);
  }

  async #startCamera(): Promise<void> {
    say('im-error', '');
    try {
      await this.#camera.start();
    } catch (error) {
      return say('im-error', (error as Error).message);
    }
    get('im-video').hidden = false;
    say('im-camera', 'Stop the camera');
    get('im-camera').setAttribute('aria-pressed', 'true');
    this.#gallery.filming(!this.#training);
    this.#look();
  }

  #stopCamera(): void {
    if (!this.#camera.on) return;
    clearInterval(this.#glance);
    this.#camera.stop();
    get('im-video').hidden = true;
    say('im-camera', 'Use the camera');
    get('im-camera').setAttribute('aria-pressed', 'false');
    this.#gallery.filming(false);
  }

  /** Looks again and again. */
  #look(): void {
    clearInterval(this.#glance);
    this.#glance = setInterval(() => {
      const pixels = this.#camera.look();
      if (pixels) this.#showTo(pixels);
    }, GLANCE);
  }

  async #tryFile(file: File): Promise<void> {
    const { images, problems } = await this.#readPictures([file]);
    say('im-error', problems.length > 0 ? `Left out: ${problems.join('; ')}.` : '');
    if (images[0]) this.#showTo(images[0]);
  }

  #tryShape(): void {
    const names = Object.keys(shapes) as ShapeName[];
    this.#drawn++;
    this.#showTo(drawShape(names[Math.floor(Math.random() * names.length)], this.#drawn));
  }

  #showTo(pixels: Uint8Array): void {
    this.#seen = pixels;
    paintPixels(get('im-seen'), pixels);
    void this.#guess.run();
  }

  async #predict(): Promise<void> {
    const names = this.#classNames;
    if (!this.#seen) return;
    const shares = await this.#client.ask('predict', this.#seen);
    if (!shares) return this.#answer('It has not been trained yet');
    if (names !== this.#classNames) return;
    const found = names.map((name, i) => ({ name, share: shares[i] }));
    shareList(get('im-shares'), found);
    const best = found.reduce((most, one) => (one.share > most.share ? one : most));
    this.#answer(`Looks like ${best.name}`);
  }

  /** Only what changes is read out. */
  #answer(text: string): void {
    if (get('im-answer').textContent !== text) say('im-answer', text);
  }

  async #save(kind: KeptFile): Promise<void> {
    try {
      const bytes = await this.#client.ask('file', kind);
      const name = kind === 'model' ? 'images.safetensors' : 'images.onnx';
      saveFile(name, bytes);
      say('im-keep-status', `Saved as ${name}, ${count(bytes.length / 1000)} kB.`);
    } catch (error) {
      say('im-keep-status', (error as Error).message);
    }
  }
}
