/** The drawing pad: strokes by pointer or keyboard. */
import type { Point } from './digit.js';

/** Width of a line, and length of a step by arrow key, as shares of the pad. */
const WIDTH = 0.075;
const STEP = 0.04;

const arrows: Record<string, readonly [number, number]> = {
  ArrowLeft: [-STEP, 0],
  ArrowRight: [STEP, 0],
  ArrowUp: [0, -STEP],
  ArrowDown: [0, STEP],
};

export class Pad {
  readonly #canvas: HTMLCanvasElement;
  readonly #changed: (strokes: readonly (readonly Point[])[]) => void;
  #strokes: Point[][] = [];
  #drawing = false;
  /** The pen of the keyboard. */
  #pen: Point = { x: 0.5, y: 0.25 };
  #penDown = false;
  #penShown = false;

  constructor(canvas: HTMLCanvasElement, changed: (strokes: readonly (readonly Point[])[]) => void) {
    this.#canvas = canvas;
    this.#changed = changed;
    canvas.addEventListener('pointerdown', (event) => this.#begin(event));
    canvas.addEventListener('pointermove', (event) => this.#move(event));
    for (const name of ['pointerup', 'pointercancel'] as const) {
      canvas.addEventListener(name, () => {
        this.#drawing = false;
      });
    }
    canvas.addEventListener('keydown', (event) => this.#key(event));
    canvas.addEventListener('blur', () => {
      this.#penShown = false;
      this.#penDown = false;
      this.draw();
    });
  }

  clear(): void {
    this.#strokes = [];
    this.#penDown = false;
    this.#update();
  }

  #begin(event: PointerEvent): void {
    if (event.button !== 0) return;
    event.preventDefault();
    this.#canvas.focus({ preventScroll: true });
    this.#penShown = false;
    this.#canvas.setPointerCapture(event.pointerId);
    this.#drawing = true;
    this.#strokes.push([this.#at(event)]);
    this.#update();
  }

  #move(event: PointerEvent): void {
    if (!this.#drawing) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length > 0 ? events : [event]) this.#strokes.at(-1)?.push(this.#at(each));
    this.#update();
  }

  #key(event: KeyboardEvent): void {
    const arrow = arrows[event.key];
    if (arrow) {
      const clamp = (value: number) => Math.max(0, Math.min(1, value));
      this.#pen = { x: clamp(this.#pen.x + arrow[0]), y: clamp(this.#pen.y + arrow[1]) };
      if (this.#penDown) this.#strokes.at(-1)?.push(this.#pen);
    } else if (event.key === ' ') {
      this.#penDown = !this.#penDown;
      if (this.#penDown) this.#strokes.push([this.#pen]);
    } else if (event.key === 'Escape') {
      this.clear();
      return;
    } else {
      return;
    }
    event.preventDefault();
    this.#penShown = true;
    this.#update();
  }

  #at(event: PointerEvent): Point {
    const box = this.#canvas.getBoundingClientRect();
    return { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height };
  }

  #update(): void {
    this.draw();
    this.#changed(this.#strokes);
  }

  draw(): void {
    const context = this.#canvas.getContext('2d')!;
    const { width, height } = this.#canvas;
    context.clearRect(0, 0, width, height);
    context.strokeStyle = '#fff';
    context.lineWidth = WIDTH * width;
    context.lineCap = 'round';
    context.lineJoin = 'round';
    for (const stroke of this.#strokes) {
      context.beginPath();
      context.moveTo(stroke[0].x * width, stroke[0].y * height);
      for (const { x, y } of stroke) context.lineTo(x * width, y * height);
      context.stroke();
    }
    if (!this.#penShown) return;
    context.beginPath();
    context.arc(this.#pen.x * width, this.#pen.y * height, WIDTH * width * 0.7, 0, 2 * Math.PI);
    context.lineWidth = 4;
    context.strokeStyle = this.#penDown ? '#f0a35c' : '#7db0f5';
    context.stroke();
  }
}
