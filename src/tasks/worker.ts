/**
 * The worker's side of the pool: a module that calls `serve` is what WorkerPool starts as a process. Node
 * only.
 */
import type { Progress, Work } from './executor.js';

/** What a worker says. */
export type WorkerMessage =
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'result'; readonly result: unknown }
  | { readonly kind: 'error'; readonly message: string };

/** What a worker is told: its setup at first, and then one task after the other. */
export type PoolMessage<Task, Setup> = { readonly setup: Setup } | { readonly task: Task };

/**
 * Does the tasks that this process is sent, and says what comes of them. `begin` gets the pool's setup, once.
 */
export function serve<Task, Setup>(begin: (setup: Setup) => Work<Task>): void {
  if (!process.send) throw new Error('a worker of a pool is a process that WorkerPool has started');
  const say = (message: WorkerMessage) => {
    if (process.connected) process.send?.(message);
  };
  let work: Work<Task>;
  process.on('message', async (message: PoolMessage<Task, Setup>) => {
    if ('setup' in message) {
      work = begin(message.setup);
      return;
    }
    try {
      const result = await work(message.task, {
        onProgress: (progress) => say({ kind: 'progress', progress }),
      });
      say({ kind: 'result', result });
    } catch (error) {
      say({ kind: 'error', message: error instanceof Error ? error.message : String(error) });
    }
  });
  // A terminal sends its signals to the workers too. What becomes of their tasks is for the pool's process to
  // decide, and without that process there is nobody to work for.
  for (const name of ['SIGINT', 'SIGHUP'] as const) process.on(name, () => {});
  process.on('disconnect', () => process.exit());
}
