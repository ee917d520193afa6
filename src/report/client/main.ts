/**
 * The script that runs inside a report: it draws the charts whose numbers stand beside it, and keeps them
 * fitted to the window, the colour scheme and paper. The build bundles it into the package as text
 * (assembly/report.mjs).
 */
import type { ChartData } from '../charts.js';
import { plotOf } from './charts.js';

interface View {
  readonly chart: ChartData;
  readonly holder: HTMLElement;
  logarithmic: boolean;
  plot?: uPlot;
}

const page = document.documentElement;
const charts: ChartData[] = JSON.parse(document.getElementById('charts')?.textContent ?? '[]');
const views: View[] = charts.flatMap((chart) => {
  const holder = document.getElementById(`plot-${chart.id}`);
  return holder ? [{ chart, holder, logarithmic: false }] : [];
});

function size({ holder }: View) {
  const height = page.classList.contains('printing') ? 230 : 280;
  return { width: Math.max(200, Math.floor(holder.clientWidth)), height };
}

function draw(view: View): void {
  const { chart, holder, logarithmic } = view;
  const { width, height } = size(view);
  view.plot?.destroy();
  const shown = logarithmic ? { ...chart, y: { ...chart.y, log: 10 as const } } : chart;
  view.plot = new uPlot(...plotOf(shown, width, height), holder);
}

function fit(view: View): void {
  const wanted = size(view);
  if (view.plot && wanted.width !== view.plot.width) view.plot.setSize(wanted);
}

function print(printing: boolean): void {
  page.classList.toggle('printing', printing);
  if (printing) for (const details of document.querySelectorAll('details')) details.open = true;
  views.forEach(draw);
}

views.forEach(draw);
/** Tables that are wider than the page say so: on many screens nothing else shows that there is more. */
function tellWidth(): void {
  for (const box of document.querySelectorAll<HTMLElement>('.scroll')) {
    const before = box.previousElementSibling;
    const said = before?.className === 'scrolls' ? before : undefined;
    if (box.scrollWidth <= box.clientWidth) said?.remove();
    else if (!said) {
      const words = document.createElement('p');
      words.className = 'scrolls';
      words.textContent = 'This table is wider than the page: it scrolls sideways.';
      box.before(words);
    }
  }
}

tellWidth();
// In the next frame: resizing what is observed within the callback would report a loop.
const observer = new ResizeObserver(() =>
  requestAnimationFrame(() => {
    views.forEach(fit);
    tellWidth();
  }),
);
for (const { holder } of views) observer.observe(holder);
observer.observe(page);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => views.forEach(draw));
// Paper is light and narrower; a canvas cannot reflow by itself, so it is drawn again at the width of a page.
addEventListener('beforeprint', () => print(true));
addEventListener('afterprint', () => print(false));

for (const view of views) {
  const button = document.getElementById(`log-${view.chart.id}`);
  const positive = view.chart.lines.some(({ values }) =>
    values.some((value) => typeof value === 'number' && value > 0),
  );
  if (!button || !positive) continue;
  button.hidden = false;
  button.addEventListener('click', () => {
    view.logarithmic = !view.logarithmic;
    button.setAttribute('aria-pressed', String(view.logarithmic));
    draw(view);
  });
}
