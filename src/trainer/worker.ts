/** lanegrad/worker: what runs in a trainer's worker. It does nothing but wait for messages. */
import { begin } from './begin.js';

begin(async () => (await import('./serve.js')).serveHere());
