/** lanegrad/inline-worker: the same with the kernels within the code. */
import { begin } from './begin.js';

begin(async () => {
  const [{ embedded }, { serveHere }] = await Promise.all([
    import('../engine/embedded.js'),
    import('./serve.js'),
  ]);
  serveHere(embedded);
});
