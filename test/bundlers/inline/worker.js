/** The trainer's worker. */
import 'lanegrad/inline-worker';
