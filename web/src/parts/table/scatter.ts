/** Predicted over actual values of the test rows: on the line they would be right. */
import { make } from '../../shared/dom.js';
import type { NumberTest } from './protocol.js';

const SIZE = 360;
const PAD = 12;

export function scatter({ actual, predicted }: NumberTest): { figure: HTMLElement; draw: () => void } {
  const canvas = make('canvas', {
    role: 'img',
    'aria-label':
      'Each test row: what was predicted, upwards, over what it is, to the right; the line is where both are equal',
  });
  const zoom = Math.min(2, devicePixelRatio);
  Object.assign(canvas, { width: SIZE * zoom, height: SIZE * zoom });
  const all = [...actual, ...predicted];
  const low = all.reduce((least, value) => Math.min(least, value), Infinity);
  const high = all.reduce((most, value) => Math.max(most, value), -Infinity);
  const short = (value: number) => Number(value.toPrecision(3)).toLocaleString('en');
  const figure = make(
    'figure',
    { class: 'scatter' },
    make('figcaption', {}, 'Predicted over actual, of the test rows'),
    canvas,
    make('p', { class: 'note' }, `Both from ${short(low)} to ${short(high)}; on the line they are equal.`),
  );
  const at = (value: number) => PAD + ((SIZE - 2 * PAD) * (value - low)) / (high - low || 1);
  const draw = () => {
    const style = getComputedStyle(document.documentElement);
    const context = canvas.getContext('2d')!;
    context.setTransform(zoom, 0, 0, zoom, 0, 0);
    context.clearRect(0, 0, SIZE, SIZE);
    context.strokeStyle = style.getPropertyValue('--muted');
    context.beginPath();
    context.moveTo(PAD, SIZE - PAD);
    context.lineTo(SIZE - PAD, PAD);
    context.stroke();
    context.fillStyle = `rgb(${style.getPropertyValue('--train-rgb')} / 0.6)`;
    for (let i = 0; i < actual.length; i++) {
      context.beginPath();
      context.arc(at(actual[i]), SIZE - at(predicted[i]), 3, 0, 2 * Math.PI);
      context.fill();
    }
  };
  draw();
  return { figure, draw };
}
