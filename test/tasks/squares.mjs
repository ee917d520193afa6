/** A worker for the pool's tests: squares numbers, and does as it is told otherwise. */
import { serve } from '../../dist/tasks/worker.js';

serve(({ offset }) => async (task, { onProgress }) => {
  switch (task.what) {
    case 'square':
      return { value: offset + task.of ** 2, bytes: new Uint8Array([task.of]), pid: process.pid };
    case 'throw':
      throw new RangeError(`${task.of} is refused`);
    case 'function':
      return () => {};
    case 'end':
      return process.exit(7);
    case 'wait': {
      onProgress({ what: 'turns', done: process.pid, total: 1 });
      return new Promise((resolve) => setTimeout(() => resolve(process.pid), task.of));
    }
    case 'spin':
      onProgress({ what: 'turns', done: process.pid, total: 1 });
      for (;;);
  }
});
