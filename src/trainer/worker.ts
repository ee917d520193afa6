/** lanegrad/worker: what runs in a trainer's worker. It does nothing but wait for messages. */
import { platform } from '#platform';
import { serve } from './serve.js';

serve(platform.workerPort());
