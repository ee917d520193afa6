/** lanegrad/inline-worker: the same with the kernels within the code. */
import { platform } from '#platform';
import { embedded } from '../engine/embedded.js';
import { serve } from './serve.js';

serve(platform.workerPort(), embedded);
