/** lanegrad/worker: what runs in a trainer's worker. It does nothing but wait for messages. */
import { type Port, serve } from './serve.js';

serve(globalThis as unknown as Port);
