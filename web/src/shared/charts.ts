/**
 * A live chart of two curves, of training and test. Those of the digits are by epoch: means of the last tenth
 * of a second in training, the test set after each epoch.
 */
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { get, withNextPicture } from './dom.js';

type Column = (number | null)[];

const darkness = matchMedia('(prefers-color-scheme: dark)');

export class Curve {
  readonly #element: HTMLElement;
  readonly #range: (min: number, max: number) => [number, number];
  readonly #format: (value: number) => string;
  readonly #dots: boolean;
  #data: [number[], Column, Column] = [[], [], []];
  #plot: uPlot | undefined;
  readonly #update = withNextPicture(() => this.#plot?.setData(this.#data));

  constructor(
    element: HTMLElement,
    range: (min: number, max: number) => [number, number],
    format: (value: number) => string,
    dots = true,
  ) {
    this.#dots = dots;
    this.#element = element;
    this.#range = range;
    this.#format = format;
    new ResizeObserver(() => {
      const { clientWidth: width, clientHeight: height } = element;
      // Nothing is drawn in a part that is not to be seen.
      if (width > 0) this.#plot?.setSize({ width, height });
    }).observe(element);
    darkness.addEventListener('change', () => this.#restyle());
    this.#restyle();
  }

  clear(): void {
    this.#data = [[], [], []];
    this.#update();
  }

  /** A point of each curve that has one. */
  add(x: number, train: number | null, test: number | null): void {
    const [xs, trains, tests] = this.#data;
    xs.push(x);
    trains.push(train);
    tests.push(test);
    this.#update();
  }

  /** Leaves out every second point, so that a training without an end does not fill the memory. */
  thin(most: number): void {
    const [xs] = this.#data;
    if (xs.length <= most) return;
    const half = <T>(column: T[]) => column.filter((_, i) => i % 2 === 0 || i === column.length - 1);
    const [all, trains, tests] = this.#data;
    this.#data = [half(all), half(trains), half(tests)];
  }

  /** Draws anew in the colours of now. */
  #restyle(): void {
    this.#plot?.destroy();
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    const axis = {
      stroke: colour('--muted'),
      grid: { stroke: colour('--rule'), width: 1 },
      ticks: { show: false },
      font: '12px system-ui, sans-serif',
    };
    this.#plot = new uPlot(
      {
        width: this.#element.clientWidth,
        height: this.#element.clientHeight,
        legend: { show: false },
        cursor: { show: false },
        scales: {
          x: { time: false, range: (_, min, max) => [Math.min(0, min ?? 0), Math.max(1, max ?? 1)] },
          y: { range: (_, min, max) => this.#range(min ?? 0, max ?? 1) },
        },
        axes: [
          { ...axis, grid: { show: false }, size: 28, values: (_, values) => values.map(short) },
          { ...axis, size: 44, values: (_, values) => values.map(this.#format) },
        ],
        series: [
          {},
          { stroke: colour('--train'), width: 1.5, spanGaps: true, points: { show: false } },
          {
            stroke: colour('--test'),
            width: 2,
            spanGaps: true,
            points: this.#dots ? { show: true, size: 5, fill: colour('--test') } : { show: false },
          },
        ],
      },
      this.#data,
      this.#element,
    );
  }
}

/** Of losses, up to `most` at the most: the first steps are off the scale, or nothing else could be told apart. */
export function lossCurve(id: string, most: number): Curve {
  const short = (value: number) => String(Number(value.toFixed(2)));
  return new Curve(get(id), (_, max) => [0, Math.min(max, most) * 1.05], short, false);
}

/** 12,000 as 12k: numbers of steps are long. */
function short(value: number): string {
  if (value >= 1e6) return `${value / 1e6}M`;
  return value >= 10_000 ? `${value / 1000}k` : String(value);
}
