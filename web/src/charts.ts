/**
 * The two live curves, by epoch: means of the last tenth of a second in training, the test set after each
 * epoch.
 */
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

type Column = (number | null)[];

export class Curve {
  readonly #element: HTMLElement;
  readonly #range: (min: number, max: number) => [number, number];
  readonly #format: (value: number) => string;
  #data: [number[], Column, Column] = [[], [], []];
  #plot: uPlot | undefined;
  #scheduled = false;

  constructor(
    element: HTMLElement,
    range: (min: number, max: number) => [number, number],
    format: (value: number) => string,
  ) {
    this.#element = element;
    this.#range = range;
    this.#format = format;
    new ResizeObserver(() => {
      this.#plot?.setSize({ width: element.clientWidth, height: element.clientHeight });
    }).observe(element);
    this.restyle();
  }

  clear(): void {
    this.#data = [[], [], []];
    this.#update();
  }

  addTraining(epoch: number, value: number): void {
    this.#add(epoch, value, null);
  }

  addTest(epoch: number, value: number): void {
    this.#add(epoch, null, value);
  }

  #add(epoch: number, train: number | null, test: number | null): void {
    const [xs, trains, tests] = this.#data;
    xs.push(epoch);
    trains.push(train);
    tests.push(test);
    this.#update();
  }

  #update(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      this.#plot?.setData(this.#data);
    });
  }

  /** Draws anew in the colours of now. */
  restyle(): void {
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
          { ...axis, grid: { show: false }, size: 28 },
          { ...axis, size: 44, values: (_, values) => values.map(this.#format) },
        ],
        series: [
          {},
          { stroke: colour('--train'), width: 1.5, spanGaps: true, points: { show: false } },
          {
            stroke: colour('--test'),
            width: 2,
            spanGaps: true,
            points: { show: true, size: 5, fill: colour('--test') },
          },
        ],
      },
      this.#data,
      this.#element,
    );
  }
}
