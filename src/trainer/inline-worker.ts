/** lanegrad/inline-worker: the same with the kernels within the code. */
import { embedded } from '../embedded.js';
import { type Port, serve } from './serve.js';

serve(globalThis as unknown as Port, embedded);
