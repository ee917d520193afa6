/** A run that lasts long enough to be stopped in the middle, and what it leaves when it was not. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Some seconds of training, most of them spent on saving after each epoch. */
const EPOCHS = 150;
export const TRAIN = [
  ...['train', 'toy', '--hidden', '32', '--epochs', String(EPOCHS), '--batch-size', '16', '--seed', '5'],
  // In a process where another command had asked for fma, Node 20 would go on with it.
  ...['--math', 'strict'],
  // Each of these has a state that a checkpoint must carry.
  ...[
    '--optimizer',
    'adam',
    '--dropout',
    '0.1',
    '--batch-norm',
    '--average-decay',
    '0.99',
    '--early-stopping',
    '500',
  ],
];
/** One entry per line of a run's metrics. */
export async function epochsOf(folder: string): Promise<number[]> {
  const text = await readFile(join(folder, 'metrics.jsonl'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).epoch);
}

/** What `epochsOf` gives when nothing was lost. */
export const EACH = Array.from({ length: EPOCHS }, (_, i) => i + 1);
