/** The line that `fit` shows on a terminal: when there is one, what it says, and that nothing of it is left. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { progressLine } from '../../src/base/platform/progress-line.js';
import { fit } from '../../src/train/fit.js';
import { basic, net, strict } from './fit-setting.js';
import { clouds } from './sets.js';

const written: string[] = [];
const terminal = { isTTY: true, columns: 100, write: (text: string) => written.push(text) };
let now = 0;

beforeEach(() => {
  written.length = 0;
  now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  vi.stubEnv('TERM', 'xterm');
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

test('after half a second it is drawn, erased before an epoch is told, and ends as a summary', () => {
  const line = progressLine([{}], { ...terminal, columns: 140 })!;
  line.onTrainBegin({ epochs: 2, stepsPerEpoch: 10 });
  now = 400;
  line.onStep({ step: 4, epoch: 1, loss: 0.5 });
  expect(written).toEqual([]);
  now = 500;
  line.onStep({ step: 5, epoch: 1, loss: 0.25 });
  expect(written).toEqual([
    `\repoch 1/2  ${'█'.repeat(6)}${'░'.repeat(18)} 25 %  loss 0.2500  0:02 left\x1b[K`,
  ]);
  now = 550;
  line.onStep({ step: 6, epoch: 1, loss: 0.25 });
  expect(written.length).toBe(1);
  line.onEpoch({ loss: 0.3, accuracy: 0.9, validation: { loss: 0.4, accuracy: 0.85 } });
  expect(written[1]).toBe('\r\x1b[K');
  now = 1100;
  line.onStep({ step: 11, epoch: 2, loss: 0.25 });
  expect(written[2]).toContain(
    '  loss 0.3000  accuracy 90.0 %  validation loss 0.4000  validation accuracy 85.0 %',
  );
  line.onEpoch({ loss: 0.00001, accuracy: Number.NaN });
  now = 2000;
  line.onTrainEnd({ epochs: [1, 2] });
  expect(written.slice(3)).toEqual(['\r\x1b[K', '2 epochs in 0:02  loss 1.00e-5\n']);
  line.dispose();
  expect(written.length).toBe(5);
});

test('what goes on from a checkpoint is reckoned by its own steps', () => {
  const line = progressLine([], terminal)!;
  line.onTrainBegin({ epochs: 2, stepsPerEpoch: 10, resumed: { step: 10 } });
  now = 1000;
  line.onStep({ step: 15, epoch: 2, loss: 1 });
  expect(written[0]).toMatch(/75 % {2}loss 1\.0000 {2}0:01 left/);
});

test('parts that do not fit into the terminal are left out', () => {
  const line = progressLine([], { ...terminal, columns: 30 })!;
  line.onTrainBegin({ epochs: 1, stepsPerEpoch: 10 });
  now = 1000;
  line.onStep({ step: 5, epoch: 1, loss: 1 });
  expect(written).toEqual(['\repoch 1/1  loss 1.0000\x1b[K']);
});

test('training that is short shows nothing', () => {
  const line = progressLine([], terminal)!;
  line.onTrainBegin({ epochs: 1, stepsPerEpoch: 1 });
  line.onStep({ step: 1, epoch: 1, loss: 1 });
  line.onEpoch({ loss: 1, accuracy: 1 });
  line.onTrainEnd({ epochs: [1] });
  expect(written).toEqual([]);
});

test('none without a terminal, on a dumb one, or where the caller follows each step', () => {
  expect(progressLine([], { ...terminal, isTTY: false })).toBeUndefined();
  expect(progressLine([{}, { onStep() {} }], terminal)).toBeUndefined();
  expect(progressLine([{ onBatchEnd() {} }], terminal)).toBeUndefined();
  vi.stubEnv('TERM', 'dumb');
  expect(progressLine([], terminal)).toBeUndefined();
});

/** Trains with standard error as a terminal, on a clock that each look at moves. */
async function seen(options: object): Promise<string> {
  vi.spyOn(performance, 'now').mockImplementation(() => (now += 200));
  const before = Object.getOwnPropertyDescriptor(process.stderr, 'isTTY');
  Object.defineProperty(process.stderr, 'isTTY', { value: true, configurable: true });
  const write = vi
    .spyOn(process.stderr, 'write')
    .mockImplementation((text) => written.push(String(text)) > 0);
  try {
    await fit(strict, net(), clouds(20), { ...basic, batchSize: 8, epochs: 2, ...options }).catch((error) =>
      written.push(`thrown: ${error.message}`),
    );
  } finally {
    write.mockRestore();
    if (before) Object.defineProperty(process.stderr, 'isTTY', before);
    else delete (process.stderr as { isTTY?: boolean }).isTTY;
  }
  return written.join('');
}

test('fit shows it, and not when it is told not to', async () => {
  expect(await seen({})).toMatch(/epoch 2\/2 .*\n$/s);
  written.length = 0;
  expect(await seen({ progress: false })).toBe('');
  written.length = 0;
  expect(await seen({ progress: 'no' })).toMatch(/thrown: fit: option progress/);
});

test('a hook of an epoch prints on an empty line, and so does whoever catches an error', async () => {
  const onEpoch = () => void written.push('told\n');
  expect(await seen({ onEpoch })).toContain('\r\x1b[Ktold\n');
  written.length = 0;
  const fail = () => {
    if (written.length > 2) throw new Error('enough');
  };
  expect(await seen({ onBatchBegin: fail })).toContain('\r\x1b[Kthrown: enough');
});
