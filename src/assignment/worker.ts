/** A process of the assignment's pool, with an engine and the data of its own. Node only. */
import { serve } from '../tasks/worker.js';
import { type Task, Workbench } from './tasks.js';

serve<Task, { data?: string }>(({ data }) => {
  const bench = new Workbench(data);
  return (task, options) => bench.run(task, options);
});
