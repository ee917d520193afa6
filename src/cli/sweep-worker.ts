/** `lanegrad sweep worker`: does trials that a queue hands out, until it is stopped. */
import { OptionError } from '../base/errors.js';
import { sweepWorker } from '../sweep/queue/worker.js';
import { Output, printable } from './output.js';
import { leaveSoon, Signals } from './signals.js';

interface WorkerFlags {
  queue?: string;
  workers?: number;
  quiet?: true;
  json?: true;
}

export async function runWorker({ queue, workers, quiet, json }: WorkerFlags): Promise<void> {
  if (queue === undefined) throw new OptionError('--queue', 'expected a URL such as redis://host:6379');
  const out = new Output({ json });
  const say = (text: string) => {
    if (!quiet) out.line(printable(text));
  };
  const signals = new Signals((name) => say(`${name}: stopping; what is being done is handed back`));
  try {
    const { trials } = await sweepWorker({
      queue,
      ...(workers !== undefined && { workers }),
      signal: signals.signal,
      onMessage: say,
      onTrial: ({ number, state }) => say(`trial ${number} ${state}`),
    });
    say(`${trials} trials were done here`);
    out.result({ trials });
    process.exitCode = signals.exitCode;
  } finally {
    signals.stop();
    leaveSoon();
  }
}
