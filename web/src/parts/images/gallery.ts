/** The classes as cards: a name, its pictures, and ways to add more. */
import { make, plural } from '../../shared/dom.js';
import { onDrop } from '../../shared/drop.js';
import { paintPixels } from './pixels.js';

export const MAX_CLASSES = 8;
/** Pictures of a class: a camera makes many. */
const MAX_IMAGES = 1000;
/** Of them the last so many are shown. */
const SHOWN = 24;
/** Milliseconds between two pictures while one films. */
const FRAME = 120;

export interface GalleryEvents {
  readonly changed: () => void;
  /** Files for a class, dropped on its card or chosen. */
  readonly files: (card: ClassCard, files: readonly File[]) => void;
  readonly look: () => Uint8Array | undefined;
}

export class ClassCard {
  readonly element: HTMLLIElement;
  readonly images: Uint8Array[] = [];
  readonly #events: GalleryEvents;
  readonly #name = make('input', { type: 'text', maxlength: 40 });
  readonly #count = make('p', { class: 'note' });
  readonly #shown = make('div', { class: 'thumbs', 'aria-hidden': 'true' });
  readonly #film = make('button', { type: 'button' }, 'Hold to film');
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(name: string, events: GalleryEvents, remove: () => void) {
    this.#events = events;
    this.#name.value = name;
    this.#name.addEventListener('input', () => {
      this.#label();
      events.changed();
    });
    const file = make('input', {
      type: 'file',
      accept: 'image/*',
      multiple: true,
      class: 'hidden',
      tabindex: -1,
    });
    const choose = make('button', { type: 'button' }, 'Add files');
    const drop = make('button', { type: 'button', class: 'small' }, '×');
    file.addEventListener('change', () => {
      events.files(this, [...(file.files ?? [])]);
      file.value = '';
    });
    choose.addEventListener('click', () => file.click());
    drop.addEventListener('click', () => remove());
    this.#listenToFilm();
    const head = make('div', { class: 'im-head' }, this.#name, drop);
    const buttons = make('div', { class: 'buttons' }, choose, this.#film);
    this.element = make('li', { class: 'im-class' }, head, this.#shown, this.#count, buttons, file);
    this.#labels = { name: this.#name, choose, drop, film: this.#film, file };
    this.#label();
    this.filming(false);
    this.update();
    onDrop(this.element, (files) =>
      events.files(
        this,
        files.map((one) => one.file),
      ),
    );
  }

  readonly #labels: Readonly<Record<'name' | 'choose' | 'drop' | 'film' | 'file', HTMLElement>>;

  get name(): string {
    return this.#name.value.trim();
  }

  /** Whether the camera is there. */
  filming(possible: boolean): void {
    this.#film.disabled = !possible;
    this.#film.hidden = !possible;
    if (!possible) this.#end();
  }

  add(images: readonly Uint8Array[]): void {
    this.images.push(...images.slice(0, MAX_IMAGES - this.images.length));
    this.update();
    this.#events.changed();
  }

  update(): void {
    const last = this.images.slice(-SHOWN);
    while (this.#shown.children.length > last.length) this.#shown.lastElementChild!.remove();
    while (this.#shown.children.length < last.length) this.#shown.append(make('canvas', {}));
    for (const [i, pixels] of last.entries())
      paintPixels(this.#shown.children[i] as HTMLCanvasElement, pixels);
    const { length } = this.images;
    this.#count.textContent = length === 0 ? 'No pictures yet: drop some here' : plural(length, 'picture');
  }

  /** What is read out says which class it is of. */
  #label(): void {
    const of = this.name || 'this class';
    const words = {
      name: 'Name of the class',
      choose: `Add files to ${of}`,
      drop: `Remove ${of}`,
      film: `Hold to film ${of}`,
      file: `Pictures of ${of}`,
    };
    for (const key of Object.keys(words) as (keyof typeof words)[]) {
      this.#labels[key].setAttribute('aria-label', words[key]);
    }
  }

  /** As long as it is held, by pointer or key; once where it is pressed by other means. */
  #listenToFilm(): void {
    const isKey = ({ key }: KeyboardEvent) => key === ' ' || key === 'Enter';
    this.#film.addEventListener('pointerdown', (event) => {
      this.#film.setPointerCapture(event.pointerId);
      this.#begin();
    });
    for (const name of ['pointerup', 'pointercancel', 'lostpointercapture', 'blur'] as const) {
      this.#film.addEventListener(name, () => this.#end());
    }
    this.#film.addEventListener('contextmenu', (event) => event.preventDefault());
    this.#film.addEventListener('keydown', (event) => {
      if (!isKey(event)) return;
      event.preventDefault();
      if (!event.repeat) this.#begin();
    });
    this.#film.addEventListener('keyup', (event) => isKey(event) && this.#end());
    this.#film.addEventListener('click', ({ detail, pointerType }: MouseEvent & { pointerType?: string }) => {
      if (detail === 0 && !pointerType) this.#take();
    });
  }

  #begin(): void {
    this.#end();
    this.#take();
    this.#timer = setInterval(() => this.#take(), FRAME);
  }

  #take(): void {
    const pixels = this.#events.look();
    if (pixels) this.add([pixels]);
  }

  #end(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

export class Gallery {
  readonly #list: HTMLElement;
  readonly #events: GalleryEvents;
  readonly cards: ClassCard[] = [];
  #filming = false;

  constructor(list: HTMLElement, events: GalleryEvents) {
    this.#list = list;
    this.#events = events;
  }

  /** A class of this name, or a new one; undefined where there are as many as there may be. */
  card(name: string): ClassCard | undefined {
    const found = this.cards.find((one) => one.name === name);
    if (found || this.cards.length >= MAX_CLASSES) return found;
    const card = new ClassCard(name, this.#events, () => this.#remove(card));
    card.filming(this.#filming);
    this.cards.push(card);
    this.#list.append(card.element);
    this.#events.changed();
    return card;
  }

  clear(): void {
    this.cards.length = 0;
    this.#list.replaceChildren();
  }

  filming(possible: boolean): void {
    this.#filming = possible;
    for (const card of this.cards) card.filming(possible);
  }

  #remove(card: ClassCard): void {
    this.cards.splice(this.cards.indexOf(card), 1);
    card.element.remove();
    this.#list.querySelector<HTMLInputElement>('input[type=text]')?.focus();
    this.#events.changed();
  }
}
