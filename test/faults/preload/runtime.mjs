/**
 * Loaded into a command before its own code: lets the clock jump, a thread end or the kernels' memory stop growing,
 * as FAULT says.
 */
import { syncBuiltinESMExports } from 'node:module';
import threads from 'node:worker_threads';

const { action, after, times, pages } = JSON.parse(process.env.FAULT ?? '{}');

if (threads.isMainThread) {
  if (action === 'clock') jumpClock();
  if (action === 'thread') endThread();
}
if (action === 'memory') limitMemory();

/** At each of the times, in milliseconds of the process, the clock is set anew. */
function jumpClock() {
  const { now } = Date;
  const RealDate = Date;
  const elapsed = performance.now.bind(performance);
  const offset = () => {
    const passed = times.filter(({ at }) => at <= elapsed());
    return passed.reduce((sum, { by }) => sum + by, 0);
  };
  globalThis.Date = class extends RealDate {
    constructor(...args) {
      super(...(args.length > 0 ? args : [now() + offset()]));
    }
    static now() {
      return now() + offset();
    }
  };
  // Monotonic clocks do not go back, but a machine that was asleep lets them jump.
  const forward = () =>
    times.filter(({ at, by }) => by > 0 && at <= elapsed()).reduce((sum, { by }) => sum + by, 0);
  performance.now = () => elapsed() + forward();
}

/** Ends the first thread that the process starts, so many milliseconds later. */
function endThread() {
  const { Worker } = threads;
  let first = true;
  threads.Worker = class extends Worker {
    constructor(...args) {
      super(...args);
      if (first) setTimeout(() => void this.terminate(), after).unref();
      first = false;
    }
  };
  syncBuiltinESMExports();
}

function limitMemory() {
  const { grow } = WebAssembly.Memory.prototype;
  WebAssembly.Memory.prototype.grow = function (delta) {
    const now = this.buffer.byteLength / 65536;
    if (now + delta > pages) throw new RangeError('WebAssembly.Memory.grow(): Maximum memory size exceeded');
    return grow.call(this, delta);
  };
}
